"""The options that say which outbox a command is about."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import click

from orders.errors import OperatorError
from orders.outbox.names import DEFAULT_TABLE, is_table_name

Command = TypeVar("Command", bound=Callable[..., Any])

DEFAULT_DATABASE = "sqlite:///shop.db"
DATABASE_VARIABLE = "ORDERS_DATABASE"


def outbox_options(*, is_required: bool = True) -> Callable[[Command], Command]:
    """Add --database and --table. Where the outbox is not required, --database has no default."""

    def add(command: Command) -> Command:
        for option in (_table_option(), _database_option(DEFAULT_DATABASE if is_required else None)):
            command = option(command)
        return command

    return add


def _table_option() -> Callable[[Command], Command]:
    return click.option(
        "--table",
        default=DEFAULT_TABLE,
        show_default=True,
        callback=_check_table,
        help="The outbox table, with its schema if need be.",
    )


def _database_option(default: str | None) -> Callable[[Command], Command]:
    return click.option(
        "--database",
        metavar="URL",
        envvar=DATABASE_VARIABLE,
        default=default,
        show_default=default is not None,
        show_envvar=True,
        help="postgresql://…, mysql://…, mariadb://…, sqlite:///FILE or a SQLite file's path. Other users of the "
        "machine can see a password on the command line: put it into the variable.",
    )


def reporting_database(command: Command) -> Command:
    """The database's errors become the command's failure, and so does a SQLAlchemy that is not installed."""

    @functools.wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        from orders.outbox.database import DatabaseUnavailable, check_installed

        check_installed()
        try:
            return command(*args, **kwargs)
        except DatabaseUnavailable as error:
            advice = "Check --database, and that the table was made: `orders relay init`."
            raise OperatorError(error.reason, advice) from error

    return wrapped  # type: ignore[return-value]


def _check_table(_context: click.Context, _option: click.Parameter, value: str) -> str:
    if not is_table_name(value):
        raise click.BadParameter(f"{value!r}: use lower-case letters, digits and _, as in shop.orders_outbox")
    return value
