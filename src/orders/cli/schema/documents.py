"""``orders schema json``, ``asyncapi`` and ``openapi``: the contract as a document."""

from __future__ import annotations

from typing import Any

import click

from orders.cli.options import json_option
from orders.cli.output import print_json, say
from orders.domain.asyncapi import make_document
from orders.domain.contract_schema import make_schema
from orders.intake.openapi import make_openapi
from orders.json_text import to_json


@click.command("json")
@json_option
def as_json_schema(as_json: bool) -> None:
    """Print the contract as JSON Schema (draft 2020-12). Its version is in x-version."""
    print_document(make_schema(), as_json)


@click.command("asyncapi", short_help="Print an AsyncAPI 3 document, for those who subscribe.")
@json_option
def as_asyncapi(as_json: bool) -> None:
    """Print an AsyncAPI 3 document: the topics, their messages and the attributes to filter by."""
    print_document(make_document(), as_json)


@click.command("openapi")
@json_option
def as_openapi(as_json: bool) -> None:
    """Print the OpenAPI 3.1 document of the intake over HTTP."""
    print_document(make_openapi(), as_json)


def print_document(document: dict[str, Any], as_json: bool) -> None:
    """A document in lines, or on one line for programs."""
    if as_json:
        print_json(document)
    else:
        say(to_json(document, indent=2))
