"""Asks a running onebox for one of its own pages (``onebox.gateway.own_pages``)."""

from __future__ import annotations

import json
from typing import Any

import click

from onebox.cli.failures import CommandFailed
from onebox.config import DEFAULT_HOST, DEFAULT_PORT

TIMEOUT_S = 5
PAGE_BYTES_MAX = 1_000_000

url_option = click.option(
    "--url", default=f"http://{DEFAULT_HOST}:{DEFAULT_PORT}", show_default=True, help="URL of the running onebox."
)


def read_page(url: str, path: str) -> dict[str, Any]:
    """The JSON object of the page at ``path``, which begins with a slash.

    Raises CommandFailed where nothing answers, where another server answers, and with onebox's message where onebox
    refuses.
    """
    # Imported here: every start of `onebox serve` would take 10 ms longer.
    import urllib.error
    import urllib.request
    from http.client import HTTPException, InvalidURL

    try:
        with urllib.request.urlopen(f"{url.rstrip('/')}{path}", timeout=TIMEOUT_S) as answer:  # noqa: S310 - the user's own URL
            return _parse_object(url, answer.read(PAGE_BYTES_MAX))
    except urllib.error.HTTPError as error:
        message = _parse_object(url, error.read(PAGE_BYTES_MAX)).get("message", error.reason)
        raise CommandFailed(printable(str(message))) from None
    except (OSError, InvalidURL, ValueError) as error:
        raise CommandFailed(
            f"no onebox answers at {url} ({_describe(error)}). Start one with `onebox serve`, or give --url URL."
        ) from None
    except HTTPException:
        raise another_server(url) from None


def _parse_object(url: str, body: bytes) -> dict[str, Any]:
    try:
        page = json.loads(body)
    except (ValueError, RecursionError):
        page = None
    if not isinstance(page, dict):
        raise another_server(url)
    return page


def another_server(url: str) -> CommandFailed:
    """The failure where something answers that is no onebox."""
    return CommandFailed(f"another server answers at {url}, not a onebox. Give the address of a onebox with --url URL.")


def printable(text: str) -> str:
    """The text; escaped if it holds what a terminal would obey."""
    return text if text.isprintable() else ascii(text)


def _describe(error: Exception) -> str:
    """The system's words for what went wrong, without Python's."""
    reason = getattr(error, "reason", error)
    return getattr(reason, "strerror", None) or str(reason)
