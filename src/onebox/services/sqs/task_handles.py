"""Task handles of message move tasks: opaque to clients, naming the task and its source queue. Pure."""

from __future__ import annotations

import base64
import binascii
from typing import NamedTuple

import orjson

_CHARACTERS_MAX = 2_048


class TaskHandle(NamedTuple):
    """A task and its source queue."""

    task_id: str
    source_arn: str


def format_task_handle(task_id: str, source_arn: str) -> str:
    """The handle a client is given."""
    return base64.b64encode(orjson.dumps({"taskId": task_id, "sourceArn": source_arn})).decode()


def parse_task_handle(handle: str) -> TaskHandle | None:
    """The task that a handle names; None for any other text."""
    if len(handle) > _CHARACTERS_MAX:
        return None
    try:
        parts = orjson.loads(base64.b64decode(handle, validate=True))
        task_id, source_arn = parts["taskId"], parts["sourceArn"]
    except (binascii.Error, ValueError, KeyError, TypeError):
        return None
    if not isinstance(task_id, str) or not isinstance(source_arn, str):
        return None
    return TaskHandle(task_id, source_arn)
