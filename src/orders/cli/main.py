"""The ``orders`` command: its list of subcommands, each in a file of its own that is imported when it is called."""

from __future__ import annotations

import importlib
import os
import sys
from difflib import get_close_matches
from typing import Any

import click

from orders import __version__
from orders.cli.failures import reporting_failures
from orders.text import printable

# name: (module, function, what --help says). Kept here so that --help imports none of them.
COMMANDS = {
    "up": ("up", "up", "Run onebox, the stack and a live view in the foreground."),
    "deploy": ("deploy", "deploy", "Create or update the stack: show the changes, ask, apply."),
    "destroy": ("destroy", "destroy", "Delete the stack; retain the table with the orders."),
    "publish": ("publish", "publish", "Publish orders from files or standard input."),
    "relay": ("relay", "relay", "Publish orders from a database's outbox table."),
    "intake": ("intake", "intake", "Take orders over HTTP: URL, callers, tokens."),
    "schema": ("schema", "schema", "Print the order contract, or check an older one."),
    "subscribe": ("subscribe", "subscribe", "Subscribe another queue, function or address to orders."),
    "subscriptions": ("subscriptions", "subscriptions", "List the subscriptions and their filters."),
    "unsubscribe": ("subscriptions", "unsubscribe", "Remove a subscription."),
    "get": ("get", "get", "Print one stored order."),
    "find": ("find", "find", "Find what an id names: order, user, message or request."),
    "history": ("history", "history", "Print what happened to one order, with differences."),
    "list": ("list_orders", "list_orders", "List stored orders by user, status and time."),
    "watch": ("watch", "watch", "Print orders as they are stored or fail, until Ctrl-C."),
    "replay": ("replay", "replay", "Send archived notifications again."),
    "export": ("export", "export", "Write stored orders to a file: CSV, JSON Lines, Parquet."),
    "erase": ("erase", "erase", "Erase a customer or an order everywhere."),
    "verify": ("verify", "verify", "Check published files against the table and both queues."),
    "status": ("status", "status", "Show all parts, counts, errors and alarms on one screen."),
    "console": ("console", "console", "Monitor, find, fix and publish orders in the browser."),
    "top": ("top", "top", "Show live state, rates and alarms."),
    "doctor": ("doctor", "doctor", "Check the deployment with a test order; advise on problems."),
    "plan": ("plan", "plan", "Estimate monthly cost, limits and settings for a rate."),
    "logs": ("logs", "logs", "Print OrderProcessor's log."),
    "dlq": ("dlq", "dlq", "List, inspect, edit and redrive failed orders."),
    "pause": ("levers", "pause", "Stop processing; orders wait in OrderQueue."),
    "resume": ("levers", "resume", "Go on processing."),
    "concurrency": ("levers", "concurrency", "Limit the concurrent calls of OrderProcessor."),
    "rollback": ("levers", "rollback", "Make the previous version live again."),
    "alarms": ("alarms", "alarms", "List the alarms in plain words; acknowledge or silence them."),
    "audit": ("audit", "audit", "List who changed what, when, and the result."),
    "demo": ("demo", "demo", "Run real orders through the whole pipeline, in 30 seconds."),
}
# How --help lists them: what a newcomer needs first stands first.
SECTIONS = {
    "Set up": ("demo", "up", "deploy", "destroy", "doctor", "plan"),
    "Send orders": ("publish", "relay", "intake", "schema"),
    "Find orders": ("get", "find", "list", "history", "watch", "verify", "export", "erase"),
    "Watch the system": ("status", "top", "console", "logs", "alarms", "audit"),
    "Act": ("dlq", "pause", "resume", "concurrency", "rollback", "replay"),
    "Other subscribers": ("subscribe", "subscriptions", "unsubscribe"),
}


class LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, function, _ = COMMANDS[cmd_name]
        command: click.Command = getattr(importlib.import_module(f"orders.cli.{module}"), function)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            similar = get_close_matches(args[0], COMMANDS, 3)
            hint = f" Did you mean {' or '.join(similar)}?" if similar else ""
            ctx.fail(f"No such command {printable(args[0], 60)!r}.{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        width = max(map(len, COMMANDS))  # the same in all sections
        for title, names in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(f"{name:<{width}}", COMMANDS[name][2]) for name in names])

    def main(self, *args: Any, **extra: Any) -> Any:
        if sys.stdin is None:  # closed: what reads it finds its end, and no other file gets its descriptor
            sys.stdin = open(os.devnull)  # noqa: SIM115 - for the life of the process
        return super().main(*args, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        with reporting_failures():
            return super().invoke(ctx)


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="orders")
def main() -> None:
    """Event-driven orders: SNS OrderTopic, SQS OrderQueue, Lambda OrderProcessor, DynamoDB Orders, and OrderDLQ.

    \b
    Try it:         orders demo
    Run it:         orders up                          (then, in another terminal:)
                    orders publish orders.jsonl
                    orders status

    Works with AWS and with any endpoint that implements its API. If no endpoint is configured and a onebox runs on this
    machine, that onebox is used.
    """
