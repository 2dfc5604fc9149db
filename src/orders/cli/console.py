"""``orders console``: the order system in a browser."""

from __future__ import annotations

import secrets
import socket
import webbrowser

import click

from orders.aws.clients import Aws
from orders.cli.options import aws_options
from orders.clock import SystemClock
from orders.console.settings import (
    DEFAULT_HOST,
    DEFAULT_PORT,
    REFRESH_AWS,
    REFRESH_ONEBOX,
    ConsoleSettings,
    is_loopback,
)


@click.command()
@click.option("--host", default=DEFAULT_HOST, show_default=True, help="Address to listen on.")
@click.option("--port", default=DEFAULT_PORT, show_default=True, type=click.IntRange(0, 65535), help="0: a free one.")
@click.option("--read-only", is_flag=True, help="Refuse every change.")
@click.option("--open", "opens", is_flag=True, help="Open it in the browser.")
@click.option("--allow-host", "names", multiple=True, metavar="NAME", help="A further name it is asked for by.")
@aws_options
def console(aws: Aws, host: str, port: int, read_only: bool, opens: bool, names: tuple[str, ...]) -> None:
    """Watch orders flow, find the broken one and put it right, in the browser. Ctrl-C ends it.

    On an address that others reach (any but loopback) it asks for a token, which is printed once, here. It speaks plain
    HTTP: beyond a network you trust, put a proxy with TLS before it and name the proxy's host with --allow-host.

    Open pages share one reading of the system: 144 calls of AWS's API a minute on onebox, 31 on AWS, none while no page
    is open. Every change made through it is printed as a line of JSON, with who and what.
    """
    from orders.console.app import make_app
    from orders.console.server import bind, serve, url_of

    listener = bind(host, port)
    settings = console_settings(aws, host, read_only=read_only, names=names)
    app = make_app(aws, settings, SystemClock(), click.echo)
    url = url_of(listener)
    address = url if settings.token is None else f"{url}?token={settings.token}"
    click.echo(f"The console of {aws.place} is at {address}")
    if settings.token is not None:
        click.echo("The token is not shown again. Everybody who has it can do what your AWS credentials can.", err=True)
    click.echo("Ctrl-C ends it.", err=True)
    if opens:
        webbrowser.open(address)
    serve(app, listener)


def console_settings(aws: Aws, host: str, *, read_only: bool = False, names: tuple[str, ...] = ()) -> ConsoleSettings:
    """The settings for an address: with a token where others than this machine reach it."""
    reached_by_others = not is_loopback(host)
    own_names = {socket.gethostname().lower(), socket.getfqdn().lower()} if reached_by_others else set()
    return ConsoleSettings(
        host=host,
        read_only=read_only,
        token=secrets.token_urlsafe(32) if reached_by_others else None,
        allowed_hosts=frozenset(name.lower() for name in names) | own_names,
        refresh=REFRESH_ONEBOX if aws.settings.is_onebox else REFRESH_AWS,
    )
