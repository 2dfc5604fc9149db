"""``onebox iam``: create the first administrator's key, and explain refusals."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import click

from onebox.cli.data_folder import data_option
from onebox.cli.failures import CommandFailed
from onebox.cli.own_pages import another_server, printable, read_page, url_option
from onebox.config import default_data_folder

if TYPE_CHECKING:
    from onebox.services.iam.model import AccessKey


@click.group(short_help="Create the first access key; explain refusals.")
def iam() -> None:
    """Create access keys for `onebox serve --credentials required`; explain refusals."""


@iam.command("create-admin", short_help="Create a user with all permissions and an access key.")
@click.option("--name", default="admin", show_default=True, help="The user; created if missing.")
@click.option("--account", default="000000000000", show_default=True, help="The account, 12 digits.")
@data_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def create_admin(name: str, account: str, data: Path | None, as_json: bool) -> None:
    """Create a user with all permissions and an access key. onebox must not be running on the data folder.

    The secret is printed once and cannot be read again; a user has at most two keys.
    """
    if not re.fullmatch(r"[0-9]{12}", account):
        raise click.UsageError(f"an account id has 12 digits, not {account!r}")
    key = _create_admin(data or default_data_folder(), account, name)
    if as_json:
        click.echo(json.dumps({"AccessKeyId": key.access_key_id, "SecretAccessKey": key.secret_access_key}))
        return
    click.echo(f"export AWS_ACCESS_KEY_ID={key.access_key_id}")
    click.echo(f"export AWS_SECRET_ACCESS_KEY={key.secret_access_key}")


@iam.command("condition-keys", short_help="Print the condition keys that policies can use.")
def condition_keys() -> None:
    """Print the condition keys that policies can use, by service (the table of docs/compatibility.md)."""
    click.echo(condition_key_table())


@iam.command(short_help="Explain why a request was refused.")
@click.argument("request_id")
@url_option
@click.option("--json", "as_json", is_flag=True, help="Print the unformatted response.")
def explain(request_id: str, url: str, as_json: bool) -> None:
    """Explain why a request was refused: which statement of which policy denied it.

    Every error response contains the REQUEST_ID (boto3: ResponseMetadata.RequestId). onebox keeps the last 1,000
    refusals since its start.
    """
    refusal = read_page(url, f"/_onebox/refusals/{quote(request_id, safe='')}")
    if "request_id" not in refusal:
        raise another_server(url)
    click.echo(json.dumps(refusal) if as_json else _explanation(refusal))


def condition_key_table() -> str:
    """A table of the global condition keys and each service's own. ``…`` stands for a tag's key."""
    from onebox.cli.operations import built_services
    from onebox.services.iam.request_keys import GLOBAL_CONDITION_KEYS

    services = sorted((service.name, service.condition_keys) for service in built_services())
    rows = [("all services", GLOBAL_CONDITION_KEYS), *services]
    lines = ["| service | condition keys |", "| --- | --- |"]
    for name, keys in rows:
        listed = ", ".join(f"`{key}`" for key in sorted(keys, key=str.lower)) or "only the keys of all services"
        lines.append(f"| {name} | {listed} |")
    return "\n".join(lines)


def _create_admin(folder: Path, account: str, name: str) -> AccessKey:
    import asyncio
    import logging

    from onebox import __version__
    from onebox.errors import AwsError
    from onebox.ids import RandomIds
    from onebox.runtime.metrics import MetricBuffer
    from onebox.services.context import Deps
    from onebox.services.iam.core import make_core
    from onebox.services.iam.first_admin import create_admin
    from onebox.steady_clock import SystemClock
    from onebox.storage.database import Storage
    from onebox.storage.folder import DATABASE_NAME, DataFolder, DataFolderUnusable
    from onebox.storage.opening import DatabaseUnusable
    from onebox.storage.starting import open_database

    clock = SystemClock()

    async def create(path: Path) -> AccessKey:
        connection = open_database(path, __version__, clock.now_ms(), accept_loss=False)
        storage = Storage(connection, lambda _fault: None)
        try:
            deps = Deps(storage, clock, RandomIds(), MetricBuffer(), logging.getLogger("onebox"))
            return await storage.write(lambda: create_admin(make_core(deps), account, name, clock.now_ms()))
        finally:
            storage.close()
            connection.close()

    try:
        with DataFolder(folder) as data:
            return asyncio.run(create(data.path / DATABASE_NAME))
    except AwsError as error:
        raise CommandFailed(error.message) from None
    except (DataFolderUnusable, DatabaseUnusable) as error:
        raise CommandFailed(str(error)) from None


def _explanation(refusal: dict[str, Any]) -> str:
    """A refusal as text. What clients chose (names, resources) is quoted, so that it cannot move the cursor."""
    lines = [
        f"request   {refusal['request_id']}",
        f"caller    {printable(refusal['principal'])}",
        f"action    {printable(refusal['action'])}",
        f"resource  {printable(refusal['resource'])}",
    ]
    decided = refusal["decided_by"]
    if decided:
        lines.append(f"denied by {_statement(decided)}")
    else:
        lines.append(f"denied    no {refusal['kind']} policy allows the action")
    lines += [f"asked     {printable(policy)}" for policy in refusal["policies"]]
    for note in refusal["near_misses"]:
        keys = ", ".join(printable(key) for key in note["failed_conditions"])
        lines.append(f"would allow, but for its condition on {keys}: {_statement(note)}")
    return "\n".join(lines)


def _statement(note: dict[str, Any]) -> str:
    sid = f" ({printable(note['sid'])})" if note["sid"] else ""
    return f"statement {note['number']}{sid} of {printable(note['policy'])}"
