"""Finds the order system's endpoint; the only module that reads the environment for operator commands.

Promises: an explicit endpoint is used. Without one, a onebox running on this machine takes precedence over AWS, so
local work does not reach a real account by mistake.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from http.client import HTTPConnection, HTTPException
from typing import NamedTuple
from urllib.parse import urlsplit

from orders.aws.names import SEED_NAMES, Names
from orders.errors import OperatorError
from orders.text import printable

ONEBOX_PORT = 4566
ONEBOX_URL = f"http://127.0.0.1:{ONEBOX_PORT}"
ONEBOX_REGION = "us-east-1"
PREFIX_VARIABLE = "ORDERS_PREFIX"
HEALTH_PATH = "/_onebox/health"
HEALTH_TIMEOUT_S = 1.0
HEALTH_BYTES_MAX = 10_000
SERVER_NAME_MAX = 60
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class Settings:
    """The connection settings of a command."""

    endpoint_url: str | None = None
    """The endpoint for all services; None uses AWS's own configuration."""
    region: str | None = None
    """None uses AWS's own configuration."""
    profile: str | None = None
    """A profile of AWS's configuration files."""
    access_key: tuple[str, str] | None = None
    """Access key id and secret for the endpoint; None uses AWS's own configuration."""
    is_onebox: bool = False
    """Whether the endpoint identified itself as onebox."""
    other_listener: str | None = None
    """What answers, in place of a onebox, at the endpoint or at onebox's usual port; for display."""
    names: Names = SEED_NAMES
    """The names of the system that the commands work on."""


def find_settings(
    environment: Mapping[str, str],
    endpoint_url: str | None = None,
    region: str | None = None,
    profile: str | None = None,
    prefix: str | None = None,
) -> Settings:
    """Settings from the command's options, then the environment, then a onebox that runs on its usual port.

    Raises OperatorError for an endpoint that is no address, and for a prefix that is none.
    """
    names = find_names(environment, prefix)
    return replace(_find_place(environment, endpoint_url, region, profile), names=names)


def find_names(environment: Mapping[str, str], prefix: str | None = None) -> Names:
    """The names of the system with this prefix, else with that of ORDERS_PREFIX, else with none."""
    return Names(environment.get(PREFIX_VARIABLE, "") if prefix is None else prefix)


def _find_place(
    environment: Mapping[str, str], endpoint_url: str | None, region: str | None, profile: str | None
) -> Settings:
    profile = profile or environment.get("AWS_PROFILE") or None
    url = endpoint_url or environment.get("AWS_ENDPOINT_URL") or None
    if url is not None:
        _check_url(url)
    if profile is not None or (url is not None and urlsplit(url).hostname not in LOOPBACK):
        return Settings(url, region, profile)
    listener = find_listener(url or ONEBOX_URL)
    if listener is None:
        return Settings(url, region)
    if not listener.is_onebox:
        return Settings(url, region, other_listener=f"{listener.description} answers at {url or ONEBOX_URL}")
    if url is not None and urlsplit(url).scheme == "https":
        plain = urlsplit(url)._replace(scheme="http").geturl()
        raise OperatorError(f"the onebox at {urlsplit(url).netloc} speaks HTTP, not HTTPS", f"Write it as {plain}.")
    return _onebox_settings(url or ONEBOX_URL, environment, region)


def _check_url(url: str) -> None:
    """Raises OperatorError for what is no address of an endpoint."""
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address:
        raise OperatorError(f"{url!r} is not the address of an endpoint", "Write it as http://127.0.0.1:4566.")


def _onebox_settings(url: str, environment: Mapping[str, str], region: str | None) -> Settings:
    """onebox asks for a key but not for a secret one; a key that is set is kept, for it may name the account."""
    key = environment.get("AWS_ACCESS_KEY_ID")
    region = region or environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or ONEBOX_REGION
    return Settings(url, region, None, None if key else ("test", "test"), is_onebox=True)


class Listener(NamedTuple):
    """A server that answers HTTP at an address."""

    is_onebox: bool
    description: str
    """What it calls itself, for display."""


def find_listener(url: str) -> Listener | None:
    """What answers at this address over plain HTTP; None if nothing does, or something that speaks no HTTP.

    Only a GET of onebox's health page is sent.
    """
    address = urlsplit(url)
    connection = HTTPConnection(address.hostname or "", address.port or 80, timeout=HEALTH_TIMEOUT_S)
    try:
        connection.request("GET", HEALTH_PATH)
        response = connection.getresponse()
        server = response.getheader("Server") or ""
        content = response.read(HEALTH_BYTES_MAX)
    except (OSError, HTTPException, ValueError):
        return None
    finally:
        connection.close()
    name = printable(server.strip(), SERVER_NAME_MAX)
    return Listener(_is_health_of_onebox(content), f"another server ({name})" if name else "another server")


def _is_health_of_onebox(content: bytes) -> bool:
    try:
        health = json.loads(content)
    except (ValueError, RecursionError):
        return False
    return isinstance(health, dict) and health.get("service") == "onebox"
