"""Goal: the server's own pages and function URLs, like every operation, tell nothing that is not on disk, and nothing
at all when the disk has failed; an answer of a custom resource outlives another program's lock."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import apsw
import pytest

from onebox.errors import AwsError, StorageFault
from onebox.gateway.function_urls import FunctionUrlPipeline
from onebox.gateway.message import Request, Response
from onebox.gateway.own_pages import OwnPages
from onebox.ids import RandomIds
from onebox.services.lambda_.url_events import UrlAnswer
from onebox.services.own_paths import CALLBACKS_PATH, CERTIFICATES_PATH, CODE_PATH
from onebox.steady_clock import SystemClock
from onebox.storage.database import Storage
from onebox.storage.opening import open_connection
from tests.polling import PATIENCE_S
from tests.unit.onebox.storage.disks import HeldSync, log_sync

CALLBACK = Request("PUT", f"{CALLBACKS_PATH}token", "", {}, b"{}")
CODE = Request("GET", CODE_PATH, "", {}, b"")
CERTIFICATE = Request("GET", f"{CERTIFICATES_PATH}one.pem", "", {}, b"")
FUNCTION_URL = Request("GET", "/", "", {"host": "id.lambda-url.us-east-1.localhost"}, b"")


class Refused(AwsError):
    """What the services answer here."""


class Bench:
    """The pages and the function URLs over services that answer as they are told."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.sync = HeldSync()
        connection = open_connection(path)
        connection.execute("CREATE TABLE t (n INTEGER)")
        self.storage = Storage(connection, lambda _: None, log_sync(path, connection, self.sync, slow=True))
        self.error: Exception | None = None
        self.answers: list[Response | str] = []
        services = SimpleNamespace(load=self.load)
        internal = SimpleNamespace(
            receive_callback=self.tell, read_code=self.tell_later, find_certificate=self.tell, answer=self.answer
        )
        part = SimpleNamespace(internal=internal)
        catalog = SimpleNamespace(cloudformation=part, functions=part, sns=part)
        self.pages = OwnPages(cast("Any", catalog), cast("Any", services), self.storage, dict)

        async def load_urls() -> Any:
            return internal

        self.urls = FunctionUrlPipeline(
            load_urls, self.storage, cast("Any", None), SystemClock(), RandomIds(), accepts_plain=True
        )

    async def load(self, _: str) -> None:
        """Every service is there."""

    def tell(self, *_: object) -> None:
        if self.error is not None:
            raise self.error

    async def tell_later(self, *_: object) -> None:
        self.tell()

    async def answer(self, *_: object) -> UrlAnswer:
        self.tell()
        return UrlAnswer(403, b"no longer allowed", [])

    def ask(self, request: Request) -> None:
        reply = SimpleNamespace(
            send=self.answers.append,
            abort=lambda: self.answers.append("cut"),
            forget_body=lambda: None,
            cancelled=None,
        )
        (self.urls if request is FUNCTION_URL else self.pages).handle(request, cast("Any", reply))

    async def answered(self) -> Response | str:
        while not self.answers:
            await asyncio.sleep(0)
        return self.answers[0]


async def turn() -> None:
    """Let the loop do all that is due."""
    for _ in range(20):
        await asyncio.sleep(0)


def run(path: Path, scenario: Callable[[Bench], Awaitable[None]]) -> None:
    async def whole() -> None:
        bench = Bench(path / "t.db")
        await scenario(bench)
        bench.storage.close()

    asyncio.run(asyncio.wait_for(whole(), PATIENCE_S))


@pytest.mark.parametrize(
    ("request_", "error", "status"),
    [
        (CALLBACK, None, 200),
        (CALLBACK, Refused("answered already"), 400),
        (CALLBACK, RuntimeError("a bug"), 500),
        (CODE, None, 403),
        (CERTIFICATE, None, 404),
        (FUNCTION_URL, None, 403),
    ],
    ids=["callback", "refused callback", "bug", "code", "certificate", "function URL"],
)
def test_answer_waits_until_the_change_that_it_tells_of_is_on_disk(
    tmp_path: Path, request_: Request, error: Exception | None, status: int
) -> None:
    async def scenario(bench: Bench) -> None:
        bench.error = error
        bench.sync.hold()
        bench.storage.run(lambda: bench.storage.execute("INSERT INTO t VALUES (1)"))
        changed = asyncio.ensure_future(bench.storage.durable())
        await turn()
        bench.sync.wait_until_begun()

        bench.ask(request_)
        await turn()
        assert bench.answers == [], "told before it was on disk"

        bench.sync.end()
        await changed
        answer = await bench.answered()
        assert isinstance(answer, Response)
        assert answer.status == status

    run(tmp_path, scenario)


@pytest.mark.parametrize("request_", [CALLBACK, CODE, CERTIFICATE, FUNCTION_URL])
def test_nothing_is_told_when_the_disk_fails(
    tmp_path: Path, request_: Request, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(bench: Bench) -> None:
        bench.error = StorageFault("no disk")
        bench.ask(request_)

        assert await bench.answered() == "cut"
        assert caplog.records == []

    run(tmp_path, scenario)


def test_answer_of_a_custom_resource_waits_for_another_programs_lock(tmp_path: Path) -> None:
    async def scenario(bench: Bench) -> None:
        other = apsw.Connection(str(bench.path), vfs="cksmvfs")
        other.execute("BEGIN IMMEDIATE")
        bench.ask(CALLBACK)
        await turn()
        assert bench.answers == []
        other.execute("COMMIT")
        other.close()

        answer = await bench.answered()
        assert isinstance(answer, Response)
        assert answer.status == 200

    run(tmp_path, scenario)
