"""The CloudEvents envelope: an order as the data of an event, in the JSON format of version 1.0.

Promises: what is written is read back as the same text, byte for byte. An order is never mistaken for an event. The
same notification always gets the same event id, so that other consumers recognise a repeat as well.
CloudEvents: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md
Pure. Standard library only: this file travels with the function.
"""

from __future__ import annotations

import json
import re
from binascii import Error as Base64Error
from collections.abc import Mapping
from typing import Any

from orders.domain.contract import name_kind, shown, violation
from orders.errors import OrderRejected

SPEC_VERSION = "1.0"
REQUIRED = ("id", "source", "type")
DEFAULT_SOURCE = "/orders"
DEFAULT_TYPE = "orders.order.notified"

_skip_space = re.compile(r"[ \t\n\r]*").match
_is_json = re.compile(r"(?:application|text)/(?:[\w.-]{1,100}\+)?json(?:\s{0,5};.{0,200})?", re.IGNORECASE).fullmatch
_is_time = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:Z|[+-][0-9]{2}:[0-9]{2})"
)
# Numbers stay text: only their places matter.
_decoder = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str)


def is_cloud_event(value: Mapping[str, Any]) -> bool:
    """Whether this is an event that carries an order, valid or not."""
    return "specversion" in value and "orderId" not in value


def read_data(value: Mapping[str, Any], text: str) -> str:
    """The JSON text of the order in an event; ``value`` is the event, ``text`` its JSON.

    Raises OrderRejected for what is no event of version 1.0 or carries no JSON.
    """
    if value["specversion"] != SPEC_VERSION:
        raise violation("specversion", f'"{SPEC_VERSION}"', shown(value["specversion"]))
    for name in REQUIRED:
        attribute = value.get(name)
        if type(attribute) is not str or not attribute:
            raise violation(name, "a string that is not empty, as CloudEvents requires", shown(attribute))
    media_type = value.get("datacontenttype")
    if media_type is not None and (type(media_type) is not str or not _is_json(media_type)):
        raise violation("datacontenttype", "a JSON media type such as application/json", shown(media_type))
    has_data, has_bytes = value.get("data") is not None, value.get("data_base64") is not None
    if has_data == has_bytes:
        held = "both" if has_data else "neither"
        raise OrderRejected(f"data: expected the order in data or in data_base64, got {held}", "data")
    return _find_member(text, "data") if has_data else _decode_base64(value["data_base64"])


def write_event(
    order_text: str, order: Mapping[str, Any], source: str, event_type: str, extensions: Mapping[str, str] = {}
) -> str:
    """A valid order as an event; ``order`` holds the fields that ``order_text`` says.

    ``extensions`` are further context attributes, those of a trace for example; they do not change the event's id.
    https://github.com/cloudevents/spec/blob/main/cloudevents/extensions/distributed-tracing.md
    """
    import hashlib  # publishers only

    attributes = {
        "specversion": SPEC_VERSION,
        "id": hashlib.sha256(order_text.encode("utf-8", "surrogatepass")).hexdigest()[:32],
        "source": source,
        "type": event_type,
        "datacontenttype": "application/json",
        "subject": order["orderId"],
    }
    moment = order.get("timestamp")
    if isinstance(moment, str) and _is_time.fullmatch(moment):
        attributes["time"] = moment
    attributes |= extensions
    head = json.dumps(attributes, ensure_ascii=False, separators=(",", ":"))
    return f'{head[:-1]},"data":{order_text.strip()}}}'


def _decode_base64(encoded: Any) -> str:
    import base64  # rare

    try:
        if type(encoded) is not str:
            raise TypeError
        return base64.b64decode(encoded, validate=True).decode()
    except (TypeError, Base64Error, ValueError) as error:
        raise violation("data_base64", "UTF-8 text in base64", name_kind(encoded)) from error


def _find_member(text: str, name: str) -> str:
    """The JSON text of a member of an object; of the last one of this name, which is the one that parsers keep."""
    found = ""
    position = _after_space(text, _after_space(text, 0) + 1)
    while text[position] != "}":
        key, position = _decoder.raw_decode(text, position)
        start = _after_space(text, _after_space(text, position) + 1)
        _, end = _decoder.raw_decode(text, start)
        if key == name:
            found = text[start:end]
        position = _after_space(text, end)
        if text[position] == ",":
            position = _after_space(text, position + 1)
    return found


def _after_space(text: str, position: int) -> int:
    found = _skip_space(text, position)
    assert found is not None
    return found.end()
