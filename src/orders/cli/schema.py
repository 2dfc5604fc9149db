"""``orders schema``: the order contract, for programs and for people."""

from __future__ import annotations

import click

from orders.cli.options import json_option
from orders.cli.output import print_json, say
from orders.domain.contract_schema import make_schema, make_tables
from orders.json_text import to_json


@click.command()
@click.option("--markdown", is_flag=True, help="Print Markdown tables.")
@json_option
def schema(markdown: bool, as_json: bool) -> None:
    """Print the order contract as JSON Schema (draft 2020-12).

    OrderProcessor and `orders publish` use the same contract. Only orderId is required; known fields are
    checked if present, other fields are stored unchanged. --json prints the schema on one line.

    \b
    orders schema > order.schema.json      for the shop's own tests
    orders schema --markdown               for people
    orders publish --help                  how orders are sent
    """
    if markdown and as_json:
        raise click.UsageError("--markdown and --json exclude each other")
    if markdown:
        say(make_tables())
    elif as_json:
        print_json(make_schema())
    else:
        say(to_json(make_schema(), indent=2))
