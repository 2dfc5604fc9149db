"""``onebox serve``: run the engine in the foreground until SIGTERM or Ctrl-C."""

from __future__ import annotations

import asyncio
import errno
import gc
import logging
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from onebox.cli.data_folder import data_option
from onebox.config import DEFAULT_HOST, DEFAULT_PORT, Settings, default_data_folder

if TYPE_CHECKING:
    from onebox.engine import Engine


@click.command(short_help="Run onebox in the foreground.")
@click.option("--host", default=DEFAULT_HOST, show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    default=DEFAULT_PORT,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Port to listen on; 0 picks a free one.",
)
@data_option
@click.option("--ephemeral", is_flag=True, help="Keep all data in memory; it is lost when the process ends.")
@click.option(
    "--credentials",
    type=click.Choice(["any", "required"]),
    default="any",
    show_default=True,
    help="Accepted access keys: any, or only keys that onebox issued (see `onebox iam create-admin`).",
)
@click.option(
    "--accept-loss",
    is_flag=True,
    help="Start even if the write-ahead log is damaged and acknowledged changes are lost; a copy of the log is kept.",
)
@click.option(
    "--function-calls-max",
    default=Settings().function_calls_max,
    show_default=True,
    type=click.IntRange(min=1),
    help="Invocations after which a function's process is replaced.",
)
@click.option(
    "--fast-sdk/--no-fast-sdk",
    default=True,
    show_default=True,
    help="Make calls of the AWS SDK for Python cheaper in function processes; requests and answers stay the same.",
)
@click.option(
    "--allow-host",
    "allowed_hosts",
    multiple=True,
    envvar="ONEBOX_ALLOW_HOST",
    metavar="NAME",
    help="Name by which clients reach onebox, besides localhost and addresses (a container's name, *.example.test). "
    "Repeatable; in ONEBOX_ALLOW_HOST separated by spaces.",
)
@click.option(
    "--allow-origin",
    "allowed_origins",
    multiple=True,
    envvar="ONEBOX_ALLOW_ORIGIN",
    metavar="ORIGIN",
    help="Origin of web pages that may send requests (http://localhost:3000). Requests from all other pages are "
    "refused. Repeatable; in ONEBOX_ALLOW_ORIGIN separated by spaces.",
)
@click.option(
    "--log-level",
    type=click.Choice(["DEBUG", "INFO", "WARNING", "ERROR"], case_sensitive=False),
    default="WARNING",
    show_default=True,
    help="Lowest level of messages that onebox logs to standard error.",
)
def serve(
    *,
    host: str,
    port: int,
    data: Path | None,
    ephemeral: bool,
    credentials: str,
    accept_loss: bool,
    function_calls_max: int,
    fast_sdk: bool,
    allowed_hosts: tuple[str, ...],
    allowed_origins: tuple[str, ...],
    log_level: str,
) -> None:
    """Run onebox in the foreground and print one line when it is ready.

    SIGTERM or Ctrl-C stops it. A kill at any moment loses no acknowledged change.
    """
    if ephemeral and data is not None:
        raise click.UsageError("--ephemeral keeps nothing, --data DIR keeps everything: give one of them")
    if ephemeral and credentials == "required":
        raise click.UsageError(
            "--credentials required needs a data folder: `onebox iam create-admin` makes the first key in it"
        )
    logging.basicConfig(level=log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    folder = None if ephemeral else (data or default_data_folder())
    settings = Settings(
        host=host,
        port=port,
        data=folder,
        credentials_required=credentials == "required",
        accept_loss=accept_loss,
        function_calls_max=function_calls_max,
        fast_sdk=fast_sdk,
        allowed_hosts=allowed_hosts,
        allowed_origins=allowed_origins,
        log_level=log_level,
    )
    sys.exit(run(settings))


SWITCH_INTERVAL_S = 0.001
"""How long a thread beside the event loop (an import, the decoding of a large body) keeps the interpreter while the
loop waits for it. A request needs it about three times, so Python's 5 ms would be 15 ms for each request."""

RESUME_AFTER_S = 0.1
"""The imports of the services that a database uses would double the time to the first answer."""


def run(settings: Settings) -> int:
    """Run an engine until it is asked to stop; the process's exit code."""
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    try:
        import uvloop
    except ImportError:
        return asyncio.run(_serve(settings))
    if sys.version_info >= (3, 12):
        return asyncio.run(_serve(settings), loop_factory=uvloop.new_event_loop)
    uvloop.install()
    return asyncio.run(_serve(settings))


async def _serve(settings: Settings) -> int:
    from onebox.engine import Engine
    from onebox.storage.folder import DataFolderUnusable
    from onebox.storage.opening import DatabaseUnusable

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    engine = Engine(settings, on_loaded=_spare_the_collector)
    try:
        await engine.start()
    except (DataFolderUnusable, DatabaseUnusable) as error:
        return _refuse(str(error))
    except OSError as error:
        return _refuse(_why_not_listening(settings, error))
    _spare_the_collector()
    resumed = asyncio.ensure_future(_resume(engine, stop))
    place = settings.data if settings.data else "memory only"
    click.echo(f"onebox is ready on {engine.endpoint_url} ({place})")
    return await _until_stopped(engine, stop, resumed)


async def _resume(engine: Engine, stop: asyncio.Event) -> None:
    """Go on with what an earlier process left to do, unless onebox is stopped before."""
    try:
        await asyncio.wait_for(stop.wait(), RESUME_AFTER_S)
    except asyncio.TimeoutError:
        await engine.resume()


def _spare_the_collector() -> None:
    # Requests make and drop thousands of dictionaries and hardly a cycle. Everything imported stays for good, so it
    # is left out of the collector's walks, and the walks are made rarer: a fifth of the time of a batch of orders.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 100)


async def _until_stopped(engine: Engine, stop: asyncio.Event, resumed: asyncio.Future[None]) -> int:
    assert engine.fault is not None
    asked = asyncio.ensure_future(stop.wait())
    waiting: set[asyncio.Future[Any]] = {asked, engine.fault, resumed}
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    waiting.discard(resumed)
    if resumed.done() and resumed.exception() is None:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    if engine.fault.done():
        asked.cancel()
        return _refuse(
            f"stopped; nothing more is acknowledged: {engine.fault.result()}. "
            "Everything acknowledged before is on disk."
        )
    await engine.stop()
    await asyncio.gather(resumed, return_exceptions=asked.done())
    return 0


def _why_not_listening(settings: Settings, error: OSError) -> str:
    address = f"{settings.host}:{settings.port}"
    if error.errno == errno.EADDRINUSE:
        return (
            f"port {settings.port} on {settings.host} is taken: another onebox or program listens there. "
            "Stop it, or choose another port with --port (0 takes a free one)."
        )
    if error.errno == errno.EACCES:
        return f"this user may not listen on {address}: choose a port above 1023 with --port."
    return f"cannot listen on {address}: {error.strerror or error}."


def _refuse(reason: str) -> int:
    click.echo(f"onebox: {reason}", err=True)
    return 1
