"""``orders dlq export``: failed orders to a file."""

from __future__ import annotations

import os
from pathlib import Path

import click

from orders.aws.clients import Aws
from orders.cli.options import aws_options, json_option
from orders.cli.output import plural, print_json, say
from orders.dead_letters.queues import dead_letter_queue
from orders.dead_letters.reader import read_failed_orders
from orders.dead_letters.reasons import export_line
from orders.errors import OperatorError
from orders.publishing.order_files import STDIN


@click.command(short_help="Write failed orders to a file, with their reasons.")
@click.argument("path", metavar="[FILE]", default=STDIN)
@click.option("--force", is_flag=True, help="Replace FILE if it exists.")
@json_option
@aws_options
def export(aws: Aws, path: str, force: bool, as_json: bool) -> None:
    """Write failed orders to FILE or standard output, as JSON Lines, each with its reason. They remain in OrderDLQ.

    With FILE, --json prints how many were exported. The fields are those of `orders dlq list --each --json`; the
    original order is in "body".
    """
    if path != STDIN and Path(path).exists() and not force:
        raise OperatorError(f"{path} exists", "Choose another name, or use --force to replace it.")
    if path != STDIN and not Path(path).parent.is_dir():
        raise OperatorError(f"there is no folder {Path(path).parent}")
    failed_orders = read_failed_orders(aws, dead_letter_queue(aws))
    lines = [export_line(order) for order in failed_orders]
    if path == STDIN:
        say("".join(lines), nl=False)
        return
    _write_whole(Path(path), "".join(lines))
    if as_json:
        print_json({"exported": len(failed_orders), "file": path})
    else:
        say(f"{plural(len(failed_orders), 'failed order')} written to {path}; they remain in OrderDLQ")


def _write_whole(path: Path, text: str) -> None:
    """The file holds all of it or is not there: an export is what a purge relies on."""
    part = path.with_name(path.name + ".part")
    with part.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
