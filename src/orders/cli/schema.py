"""``orders schema``: the order contract, for programs and for people."""

from __future__ import annotations

import click

from orders.cli.options import json_option
from orders.cli.output import print_json
from orders.domain.contract_schema import make_schema, make_tables
from orders.json_text import to_json


@click.command()
@click.option("--markdown", is_flag=True, help="As tables, for documentation.")
@json_option
def schema(markdown: bool, as_json: bool) -> None:
    """Print what an order must hold, as JSON Schema (draft 2020-12).

    OrderProcessor and `orders publish` check by the same model. Only orderId is required; known fields are
    checked where they are there, others are kept as they are. --json prints the schema on one line.

    \b
    orders schema > order.schema.json      for the shop's own tests
    orders schema --markdown               for people
    orders publish --help                  how orders are sent
    """
    if markdown and as_json:
        raise click.UsageError("--markdown and --json exclude each other")
    if markdown:
        click.echo(make_tables())
    elif as_json:
        print_json(make_schema())
    else:
        click.echo(to_json(make_schema(), indent=2))
