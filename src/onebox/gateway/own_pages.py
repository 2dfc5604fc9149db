"""The server's own pages, under ``/_onebox/``: its health, why a request was refused, answers of custom resources, code
of functions, certificates of notifications. Those of services load their service first."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine

import orjson

from onebox.errors import AwsError
from onebox.gateway.message import Request, Response, StreamedResponse
from onebox.gateway.reply import Reply
from onebox.services.catalog import Catalog
from onebox.services.loading import ServiceLoader
from onebox.services.own_paths import CALLBACKS_PATH, CERTIFICATES_PATH, CODE_PATH
from onebox.services.pieces import Pieces
from onebox.storage.database import Storage
from onebox.storage.faults import DatabaseBusy

PREFIX = "/_onebox/"
_REFUSALS_PATH = "/_onebox/refusals/"
_log = logging.getLogger("onebox.gateway")


class OwnPages:
    """Answers requests whose path begins with PREFIX."""

    def __init__(
        self, catalog: Catalog, services: ServiceLoader, storage: Storage, health: Callable[[], dict[str, object]]
    ) -> None:
        self._catalog = catalog
        self._services = services
        self._storage = storage
        self._health = health
        self._tasks: set[asyncio.Task[None]] = set()

    def handle(self, request: Request, reply: Reply) -> None:
        """Answer one request through ``reply``, now or when its service is loaded."""
        path, method = request.path, request.method
        if path.startswith(CALLBACKS_PATH) and method == "PUT":
            self._start_task(self._take_callback(request), reply)
        elif path == CODE_PATH and method == "GET":
            self._start_task(self._find_code(request), reply)
        elif path.startswith(CERTIFICATES_PATH) and method == "GET":
            self._start_task(self._find_certificate(path), reply)
        elif path == "/_onebox/health" and method in ("GET", "HEAD"):
            reply.send(_json(200, self._health()))
        elif path.startswith(_REFUSALS_PATH) and method == "GET":
            reply.send(self._refusal(path[len(_REFUSALS_PATH) :]))
        else:
            pages = f"/_onebox/health and {_REFUSALS_PATH}REQUEST-ID"
            reply.send(_json(404, {"message": f"onebox has no page {path}; there are {pages}"}))

    async def stop(self) -> None:
        """Cancel what still waits."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _start_task(self, work: Coroutine[object, object, Response], reply: Reply) -> None:
        task = asyncio.get_running_loop().create_task(self._answer(work, reply))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        reply.cancelled = task.cancel

    async def _answer(self, work: Coroutine[object, object, Response], reply: Reply) -> None:
        """Answer when all that the answer may show is on disk; a bug with 500 (the log holds the rest); not at all
        where durability is in doubt."""
        try:
            response = await work
        except Exception as error:  # noqa: BLE001 - the edge where bugs become answers
            if self._storage.fault_of(error) is not None:
                reply.abort()
                return
            _log.exception("a page of the server failed")
            response = _json(500, {"message": "The page failed; the log of onebox says why."})
        if isinstance(response, StreamedResponse):
            await reply.stream(response)
        else:
            self._storage.after_commit(lambda: reply.send(response))

    async def _take_callback(self, request: Request) -> Response:
        """The answer of a custom resource or a wait condition, which comes without a signature."""
        token = request.path[len(CALLBACKS_PATH) :]
        await self._services.load("cloudformation")
        receive = self._catalog.cloudformation.internal.receive_callback
        try:
            await self._storage.when_free(lambda: receive(token, request.body))
        except AwsError as error:
            return _json(error.status, {"message": error.message})
        except DatabaseBusy as error:
            return _json(503, {"message": str(error)})
        return _json(200, {})

    async def _find_code(self, request: Request) -> Response:
        await self._services.load("lambda")
        archive = await self._catalog.functions.internal.read_code(request.query)
        if archive is None:
            return _json(403, {"message": "this link is no longer valid; GetFunction gives a new one"})
        headers = [("Content-Type", "application/zip"), ("Content-Length", str(len(archive)))]
        return StreamedResponse(200, b"", headers, chunks=_each(archive))

    async def _find_certificate(self, path: str) -> Response:
        await self._services.load("sns")
        certificate = self._catalog.sns.internal.find_certificate(path)
        if certificate is None:
            return _json(404, {"message": "no notification of this onebox is signed with such a certificate"})
        return Response(200, certificate, [("Content-Type", "application/x-pem-file")])

    def _refusal(self, request_id: str) -> Response:
        refusal = self._catalog.iam_internal.refusals.find(request_id)
        if refusal is None:
            return _json(404, {"message": "no refused request of this id is among the last 1,000 since the start"})
        return _json(200, refusal)


async def _each(archive: Pieces) -> AsyncIterator[bytes]:
    for piece in archive:
        yield piece


def _json(status: int, body: dict[str, object]) -> Response:
    return Response(status, orjson.dumps(body), [("Content-Type", "application/json")])
