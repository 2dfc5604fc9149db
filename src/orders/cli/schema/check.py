"""``orders schema check``: what a change of the contract breaks, and for whom."""

from __future__ import annotations

import json
import sys
from decimal import Decimal
from typing import IO, Any

import click

from orders.cli.options import json_option
from orders.cli.output import plural, print_json, say
from orders.domain.contract import CONTRACT_VERSION
from orders.domain.contract_schema import VERSION_KEYWORD, make_schema
from orders.domain.schema_compatibility import Change, Party, find_changes
from orders.domain.schema_shape import Shape, UnreadableSchema, read_shape
from orders.errors import OperatorError

FILE_BYTES_MAX = 1_048_576


@click.command()
@click.argument("old", type=click.File("rb"), metavar="OLD|-")
@click.option(
    "--for", "party", type=click.Choice([one.value for one in Party]), help="Only what this party meets; default: both."
)
@json_option
def check(old: IO[bytes], party: str | None, as_json: bool) -> None:
    """Compare an older contract with the present one.

    OLD is a file of `orders schema` or `orders schema asyncapi`; - reads standard input. A producer sends orders that
    OLD takes, a consumer reads orders that the present contract takes. Exit code 1 if the change breaks one of them;
    each break is printed with the path of its field. A note is a change that breaks nobody who kept to OLD.
    """
    schema = _find_order(_read(old))
    try:
        changes = find_changes(read_shape(schema), _present())
    except UnreadableSchema as error:
        advice = "`orders schema check` compares what `orders schema` prints."
        raise OperatorError(f"{old.name}: {error}", advice) from error
    changes = [one for one in changes if party in (None, one.party.value)]
    version = schema.get(VERSION_KEYWORD)
    if as_json:
        print_json(_as_answer(version, changes))
    else:
        _tell(version, changes)
    sys.exit(1 if any(one.is_break for one in changes) else 0)


def _read(file: IO[bytes]) -> dict[str, Any]:
    content = file.read(FILE_BYTES_MAX + 1)
    if len(content) > FILE_BYTES_MAX:
        raise OperatorError(f"{file.name}: larger than {FILE_BYTES_MAX:,} bytes")
    try:
        document = json.loads(content, parse_float=Decimal)
    except (ValueError, RecursionError, ArithmeticError) as error:
        raise OperatorError(f"{file.name}: not JSON: {error}") from error
    if not isinstance(document, dict):
        raise OperatorError(f"{file.name}: not a JSON object")
    return document


def _find_order(document: dict[str, Any]) -> dict[str, Any]:
    """The order's schema: the document itself, or the one inside an AsyncAPI document."""
    if "asyncapi" not in document:
        return document
    found: Any = document
    for name in ("components", "schemas", "order"):
        found = found.get(name) if isinstance(found, dict) else None
    if not isinstance(found, dict):
        raise OperatorError("the AsyncAPI document has no schema at components.schemas.order")
    return found


def _present() -> Shape:
    return read_shape(make_schema())


def _as_answer(version: Any, changes: list[Change]) -> dict[str, Any]:
    return {
        "old": version,
        "new": CONTRACT_VERSION,
        "compatible": not any(one.is_break for one in changes),
        "changes": [
            {
                "path": one.path,
                "breaks": one.party.value if one.is_break else None,
                "concerns": one.party.value,
                "rule": one.rule,
                "message": one.message,
            }
            for one in changes
        ],
    }


def _tell(version: Any, changes: list[Change]) -> None:
    for one in changes:
        verdict = f"breaks {one.party.value}s" if one.is_break else "note"
        say(f"{one.path or 'the order'}: {one.message} ({verdict}, {one.rule})", fg="red" if one.is_break else None)
    breaks = sum(one.is_break for one in changes)
    was = f"version {version}" if isinstance(version, str) else "a contract without version"
    said = plural(breaks, "break") if breaks else "no break"
    say(f"{said} between {was[:60]} and version {CONTRACT_VERSION}")
