"""Asks before what cannot be taken back. Questions go to standard error, so that standard output holds results only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

from orders.errors import OperatorError

yes_option = click.option("--yes", is_flag=True, help="Do not ask for confirmation.")


def confirm(question: str, *, yes: bool) -> None:
    """Return if the answer is yes, or was given by --yes. Raises OperatorError otherwise."""
    if not yes and not ask(question):
        raise OperatorError("nothing was changed")


def confirm_by_name(warning: str, name: str, *, yes: bool) -> None:
    """Return if the name was typed, or --yes was given. Raises OperatorError otherwise."""
    if yes:
        return
    with _answered():
        typed = click.prompt(f"{warning} Type {name} to confirm", err=True)
    if typed != name:
        raise OperatorError("nothing was changed", f"Type {name} to confirm, or give --yes.")


def ask(question: str) -> bool:
    """The answer to a question. Raises OperatorError where nobody answers, as in a script."""
    with _answered():
        return click.confirm(question, err=True)


@contextmanager
def _answered() -> Iterator[None]:
    try:
        yield
    except click.Abort as error:
        if not isinstance(error.__context__, EOFError):  # Ctrl-C
            raise
        click.echo(err=True)  # the question stands in an unfinished line
        raise OperatorError(
            "nothing was changed: standard input ended without an answer", "Give --yes to go on without a question."
        ) from None
