"""Requests to Lambda function URLs, which their Host names: handed to Lambda, and its answers sent.

Lambda is loaded at the first of them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from onebox.arn import partition_of
from onebox.clock import Clock
from onebox.gateway.callers import authenticate
from onebox.gateway.message import Request, Response, StreamedResponse
from onebox.gateway.reply import Reply
from onebox.gateway.sigv4 import find_credential
from onebox.ids import Ids
from onebox.services.context import Principal
from onebox.services.iam.internal import IamInternal
from onebox.storage.database import Storage

if TYPE_CHECKING:
    from onebox.services.lambda_.internal import FunctionUrls

_log = logging.getLogger("onebox.gateway")
_FAILED = Response(502, b"Internal Server Error", [("Content-Type", "application/json")])


class FunctionUrlPipeline:
    """Answers requests to function URLs. ``accepts_plain`` tells whether plain credentials are accepted at all."""

    def __init__(
        self,
        load_urls: Callable[[], Awaitable[FunctionUrls]],
        storage: Storage,
        iam: IamInternal,
        clock: Clock,
        ids: Ids,
        *,
        accepts_plain: bool,
    ) -> None:
        self._load_urls = load_urls
        self._storage = storage
        self._iam = iam
        self._clock = clock
        self._ids = ids
        self._accepts_plain = accepts_plain
        self._tasks: set[asyncio.Task[None]] = set()

    def handle(self, request: Request, reply: Reply) -> None:
        """Answer one request through ``reply``, when the function has ended."""
        task = asyncio.get_running_loop().create_task(self._answer(request, reply))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        reply.cancelled = task.cancel

    async def stop(self) -> None:
        """Cancel what still waits."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _answer(self, request: Request, reply: Reply) -> None:
        from onebox.services.lambda_.internal import StreamBroken, UrlRequest

        try:
            urls = await self._load_urls()
        except Exception as error:  # noqa: BLE001 - the edge where bugs become answers
            self._answer_failure(error, "functions failed to start", reply)
            return
        asked = UrlRequest(
            method=request.method,
            path=request.path,
            query=request.query,
            headers=request.headers,
            body=request.body,
            source_ip=request.source_ip,
            request_id=self._ids.uuid(),
            now_ms=self._clock.now_ms(),
        )
        reply.forget_body()  # a function may run for minutes, and itself send what waits for this room
        try:
            answer = await urls.answer(asked, self._authenticator(request))
        except Exception as error:  # noqa: BLE001 - the edge where bugs become answers
            self._answer_failure(error, "a request to a function URL failed", reply)
            return
        if answer.chunks is None:
            response = Response(answer.status, answer.body, answer.headers)
            # A refusal waits until the policy or the configuration behind it is on disk.
            self._storage.after_read(lambda: reply.send(response), "lambda")
            return
        try:
            await reply.stream(StreamedResponse(answer.status, b"", answer.headers, chunks=answer.chunks))
        except StreamBroken as error:
            _log.info("a function URL's answer broke off: %s", error)
            reply.abort()
        except Exception:  # noqa: BLE001 - the edge where bugs become answers
            _log.exception("a function URL's answer failed")
            reply.abort()

    def _answer_failure(self, error: Exception, what: str, reply: Reply) -> None:
        """Answer what is no answer of the function's; without an answer where durability is in doubt."""
        if self._storage.fault_of(error) is not None:
            reply.abort()
            return
        _log.error("%s", what, exc_info=error)
        reply.send(_FAILED)

    def _authenticator(self, request: Request) -> Callable[[str], Principal]:
        def accepts_plain() -> bool:
            return self._accepts_plain and not request.is_from_function()

        def find_caller(region: str) -> Principal:
            return authenticate(
                request,
                find_credential(request),
                self._iam,
                self._clock,
                partition_of(region),
                accepts_plain=accepts_plain,
            )

        return find_caller
