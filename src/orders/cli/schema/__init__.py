"""``orders schema``: the order contract, for programs and for people.

documents.py  `json`, `asyncapi`, `openapi`: the contract as a document
check.py      `check`: what a change of the contract breaks
"""

from __future__ import annotations

import click

from orders.cli.options import json_option
from orders.cli.output import say
from orders.cli.schema.check import check
from orders.cli.schema.documents import as_asyncapi, as_json_schema, as_openapi, print_document
from orders.domain.contract_schema import make_schema, make_tables


@click.group(invoke_without_command=True)
@click.option("--markdown", is_flag=True, help="Print Markdown tables.")
@json_option
@click.pass_context
def schema(context: click.Context, markdown: bool, as_json: bool) -> None:
    """Print the order contract: as JSON Schema (draft 2020-12), AsyncAPI 3, OpenAPI 3.1 or Markdown.

    OrderProcessor and `orders publish` use the same contract. Only orderId is required; known fields are
    checked if present, other fields are stored unchanged. --json prints a document on one line.

    \b
    orders schema > order.schema.json      JSON Schema, for the shop's own tests
    orders schema asyncapi                 topics, messages and attributes, for those who subscribe
    orders schema openapi                  requests and answers, for those who send orders over HTTP
    orders schema check order.schema.json  what has changed since, and whom it breaks
    orders schema --markdown               for people
    orders publish --help                  how orders are sent
    """
    if context.invoked_subcommand is not None:
        if markdown or as_json:
            raise click.UsageError(f"give options after the command: orders schema {context.invoked_subcommand} --json")
        return
    if markdown and as_json:
        raise click.UsageError("--markdown and --json exclude each other")
    if markdown:
        say(make_tables())
    else:
        print_document(make_schema(), as_json)


for command in (as_json_schema, as_asyncapi, as_openapi, check):
    schema.add_command(command)
