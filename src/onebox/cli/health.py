"""``onebox health``: query the health of a running onebox."""

from __future__ import annotations

import json
import sys
import urllib.error
import urllib.request

import click

from onebox.config import DEFAULT_HOST, DEFAULT_PORT


@click.command()
@click.option(
    "--url", default=f"http://{DEFAULT_HOST}:{DEFAULT_PORT}", show_default=True, help="URL of the running onebox."
)
@click.option("--json", "as_json", is_flag=True, help="Print the unformatted response.")
def health(url: str, as_json: bool) -> None:
    """Show the version, uptime and services of a running onebox; exit code 1 if none responds."""
    try:
        with urllib.request.urlopen(f"{url}/_onebox/health", timeout=5) as answer:  # noqa: S310 - the user's own URL
            body = json.load(answer)
    except (urllib.error.URLError, OSError, ValueError) as error:
        click.echo(f"no onebox answers on {url} ({error}). Start one with: onebox serve", err=True)
        sys.exit(1)
    if as_json:
        click.echo(json.dumps(body))
        return
    kept = "kept on disk" if body["durable"] else "memory only"
    click.echo(f"onebox {body['version']} on {url}: {body['status']}, up {body['uptime_s']:.0f} s, {kept}")
    click.echo("services: " + ", ".join(body["services"]))
