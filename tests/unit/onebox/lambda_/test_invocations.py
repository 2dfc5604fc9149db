"""Goal: what an invocation held is free when it has ended, without the garbage collector."""

from __future__ import annotations

import asyncio
import gc
import logging
import weakref
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import cast

import pytest

from onebox.ids import RandomIds
from onebox.runtime.metrics import MetricBuffer
from onebox.services.context import Deps
from onebox.services.lambda_.concurrency import Concurrency
from onebox.services.lambda_.execution.execution import Execution
from onebox.services.lambda_.execution.outcome import Outcome
from onebox.services.lambda_.execution.pool import WorkerPool
from onebox.services.lambda_.invocations import Invoker
from onebox.services.lambda_.model import FunctionKey, FunctionVersion
from onebox.services.lambda_.store.code import CodeStore
from onebox.services.lambda_.store.functions import FunctionStore
from onebox.storage.database import Storage
from onebox.storage.opening import open_connection
from onebox.testing import ManualClock


class Text(str):
    """A string whose end can be watched."""

    __slots__ = ("__weakref__",)


@pytest.fixture
def no_collector() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collector")
def test_what_an_invocation_held_is_free_when_it_has_ended() -> None:
    asyncio.run(_invoke_and_end())


async def _invoke_and_end() -> None:
    storage = Storage(open_connection(None), lambda _: None)
    deps = Deps(storage, ManualClock(), RandomIds(), MetricBuffer(), logging.getLogger("onebox.test"))
    submitted: list[Execution] = []
    pool = cast("WorkerPool", SimpleNamespace(submit=submitted.append))
    invoker = Invoker(deps, Concurrency(FunctionStore(storage, CodeStore(storage))), pool)
    key = FunctionKey("000000000000", "us-east-1", "f")
    function = cast("FunctionVersion", SimpleNamespace(key=key, version="$LATEST", reserved_concurrency=None))
    context = Text("held by the invocation")
    watched = weakref.ref(context)
    outcomes: list[Outcome] = []
    done: Callable[[Outcome], None] = outcomes.append
    invoker.invoke(function, None, b"{}", done, request_id="id", client_context=context)
    del context
    submitted.pop().done(Outcome(b"{}", failed=False, duration_ms=1.0))
    assert len(outcomes) == 1
    assert watched() is None
