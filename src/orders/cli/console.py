"""``orders console``: the order system in a browser."""

from __future__ import annotations

import secrets
import socket
import webbrowser

import click

from orders.aws.clients import Aws
from orders.cli.options import aws_options
from orders.cli.output import say
from orders.cli.relay.database import outbox_options
from orders.clock import SystemClock
from orders.console.settings import (
    DEFAULT_HOST,
    DEFAULT_PORT,
    REFRESH_AWS,
    REFRESH_ONEBOX,
    ConsoleSettings,
    is_loopback,
)
from orders.outbox.names import DEFAULT_TABLE


@click.command()
@click.option("--host", default=DEFAULT_HOST, show_default=True, help="Address to listen on.")
@click.option(
    "--port", default=DEFAULT_PORT, show_default=True, type=click.IntRange(0, 65535), help="0 picks a free port."
)
@click.option("--read-only", is_flag=True, help="Refuse every change.")
@click.option("--open", "opens", is_flag=True, help="Open the console in the browser.")
@click.option(
    "--allow-host", "names", multiple=True, metavar="NAME", help="An additional host name to accept, such as a proxy's."
)
@outbox_options(is_required=False)
@aws_options
def console(
    aws: Aws,
    host: str,
    port: int,
    read_only: bool,
    opens: bool,
    names: tuple[str, ...],
    database: str | None,
    table: str,
) -> None:
    """Run the console: monitor orders, find failed ones and fix them in the browser. Press Ctrl-C to stop.

    On any address but loopback it requires a token, which is printed once at startup. It speaks plain HTTP: outside a
    trusted network, put a proxy with TLS in front and pass the proxy's host name to --allow-host.

    With --database the page Options also shows the outbox of `orders relay`, which is not on AWS.

    All open pages share one reading of the system: 156 AWS API calls a minute on onebox, 32 on AWS, none while no page
    is open. Every change made in the console is recorded in the audit log: see `orders audit`.
    """
    from orders.console.app import make_app
    from orders.console.server import bind, serve, url_of

    listener = bind(host, port)
    settings = console_settings(aws, host, read_only=read_only, names=names, database=database, table=table)
    app = make_app(aws, settings, SystemClock(), lambda sentence: say(sentence, err=True, fg="yellow"))
    url = url_of(listener)
    address = url if settings.token is None else f"{url}?token={settings.token}"
    say(f"The console of {aws.place} is at {address}")
    if settings.token is not None:
        say("The token is shown only once. Anyone who has it can do what your AWS credentials allow.", err=True)
    say("Press Ctrl-C to stop.", err=True)
    if opens:
        webbrowser.open(address)
    serve(app, listener)


def console_settings(
    aws: Aws,
    host: str,
    *,
    read_only: bool = False,
    names: tuple[str, ...] = (),
    database: str | None = None,
    table: str = DEFAULT_TABLE,
) -> ConsoleSettings:
    """The settings for an address: with a token where others than this machine reach it."""
    reached_by_others = not is_loopback(host)
    own_names = {socket.gethostname().lower(), socket.getfqdn().lower()} if reached_by_others else set()
    return ConsoleSettings(
        host=host,
        read_only=read_only,
        token=secrets.token_urlsafe(32) if reached_by_others else None,
        allowed_hosts=frozenset(name.lower() for name in names) | own_names,
        refresh=REFRESH_ONEBOX if aws.settings.is_onebox else REFRESH_AWS,
        database=database,
        outbox_table=table,
    )
