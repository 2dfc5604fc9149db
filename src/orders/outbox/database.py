"""Opens the shop's database: which databases and drivers are offered, and what their errors mean.

Promises: a password is never part of a message. A query that the server never answers ends after ANSWER_TIMEOUT_S.
A SQLite file is never created by a command that only reads it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from orders.errors import OperatorError, OrdersError

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection, Engine

POSTGRESQL, MYSQL, SQLITE = "postgresql", "mysql", "sqlite"
# By the scheme of the URL: the dialect and its driver.
_DRIVERS = {
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mysql+pymysql": "mysql+pymysql",
    "mariadb": "mysql+pymysql",
    "mariadb+pymysql": "mysql+pymysql",
    "sqlite": "sqlite+pysqlite",
    "sqlite+pysqlite": "sqlite+pysqlite",
}
CONNECT_TIMEOUT_S = 5
ANSWER_TIMEOUT_S = 30


class _Oldest(NamedTuple):
    """The first version that has everything, and why it is that one."""

    version: tuple[int, ...]
    reason: str


# https://dev.mysql.com/doc/refman/8.0/en/innodb-locking-reads.html
# https://dev.mysql.com/doc/refman/8.0/en/data-type-defaults.html
# https://dev.mysql.com/doc/refman/8.0/en/create-table-check-constraints.html
# https://mariadb.com/docs/server/reference/sql-statements/data-manipulation/selecting-data/for-update
_OLDEST = {
    "MySQL": _Oldest(
        (8, 0, 16), "SKIP LOCKED is in 8.0.1, defaults by an expression in 8.0.13, and CHECK is enforced from 8.0.16"
    ),
    "MariaDB": _Oldest((10, 6), "SKIP LOCKED and JSON_TABLE are in 10.6"),
    "PostgreSQL": _Oldest((11,), "older versions are not tested"),
}
# What waiting does not cure: https://www.postgresql.org/docs/current/errcodes-appendix.html
# https://mariadb.com/docs/server/reference/error-codes
_PERMANENT_STATES = frozenset({"28000", "28P01", "3D000", "42501", "3F000"})
_PERMANENT_NUMBERS = frozenset({1044, 1045, 1049, 1142})


class DatabaseUnavailable(OrdersError):
    """The database did not do what it was asked. ``permanent`` says that only an edit helps, not another attempt."""

    def __init__(self, reason: str, *, permanent: bool = False) -> None:
        super().__init__(reason)
        self.permanent = permanent


@dataclass(frozen=True, slots=True)
class Database:
    """A database that may not be there at the moment. Safe for several threads."""

    engine: Engine
    kind: str
    """POSTGRESQL, MYSQL (MariaDB too) or SQLITE."""
    shown: str
    """Its address without a password."""
    path: Path | None
    """The file of a SQLite database."""

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A transaction; committed at the end. Each statement sees what was committed before it.

        Raises DatabaseUnavailable for every error of the database, and then opens new connections afterwards.
        """
        with self.reporting(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def reporting(self) -> Iterator[None]:
        """Errors of the database in the block become DatabaseUnavailable."""
        from sqlalchemy.exc import DBAPIError, SQLAlchemyError

        try:
            yield
        except SQLAlchemyError as error:
            self.engine.dispose()
            cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
            raise DatabaseUnavailable(
                f"the database {self.shown}: {_say(cause)}", permanent=_is_permanent(cause)
            ) from error

    def close(self) -> None:
        self.engine.dispose()


def check_installed() -> None:
    """Raises OperatorError where SQLAlchemy is not installed, which most modules of this folder need."""
    try:
        import sqlalchemy  # noqa: F401
    except ModuleNotFoundError as error:
        raise _not_installed(error) from error


def open_database(url: str, *, create: bool = False) -> Database:
    """The database at a URL, or in a SQLite file given by its path. Connects to nothing yet.

    ``create`` lets SQLite make the file. Raises OperatorError for an address that is not offered, and where SQLAlchemy
    or the driver is not installed.
    """
    parsed = _parse(url)
    from sqlalchemy import create_engine

    kind = parsed.get_backend_name()
    path = None
    options: dict[str, Any] = {"connect_args": _connect_args(kind)}
    if kind == SQLITE:
        path = _sqlite_path(parsed)
        if not create and not path.is_file():
            raise OperatorError(f"there is no SQLite database {path}", "Make it with `orders relay init`.")
    else:
        options["isolation_level"] = "READ COMMITTED"
    try:
        engine = create_engine(parsed, **options)
    except ModuleNotFoundError as error:
        raise _not_installed(error) from error
    return Database(engine, kind, parsed.set(drivername=kind).render_as_string(hide_password=True), path)


def check_server(database: Database) -> None:
    """Raises OperatorError for a server that is too old, DatabaseUnavailable where none answers."""
    with database.transaction() as connection:
        version = connection.dialect.server_version_info or (0,)
        name = {POSTGRESQL: "PostgreSQL", MYSQL: "MySQL"}.get(database.kind, "SQLite")
        if getattr(connection.dialect, "is_mariadb", False):
            name = "MariaDB"
    check_version(name, version, database.shown)


def check_version(name: str, version: tuple[Any, ...], shown: str) -> None:
    """Raises OperatorError for a server that lacks what the tables or the relays need."""
    oldest = _OLDEST.get(name)
    if oldest is not None and version < oldest.version:
        raise OperatorError(
            f"{name} {_dotted(version)} at {shown} is too old",
            f"It must be {_dotted(oldest.version)} or newer: {oldest.reason}.",
        )


def _dotted(version: tuple[Any, ...]) -> str:
    return ".".join(str(part) for part in version)


def _parse(url: str) -> URL:
    check_installed()
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    if "://" not in url:
        url = f"sqlite:///{url}"
    scheme, _, rest = url.partition("://")
    if scheme not in _DRIVERS:
        raise OperatorError(
            f"{scheme}:// is no database that is offered",
            "Write postgresql://…, mysql://…, mariadb://… or sqlite:///FILE.",
        )
    try:
        return make_url(f"{_DRIVERS[scheme]}://{rest}")
    except (ArgumentError, ValueError) as error:
        # SQLAlchemy's message repeats the address with its password.
        raise OperatorError(
            f"the {scheme}:// address of the database cannot be read",
            "Write it as scheme://user:password@host:port/name; %40 stands for @ in a password.",
        ) from error


def _sqlite_path(url: URL) -> Path:
    if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
        raise OperatorError("the outbox needs a SQLite file that other processes can open", "Write sqlite:///shop.db.")
    return Path(url.database)


def _connect_args(kind: str) -> dict[str, Any]:
    if kind == POSTGRESQL:
        # https://www.postgresql.org/docs/current/libpq-connect.html
        return {
            "connect_timeout": CONNECT_TIMEOUT_S,
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": ANSWER_TIMEOUT_S * 1000,
            "application_name": "orders relay",
        }
    if kind == MYSQL:
        return {
            "connect_timeout": CONNECT_TIMEOUT_S,
            "read_timeout": ANSWER_TIMEOUT_S,
            "write_timeout": ANSWER_TIMEOUT_S,
            "charset": "utf8mb4",
        }
    return {"timeout": ANSWER_TIMEOUT_S}


def _not_installed(error: ModuleNotFoundError) -> OperatorError:
    return OperatorError(
        f"{error.name} is not installed",
        "Install it: `pip install 'orders-onebox[outbox]'`, or here `make setup-outbox`.",
    )


def _is_permanent(error: BaseException) -> bool:
    state = getattr(error, "sqlstate", None)
    number = error.args[0] if error.args and isinstance(error.args[0], int) else None
    # psycopg has no state for a refused connection, only the server's words.
    words = str(error)
    return (
        state in _PERMANENT_STATES
        or number in _PERMANENT_NUMBERS
        or "password authentication failed" in words
        or ("FATAL" in words and "does not exist" in words)
    )


def _say(error: BaseException) -> str:
    """The driver's sentence on one line."""
    words = str(error.args[1]) if len(error.args) > 1 and isinstance(error.args[0], int) else str(error)
    return " ".join(words.split()) or type(error).__name__
