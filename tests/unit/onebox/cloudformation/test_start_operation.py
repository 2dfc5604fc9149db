"""Goal: an operation that is on disk is worked on, also if the client that asked for it hung up before the answer."""

from __future__ import annotations

import asyncio
import contextlib
from types import SimpleNamespace
from typing import Any

from onebox.services.cloudformation.start_operation import write_operation
from onebox.storage.database import Storage
from onebox.storage.opening import open_connection


def test_work_starts_although_the_client_hangs_up_before_the_commit() -> None:
    assert asyncio.run(_begin(hangs_up=True)) == ["stack"]


def test_work_starts_once() -> None:
    assert asyncio.run(_begin(hangs_up=False)) == ["stack"]


async def _begin(*, hangs_up: bool) -> list[str]:
    kicked: list[str] = []
    storage = Storage(open_connection(None), lambda _: None)
    storage.execute("CREATE TABLE operation (n INTEGER)")
    core: Any = SimpleNamespace(deps=SimpleNamespace(storage=storage), supervisor=SimpleNamespace(kick=kicked.append))

    def begin() -> Any:
        storage.execute("INSERT INTO operation VALUES (1)")
        return SimpleNamespace(stack_id="stack")

    request = asyncio.ensure_future(write_operation(core, begin))
    await asyncio.sleep(0)  # it has written, and waits for the commit
    if hangs_up:
        request.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await request
    await storage.durable()
    storage.close()
    return kicked
