"""The composition root: builds every part of onebox, starts and stops them in order. Embeddable.

Promises: when :meth:`Engine.start` returns, requests are answered; when :meth:`Engine.resume` returns, what an earlier
process left to do goes on; when :meth:`Engine.stop` returns, nothing of it runs, no Lambda child either, and the data
folder is free, even if a part fails to stop; what was acknowledged is on disk at every moment between.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import apsw

from onebox import __version__
from onebox.config import Settings
from onebox.errors import StorageFault
from onebox.gateway.dynamodb_front import answer_options, is_dynamodb_host
from onebox.gateway.function_urls import FunctionUrlPipeline
from onebox.gateway.message import Request
from onebox.gateway.own_pages import PREFIX, OwnPages
from onebox.gateway.pipeline import Pipeline
from onebox.gateway.refusals import find_body_bytes_max, page_refusal
from onebox.gateway.reply import Reply
from onebox.gateway.server import HttpServer
from onebox.gateway.web_guard import PageRefused, WebGuard, is_function_url
from onebox.ids import Ids, RandomIds
from onebox.runtime.metrics import MetricBuffer
from onebox.services.catalog import LOADED_WITH, Catalog
from onebox.services.context import Deps
from onebox.services.loading import ServiceLoader
from onebox.steady_clock import SteadyClock, SystemClock
from onebox.storage.checkpoint import Checkpointer
from onebox.storage.clock_keeper import ClockKeeper, resume_clock
from onebox.storage.database import Storage
from onebox.storage.folder import DATABASE_NAME, DataFolder
from onebox.storage.log_sync import LogSync, SyncFile, sync_file
from onebox.storage.page_cache import find_page_cache
from onebox.storage.read_ahead import ReadAhead
from onebox.storage.space import SpaceKeeper
from onebox.storage.starting import open_database

if TYPE_CHECKING:
    from onebox.services.lambda_.internal import FunctionUrls


class Engine:
    """One running onebox. ``on_loaded`` is called each time when services were imported and started; ``sync`` brings an
    open file to disk."""

    def __init__(
        self,
        settings: Settings,
        clock: SteadyClock | None = None,
        ids: Ids | None = None,
        on_loaded: Callable[[], None] | None = None,
        sync: SyncFile = sync_file,
    ) -> None:
        self._settings = settings
        self._clock = clock or SystemClock()
        self._ids = ids or RandomIds()
        self._log = logging.getLogger("onebox")
        self._undo: list[Callable[[], object]] = []
        self._on_loaded = on_loaded
        self._sync = sync
        self._services: ServiceLoader | None = None
        self.fault: asyncio.Future[StorageFault] | None = None
        """Resolved if durability is lost: the process must end."""

    @property
    def endpoint_url(self) -> str:
        """Where clients on this machine reach the engine."""
        host = self._settings.host
        if host in ("0.0.0.0", "::", ""):  # noqa: S104 - compared, not bound
            host = "127.0.0.1"
        return f"http://{f'[{host}]' if ':' in host else host}:{self._server.port}"

    @property
    def port(self) -> int:
        """The port the engine listens on."""
        return self._server.port

    async def start(self) -> None:
        """Open the database and listen. A service is loaded when a request asks for it.

        Raises DataFolderUnusable, DatabaseUnusable, or OSError for a port that is taken.
        """
        try:
            await self._start()
        except BaseException:
            await self._stop_services()
            self._release()
            raise

    async def resume(self) -> None:
        """Load the services that were used in this database: their work goes on. Raises what their starts raise."""
        assert self._services is not None, "not started"
        if self._read_ahead is not None:
            self._read_ahead.start()
        await self._services.resume()

    async def load_all(self) -> None:
        """Load every service, for tests that move the clock by hand."""
        assert self._services is not None, "not started"
        await self._services.load_all()

    async def stop(self) -> None:
        """End every part, the newest first. A part that fails to stop is logged; the others are ended. Idempotent."""
        if not self._undo:
            return
        self._server.close()
        await self._stop_services()
        await self._attempt("the HTTP server", lambda: self._server.stop(self._settings.stop_grace_ms))
        await self._attempt("the pipeline", self._pipeline.stop)
        await self._attempt("function URLs", self._function_urls.stop)
        await self._attempt("the server's own pages", self._own_pages.stop)
        await self._attempt("the space keeper", self._space.stop)
        await self._attempt("the clock keeper", self._clock_keeper.stop)
        await self._attempt("reading ahead", self._stop_read_ahead)
        await self._attempt("the checkpointer", self._stop_checkpointer)
        self._release()

    async def _stop_services(self) -> None:
        """Long polls end too."""
        if self._services is not None:
            await self._services.stop(self._attempt)

    def _stop_read_ahead(self) -> None:
        if self._read_ahead is not None:
            self._read_ahead.stop()

    async def _stop_checkpointer(self) -> None:
        if self._checkpointer is not None:
            await self._checkpointer.stop()

    async def _attempt(self, part: str, stop: Callable[[], Awaitable[None] | None]) -> None:
        """End one part; what it raises must not keep the others running."""
        try:
            done = stop()
            if done is not None:
                await done
        except Exception:  # noqa: BLE001 - whatever it is, the rest is ended
            self._log.exception("%s failed to stop", part)

    async def _start(self) -> None:
        loop = asyncio.get_running_loop()
        self.fault = loop.create_future()
        self._started_at_ms = self._clock.monotonic_ms()
        folder = self._take_folder()
        connection = self._open_database(folder / DATABASE_NAME)
        log = self._take_over_sync(folder / DATABASE_NAME, connection)
        self._storage = Storage(connection, self._stop_for_fault, log)
        resume_clock(connection, self._clock)
        self._clock_keeper = ClockKeeper(self._storage, self._clock)
        self._checkpointer = self._make_checkpointer(folder / DATABASE_NAME, connection, log)
        self._read_ahead = self._make_read_ahead(folder / DATABASE_NAME)
        checkpoint_soon = self._checkpointer.checkpoint_soon if self._checkpointer else _nothing
        self._space = SpaceKeeper(self._storage, self._clock, checkpoint_soon)
        deps = Deps(self._storage, self._clock, self._ids, MetricBuffer(), self._log)
        settings = self._settings
        self._guard = WebGuard((settings.host, *settings.allowed_hosts), settings.allowed_origins)
        self._server = HttpServer(self._handle, self._clock, find_body_bytes_max, self._is_from_function)
        await self._server.start(self._settings.host, self._settings.port)
        self._undo.append(self._server.abort)
        catalog = self._catalog = Catalog(deps, folder, lambda: self.endpoint_url, settings)
        self._services = services = ServiceLoader(catalog, self._storage, self._on_loaded)
        iam = catalog.iam_internal
        self._pipeline = Pipeline(
            services,
            self._storage,
            self._clock,
            self._ids,
            iam,
            credentials_required=settings.credentials_required,
        )
        self._function_urls = FunctionUrlPipeline(
            self._load_function_urls,
            self._storage,
            iam,
            self._clock,
            self._ids,
            accepts_plain=not settings.credentials_required,
        )
        self._own_pages = OwnPages(catalog, services, self._storage, self.health)
        catalog.caller.connect(self._pipeline)
        catalog.connect(services.load)
        self._undo.append(self._storage.close)
        self._space.start()
        self._clock_keeper.start()

    def _open_database(self, path: Path) -> apsw.Connection:
        connection = open_database(
            path if self._settings.data else None,
            __version__,
            self._clock.now_ms(),
            accept_loss=self._settings.accept_loss,
        )
        self._undo.append(connection.close)
        return connection

    def _take_over_sync(self, path: Path, connection: apsw.Connection) -> LogSync | None:
        if self._settings.data is None:
            return None
        log = LogSync(path, connection, self._clock.monotonic_ms, self._sync)
        self._undo.append(lambda: log.stop(is_clean=False))
        return log

    def _make_checkpointer(self, path: Path, connection: apsw.Connection, log: LogSync | None) -> Checkpointer | None:
        if log is None:
            return None
        checkpointer = Checkpointer(path, connection, log, self._storage.fail)
        self._undo.append(checkpointer.release)
        return checkpointer

    def _make_read_ahead(self, path: Path) -> ReadAhead | None:
        cache = find_page_cache()
        if self._settings.data is None or cache is None:
            return None
        read_ahead = ReadAhead(path, self._clock, cache)
        self._undo.append(read_ahead.release)
        return read_ahead

    def _take_folder(self) -> Path:
        if self._settings.data is None:
            path = Path(tempfile.mkdtemp(prefix="onebox-"))
            self._undo.append(lambda: shutil.rmtree(path, ignore_errors=True))
            return path
        folder = DataFolder(self._settings.data)
        self._undo.append(folder.release)
        folder.prepare_database()
        return folder.path

    def _release(self) -> None:
        while self._undo:
            undo = self._undo.pop()
            try:
                undo()
            except Exception:  # noqa: BLE001 - whatever it is, the rest is released
                self._log.exception("%r failed", undo)

    def _stop_for_fault(self, fault: StorageFault) -> None:
        # Those who wait learn from the cut connection that the outcome is unknown; nothing is acknowledged.
        self._server.abort()
        if self.fault is not None and not self.fault.done():
            self.fault.set_result(fault)

    def _handle(self, request: Request, reply: Reply) -> None:
        try:
            self._guard.check(request)
        except PageRefused as refused:
            reply.send(page_refusal(request, refused, self._ids.uuid()))
            return
        if "origin" in request.headers:
            reply.headers = self._guard.cors_headers(request)
        if is_function_url(request.headers.get("host", "")):
            self._function_urls.handle(request, reply)
        elif request.method == "OPTIONS":
            if is_dynamodb_host(request.headers.get("host", "")):
                reply.send(answer_options(request, self._ids.uuid()))
            else:
                reply.send(self._guard.preflight_answer(request))
        elif request.path.startswith(PREFIX):
            self._own_pages.handle(request, reply)
        else:
            self._pipeline.handle(request, reply)

    def _is_from_function(self, other: tuple[str, int], own: tuple[str, int]) -> bool:
        functions = self._catalog.built_functions
        return functions is not None and functions.may_hold_connection(other, own)

    async def _load_function_urls(self) -> FunctionUrls:
        assert self._services is not None
        await self._services.load("lambda")
        return self._catalog.functions.internal.urls

    def health(self) -> dict[str, object]:
        """What ``GET /_onebox/health`` answers."""
        return {
            "service": "onebox",
            "status": "ok",
            "version": __version__,
            "uptime_s": round((self._clock.monotonic_ms() - self._started_at_ms) / 1000, 3),
            "durable": self._settings.data is not None,
            "services": dict.fromkeys(sorted(LOADED_WITH), "available"),
        }


def _nothing() -> None:
    """In memory there is no log to copy."""
