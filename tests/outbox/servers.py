"""Database servers as processes of their own, in a temporary folder, from the programs that the system has installed.

They listen on a Unix socket in their folder only, so no port can be taken. Durability is the servers' default.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pymysql
import pytest

from tests.polling import until

POSTGRESQL_PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
PACKAGES = {"postgresql": "postgresql", "mariadb": "mariadb-server"}


class DatabaseServer:
    """A database on a folder, across many lives. A context manager that leaves no process and no file behind."""

    name = ""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="outbox-db-"))
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        raise NotImplementedError

    def make(self) -> None:
        """Make the empty database, once."""

    def start(self) -> None:
        """Begin a life; returns when it answers."""

    def kill(self) -> None:
        """SIGKILL for the server and its children."""

    def __enter__(self) -> DatabaseServer:
        self.make()
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


class SqliteFile(DatabaseServer):
    """SQLite has no server: a life ends with the processes that use it."""

    name = "sqlite"

    @property
    def url(self) -> str:
        return f"sqlite:///{self.folder / 'shop.db'}"


class PostgresServer(DatabaseServer):
    """PostgreSQL, which refuses to run as root: then it runs as the user postgres."""

    name = "postgresql"

    @property
    def url(self) -> str:
        return f"postgresql://shop@/postgres?host={self.folder}"

    @property
    def _programs(self) -> Path:
        return POSTGRESQL_PROGRAMS[-1]

    @property
    def _user(self) -> str | None:
        return "postgres" if os.getuid() == 0 else None

    def make(self) -> None:
        if self._user is not None:
            shutil.chown(self.folder, self._user)
        command = ["initdb", "-D", str(self.folder / "data"), "-U", "shop", "-A", "trust", "-E", "UTF8", "--no-sync"]
        self._run(*command)

    def start(self) -> None:
        until(self._start, "PostgreSQL to start")

    def _start(self) -> bool:
        """Until the killed server's children have ended, a new one refuses to start."""
        settings = ["-c", "listen_addresses=", "-c", f"unix_socket_directories={self.folder}"]
        log = (self.folder / "log").open("ab")
        self.process = subprocess.Popen(
            [str(self._programs / "postgres"), "-D", str(self.folder / "data"), *settings],
            stdout=log,
            stderr=log,
            user=self._user,
            cwd=self.folder,
            start_new_session=True,
        )
        until(self._answers_or_ended, "PostgreSQL to answer")
        return self.process.poll() is None

    def kill(self) -> None:
        if self.process is not None and self.process.poll() is None:
            children = _children(self.process.pid)
            for pid in (self.process.pid, *children):
                _kill(pid)
            self.process.wait()

    def _answers_or_ended(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            return True
        try:
            psycopg.connect(self.url, connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [str(self._programs / program), *arguments],
            check=True,
            user=self._user,
            cwd=self.folder,
            capture_output=True,
        )


class MariaDbServer(DatabaseServer):
    """MariaDB."""

    name = "mariadb"

    @property
    def url(self) -> str:
        return f"mariadb://root@localhost/shop?unix_socket={self.folder / 'socket'}"

    @property
    def _user(self) -> str:
        return pwd.getpwuid(os.getuid()).pw_name

    def make(self) -> None:
        command = ["mariadb-install-db", f"--datadir={self.folder / 'data'}", f"--user={self._user}", "--no-defaults"]
        command += ["--auth-root-authentication-method=normal", "--skip-test-db"]
        subprocess.run(command, check=True, capture_output=True)

    def start(self) -> None:
        log = (self.folder / "log").open("ab")
        command = [_find("mariadbd"), "--no-defaults", f"--datadir={self.folder / 'data'}", f"--user={self._user}"]
        command += ["--skip-networking", f"--socket={self.folder / 'socket'}", f"--pid-file={self.folder / 'pid'}"]
        self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder, start_new_session=True)
        until(self._answers, "MariaDB to answer")

    def kill(self) -> None:
        if self.process is not None and self.process.poll() is None:
            _kill(self.process.pid)
            self.process.wait()

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, (self.folder / "log").read_text()[-2000:]
        try:
            connection = pymysql.connect(user="root", unix_socket=str(self.folder / "socket"))
        except pymysql.err.OperationalError:
            return False
        with connection, connection.cursor() as cursor:
            cursor.execute("CREATE DATABASE IF NOT EXISTS shop")
        return True


SERVERS = {server.name: server for server in (SqliteFile, PostgresServer, MariaDbServer)}


def is_installed(name: str) -> bool:
    """Whether the programs of a database are there."""
    if name == "postgresql":
        return bool(POSTGRESQL_PROGRAMS)
    return name == "sqlite" or bool(_find("mariadbd") and shutil.which("mariadb-install-db"))


def skip_unless_installed(name: str) -> None:
    """Skip the test with a warning where the programs of a database are not installed."""
    if not is_installed(name):
        sentence = f"NOT TESTED on {name}: it is not installed (apt-get install {PACKAGES[name]})"
        warnings.warn(sentence, stacklevel=2)
        pytest.skip(sentence)


@contextmanager
def database_server(name: str) -> Iterator[DatabaseServer]:
    """A running database; skips the test where its programs are not installed."""
    skip_unless_installed(name)
    with SERVERS[name]() as server:
        yield server


def _find(program: str) -> str:
    return shutil.which(program) or shutil.which(program, path="/usr/sbin") or ""


def _children(pid: int) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[1]) == pid:
            found.append(int(path.parent.name))
    return found


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
