"""``onebox operations``: list the supported and unsupported API operations."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from onebox.services.registry import Service


@click.command(short_help="List the supported AWS operations.")
@click.argument("service", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.option("--markdown", is_flag=True, help="Print the tables of docs/compatibility.md.")
def operations(service: str | None, as_json: bool, markdown: bool) -> None:
    """List the supported AWS operations of all services or of one.

    Other operations fail with the service's own error for an unknown operation.
    """
    offered = offered_operations()
    if service is not None and service not in offered:
        raise click.UsageError(f"no service {service!r}; there are: {', '.join(offered)}")
    chosen = {service: offered[service]} if service is not None else offered
    if as_json:
        click.echo(json.dumps({name: {"offered": yes, "not_offered": no} for name, (yes, no) in chosen.items()}))
    elif markdown:
        click.echo(markdown_tables(chosen))
    else:
        for name, (yes, no) in chosen.items():
            click.secho(f"{name}: {len(yes)} of {len(yes) + len(no)} operations", bold=True)
            click.echo("  " + ", ".join(yes))


def offered_operations() -> dict[str, tuple[list[str], list[str]]]:
    """Offered and not offered operations by service, both sorted."""
    from onebox.gateway.specs.loader import load_model

    result = {}
    for service in sorted(built_services(), key=lambda service: service.name):
        known = set(load_model(service.name).operation_names())
        offered = set(service.operations)
        result[service.name] = (sorted(offered), sorted(known - offered))
    return result


def markdown_tables(offered: dict[str, tuple[list[str], list[str]]]) -> str:
    """A section per service: its supported operations, and the other operations of AWS."""
    sections = []
    for name, (yes, no) in offered.items():
        missing = ", ".join(no) if no else "none"
        sections.append(
            f"### {name}: {len(yes)} of {len(yes) + len(no)}\n\n{', '.join(yes)}.\n\n"
            f"<details><summary>Not supported</summary>\n\n{missing}.\n\n</details>\n"
        )
    return "\n".join(sections)


def built_services() -> list[Service]:
    """Every service, built to be asked about itself and never started."""
    import logging
    from pathlib import Path

    from onebox.config import Settings
    from onebox.ids import RandomIds
    from onebox.runtime.metrics import MetricBuffer
    from onebox.services.catalog import Catalog
    from onebox.services.context import Deps
    from onebox.steady_clock import SystemClock
    from onebox.storage.database import Storage
    from onebox.storage.migrate import migrate
    from onebox.storage.opening import open_connection

    connection = open_connection(None)
    migrate(connection)
    storage = Storage(connection, lambda _fault: None)
    deps = Deps(storage, SystemClock(), RandomIds(), MetricBuffer(), logging.getLogger("onebox"))
    # Built, never started: nothing runs and nothing is written.
    return Catalog(deps, Path(), lambda: "", Settings()).build_all()
