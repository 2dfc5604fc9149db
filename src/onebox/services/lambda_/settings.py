"""What the engine decides for the Lambda service."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from onebox.services.lambda_.execution.pool import PoolLimits
from onebox.services.lambda_.limits import CALLS_MAX_DEFAULT


def default_pool_limits(calls_max: int = CALLS_MAX_DEFAULT) -> PoolLimits:
    """Four processes for each processor, which end after ten idle minutes or ``calls_max`` invocations."""
    return PoolLimits(workers_max=4 * (os.cpu_count() or 1), idle_ms=10 * 60_000, calls_max=calls_max)


@dataclass(frozen=True, slots=True)
class LambdaSettings:
    """Settings of the Lambda service, built once by the engine."""

    data_dir: Path
    """Function processes keep their code and scratch folders in its folder ``lambda``, whose content is made from the
    database."""
    endpoint_url: Callable[[], str]
    """The address at which function processes reach onebox (``AWS_ENDPOINT_URL``); asked when a process starts."""
    pool: PoolLimits = field(default_factory=default_pool_limits)
    """How many processes there may be, all functions together, and how long each lives. Invocations beyond wait, up to
    AWS's concurrency limit."""
    speeds_up_sdk: bool = True
    """Whether calls of the AWS SDK are made cheaper in function processes (``child/fast_sdk``)."""
    stop_grace_ms: int = 2_000
    """How long running invocations may go on when onebox stops."""
    interpreters: dict[str, Path] = field(default_factory=dict)
    """Interpreters by runtime name (``python3.13``) that take precedence over those found on the machine."""
