"""An engine on a thread of its own, for tests whose clients block (boto3, the AWS CLI)."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Coroutine
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from onebox.config import Settings
from onebox.engine import Engine
from onebox.ids import Ids
from onebox.testing.manual_clock import ManualClock, ManualSource

T = TypeVar("T")

# Making a client takes several milliseconds; each keeps its connections open.
_CLIENTS_KEPT = 32


class HandClock:
    """A :class:`ManualClock` on the engine's loop, moved from the test's thread."""

    def __init__(self, clock: ManualClock, thread: EngineThread) -> None:
        self._clock = clock
        self._thread = thread

    def now_ms(self) -> int:
        """The wall time at which the clock stands."""
        return self._clock.now_ms()

    def jump(self, seconds: float) -> None:
        """Set the wall clock, forward or back; no time passes."""
        self._clock.jump(seconds)

    def advance(self, seconds: float) -> None:
        """Move time; returns when everything that became due has run."""
        self._thread.run(self._clock.advance(seconds))


class EngineThread:
    """A running engine; a context manager. ``manual_clock`` stops time until ``clock.advance(seconds)``: always at the
    same moment, or at ``now_ms`` (milliseconds since the epoch). Engines on one ``machine`` share its clocks, so that
    one can follow another; time is moved by hand then as well."""

    def __init__(
        self,
        data: Path | None = None,
        *,
        manual_clock: bool = False,
        now_ms: int | None = None,
        machine: ManualSource | None = None,
        port: int = 0,
        ids: Ids | None = None,
        credentials_required: bool = False,
        allowed_hosts: tuple[str, ...] = (),
        allowed_origins: tuple[str, ...] = (),
    ) -> None:
        manual = None
        if machine is not None:
            manual = ManualClock(source=machine)
        elif manual_clock:
            manual = ManualClock() if now_ms is None else ManualClock(now_ms)
        self._settings = Settings(
            port=port,
            data=data,
            stop_grace_ms=0,
            credentials_required=credentials_required,
            allowed_hosts=allowed_hosts,
            allowed_origins=allowed_origins,
        )
        self._engine = Engine(self._settings, manual, ids)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="onebox", daemon=True)
        self._clock = HandClock(manual, self) if manual else None
        self._find_client = lru_cache(_CLIENTS_KEPT)(self._make_client)

    @property
    def clock(self) -> HandClock:
        """The clock to move by hand."""
        assert self._clock is not None, "made without manual_clock=True"
        return self._clock

    @property
    def endpoint_url(self) -> str:
        """For boto3's ``endpoint_url`` and the CLI's ``AWS_ENDPOINT_URL``."""
        return self._engine.endpoint_url

    def client(self, service: str, *, region: str = "us-east-1", account: str = "000000000000", **config: Any) -> Any:
        """A boto3 client of this engine that neither retries nor checks parameters itself. One that was made a while
        ago for the same service, region and account is given again; with ``config`` it is always a new one."""
        return (
            self._make_client(service, region, account, **config)
            if config
            else self._find_client(service, region, account)
        )

    def _make_client(self, service: str, region: str, account: str, **config: Any) -> Any:
        import boto3
        from botocore.config import Config

        settings: dict[str, Any] = {
            "retries": {"total_max_attempts": 1},
            "s3": {"addressing_style": "path"},
            **config,
        }
        return boto3.client(
            service,
            region_name=region,
            endpoint_url=self.endpoint_url,
            aws_access_key_id=account,
            aws_secret_access_key="test",  # noqa: S106
            config=Config(**settings),
        )

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the engine's loop and wait for its result."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(60)

    def start(self) -> None:
        """Start the engine; see :meth:`onebox.engine.Engine.start`."""
        self._thread.start()
        try:
            self.run(self._start_engine())
        except BaseException:
            self._end_loop()
            raise

    async def _start_engine(self) -> None:
        await self._engine.start()
        try:
            await self._engine.load_all()  # time that is moved by hand finds all of them at work
        except BaseException:
            await self._engine.stop()
            raise

    def stop(self) -> None:
        """Stop the engine and its thread."""
        self.run(self._engine.stop())
        self._end_loop()

    def _end_loop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        with contextlib.suppress(RuntimeError):
            self._loop.close()

    def __enter__(self) -> EngineThread:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
