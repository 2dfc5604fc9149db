"""``orders up``: everything on this machine, in the foreground."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from orders.aws.clients import Aws
from orders.aws.settings import (
    ONEBOX_PORT,
    ONEBOX_REGION,
    ONEBOX_URL,
    PREFIX_VARIABLE,
    Settings,
    find_listener,
    find_names,
)
from orders.cli.deploy import run_deploy
from orders.cli.options import prefix_option
from orders.cli.output import console, print_rich, say
from orders.cli.patience import attempt, describe_outage, silent_outage
from orders.cli.status import render
from orders.cli.terminated import stopping_on_sigterm
from orders.clock import SystemClock
from orders.console.settings import DEFAULT_HOST, DEFAULT_PORT
from orders.deployment.stack import Audience, Plan
from orders.errors import OperatorError
from orders.local.onebox_process import running_onebox
from orders.monitoring.status import Status, StatusReader

if TYPE_CHECKING:
    from rich.console import Group

REFRESH_MS = 1_000.0


@click.command()
@click.option(
    "--port", default=ONEBOX_PORT, show_default=True, type=click.IntRange(0, 65535), help="0 picks a free port."
)
@click.option(
    "--data", type=click.Path(path_type=Path, file_okay=False), help="Data folder. Default: the one of `onebox serve`."
)
@click.option("--ephemeral", is_flag=True, help="Keep all data in memory.")
@click.option("--region", default=ONEBOX_REGION, show_default=True)
@click.option(
    "--console-port",
    type=click.IntRange(0, 65535),
    help=f"Port of the console, 0: a free one.  [default: {DEFAULT_PORT}, or a free one if that is taken]",
)
@click.option("--no-console", is_flag=True, help="Do not start the console.")
@prefix_option
def up(
    port: int,
    data: Path | None,
    ephemeral: bool,
    region: str,
    console_port: int | None,
    no_console: bool,
    prefix: str | None,
) -> None:
    """Run onebox, deploy the stack and watch it until Ctrl-C. The data is kept for the next run.

    If a onebox already runs on the port, it is used and left running. The console is started too, for this machine
    only; `orders console` starts it with other settings.
    """
    if ephemeral and data is not None:
        raise click.UsageError("--ephemeral keeps nothing, --data DIR keeps everything: give one of them")
    names = find_names(os.environ, prefix)
    with stopping_on_sigterm(), suppress(KeyboardInterrupt), ExitStack() as stack:
        url = f"http://127.0.0.1:{port}"
        listener = None if port == 0 else find_listener(url)
        if listener is not None and not listener.is_onebox:
            raise OperatorError(
                f"{listener.description} answers at {url}, not a onebox", "Give another port with --port."
            )
        if listener is None:
            log = log_file(port)
            url = stack.enter_context(running_onebox(port=port, log=log, data=data, ephemeral=ephemeral))
            say(f"onebox logs to {log}, including the mails it does not send")
        aws = Aws(Settings(url, region, None, ("test", "test"), is_onebox=True, names=names))
        say(f"onebox runs at {url}")
        deployed = run_deploy(aws, aws.names.stack, {}, Audience(agree=_tell))
        say("The stack is ready.", fg="green")
        if deployed is not None and deployed.move.held:
            say(deployed.move.held, fg="yellow")
        if not no_console:
            say(f"The console is at {stack.enter_context(_running_console(aws, console_port))}")
        say("In another terminal: `orders publish FILE`, `orders status`, `orders logs --follow`")
        variables = [f"AWS_ENDPOINT_URL={url}"] if url != ONEBOX_URL else []
        variables += [f"{PREFIX_VARIABLE}={names.prefix}"] if names.prefix else []
        if variables:
            say(f"with {' '.join(variables)}")
        say("Ctrl-C stops everything.\n")
        _watch(aws)
    say("Stopped.")


def _tell(plan: Plan) -> bool:
    """Say what was changed outside of the stack and is changed back."""
    for difference in plan.drift:
        say(f"changed back: {difference.describe()}", fg="yellow")
    return True


@contextmanager
def _running_console(aws: Aws, port: int | None) -> Iterator[str]:
    """The console for a block; its address."""
    from orders.cli.console import console_settings
    from orders.cli.relay.database import DATABASE_VARIABLE
    from orders.console.app import make_app
    from orders.console.server import bind, serving, url_of

    try:
        listener = bind(DEFAULT_HOST, DEFAULT_PORT if port is None else port)
    except OperatorError:
        if port is not None:
            raise
        listener = bind(DEFAULT_HOST, 0)
    settings = console_settings(aws, DEFAULT_HOST, database=os.environ.get(DATABASE_VARIABLE))
    app = make_app(aws, settings, SystemClock(), lambda sentence: say(sentence, err=True))
    with serving(app, listener):
        yield url_of(listener)


def log_file(port: int) -> Path:
    """onebox's log file; each start begins a new one."""
    import platformdirs

    return Path(platformdirs.user_state_dir("orders", appauthor=False)) / f"onebox-{port}.log"


def _watch(aws: Aws) -> NoReturn:
    """Show the status until KeyboardInterrupt; once if there is no terminal."""
    from rich.live import Live

    clock = SystemClock()
    reader = StatusReader(aws.for_watching())
    outage = silent_outage(clock)
    screen = console()
    last = reader.read(clock.now_ms())
    if not screen.is_terminal:
        print_rich(render(last))
        while True:
            clock.wait_ms(REFRESH_MS)
    with Live(render(last), console=screen, auto_refresh=False) as live:
        while True:
            clock.wait_ms(REFRESH_MS)
            last = attempt(outage, lambda: reader.read(clock.now_ms())) or last
            live.update(_live_view(last, outage.since_ms), refresh=True)


def _live_view(now: Status, lost_since_ms: int | None) -> Group:
    """The status; of an endpoint that is away the last one, with since when."""
    from rich.console import Group
    from rich.text import Text

    lost = [] if lost_since_ms is None else [Text(describe_outage(lost_since_ms), style="yellow")]
    return Group(render(now), *lost)
