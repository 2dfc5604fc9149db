"""Loads services: at their first use, and after a start those that were used before.

Promises: a request finds its service built and started; a service whose work is in the database resumes it after every
start; neighbours do not wait for the import, which a thread makes. Which services were used is in the table
``used_service``, written before the first of a service's own changes.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
import sys
from collections.abc import Awaitable, Callable

from onebox.services.catalog import LOADED_WITH, RECORDS_METRICS, Catalog
from onebox.services.registry import Service
from onebox.storage.database import Storage

_SOON_AFTER = "cloudwatch"
_log = logging.getLogger("onebox")


class ServiceLoader:
    """The services that run, and the loading of the others."""

    def __init__(self, catalog: Catalog, storage: Storage, on_loaded: Callable[[], None] | None = None) -> None:
        self._catalog = catalog
        self._storage = storage
        self._on_loaded = on_loaded
        self._running: dict[str, Service] = {}
        self._started: list[Service] = []
        self._tasks: dict[str, asyncio.Task[Service]] = {}
        self._one_at_a_time = asyncio.Lock()
        self._is_stopped = False

    def find(self, name: str) -> Service | None:
        """A service that runs; None if it is not loaded yet."""
        return self._running.get(name)

    async def load(self, name: str) -> Service:
        """The service, running. ``name`` is one of LOADED_WITH. Raises what its start raises."""
        running = self._running.get(name)
        if running is not None:
            return running
        if self._is_stopped:
            await asyncio.get_running_loop().create_future()  # whoever asks now is cancelled with his connection
        service = await asyncio.shield(self._begin(name))
        if name in RECORDS_METRICS and _SOON_AFTER not in self._running and _SOON_AFTER not in self._tasks:
            self._begin(_SOON_AFTER).add_done_callback(_note_failure)
        return service

    async def resume(self) -> None:
        """Load the services that were used in this database. Raises what their starts raise."""
        used = {name for (name,) in self._storage.all("SELECT name FROM used_service")}
        for name in LOADED_WITH:
            if name in used:
                await self.load(name)

    async def load_all(self) -> None:
        """Load every service."""
        for name in LOADED_WITH:
            await self.load(name)

    async def stop(self, attempt: Callable[[str, Callable[[], Awaitable[None]]], Awaitable[None]]) -> None:
        """End all services through ``attempt``, which bears what they raise: functions first, as their processes
        finish through the services that are still there; then those that were started last."""
        self._is_stopped = True
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        self._started.sort(key=lambda service: service.name == "lambda")
        while self._started:
            service = self._started.pop()
            await attempt(f"the service {service.name}", service.stop)

    def _begin(self, name: str) -> asyncio.Task[Service]:
        task = self._tasks.get(name)
        if task is None:
            task = asyncio.get_running_loop().create_task(self._load(name))
            self._tasks[name] = task
            task.add_done_callback(lambda _: self._tasks.pop(name, None))
        return task

    async def _load(self, name: str) -> Service:
        async with self._one_at_a_time:
            names = [each for each in LOADED_WITH[name] if each not in self._running]
            for each in names:
                await _import(each)
            if names:
                await self._storage.write(lambda: self._note_use(names))
            for each in names:
                service = self._catalog.build(each)
                if service not in self._started:
                    self._started.append(service)  # also if it fails half-way
                await service.start()
                self._running[each] = service
            if names and self._on_loaded is not None:
                self._on_loaded()
            return self._running[name]

    def _note_use(self, names: list[str]) -> None:
        self._storage.executemany("INSERT OR IGNORE INTO used_service (name) VALUES (?)", [(name,) for name in names])


async def _import(name: str) -> None:
    folder = "lambda_" if name == "lambda" else name
    module = f"onebox.services.{folder}.service"
    if module not in sys.modules:
        await asyncio.get_running_loop().run_in_executor(None, importlib.import_module, module)


def _note_failure(task: asyncio.Task[Service]) -> None:
    error = None if task.cancelled() else task.exception()
    if error is not None:
        _log.error("the service %s failed to start", _SOON_AFTER, exc_info=error)
