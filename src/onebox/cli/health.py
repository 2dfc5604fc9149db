"""``onebox health``: query the health of a running onebox."""

from __future__ import annotations

import json

import click

from onebox.cli.own_pages import another_server, read_page, url_option


@click.command(short_help="Show the version, uptime and services of a running onebox.")
@url_option
@click.option("--json", "as_json", is_flag=True, help="Print the unformatted response.")
def health(url: str, as_json: bool) -> None:
    """Show the version, uptime and services of a running onebox; exit code 1 if none responds."""
    body = read_page(url, "/_onebox/health")
    if body.get("service") != "onebox":
        raise another_server(url)
    if as_json:
        click.echo(json.dumps(body))
        return
    kept = "kept on disk" if body["durable"] else "memory only"
    click.echo(f"onebox {body['version']} on {url}: {body['status']}, up {body['uptime_s']:.0f} s, {kept}")
    click.echo("services: " + ", ".join(body["services"]))
