"""The measurements behind docs/decisions: ``python -m tests.bench.choices`` prints them anew.

Event loop (asyncio or uvloop), SQLite binding (sqlite3 or apsw), and where the writes run (on the loop's own
thread, or on a writer thread that the loop hands jobs to).
"""

from __future__ import annotations

import asyncio
import multiprocessing
import queue
import selectors
import socket
import sqlite3
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any

import apsw
import uvloop

from onebox.gateway.limits import BODY_BYTES_MAX
from onebox.gateway.message import Request, Response
from onebox.gateway.reply import Reply
from onebox.gateway.server import HttpServer
from onebox.steady_clock import SystemClock
from onebox.storage.database import Storage
from onebox.storage.opening import open_connection

REQUESTS = 30_000
CONNECTIONS = 32
RUNS = 3
INSERT = "INSERT INTO t (body) VALUES (?)"
BODY = b"x" * 300
OK = Response(200, b"{}", [("Content-Type", "application/json")])
REQUEST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 300\r\nX-Amz-Target: a.b\r\n\r\n" + b"y" * 300


def answer_nothing(folder: Path) -> Callable[[Request, Reply], None]:
    return lambda _request, reply: reply.send(OK)


def insert_on_the_loop(folder: Path) -> Callable[[Request, Reply], None]:
    connection = open_connection(folder / "loop.db")
    connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, body BLOB)")
    storage = Storage(connection, lambda _fault: None)

    def handle(request: Request, reply: Reply) -> None:
        storage.run(lambda: storage.execute(INSERT, (BODY,)))
        storage.after_commit(lambda: reply.send(OK))

    return handle


def insert_on_a_writer_thread(folder: Path) -> Callable[[Request, Reply], None]:
    jobs: queue.SimpleQueue[Reply] = queue.SimpleQueue()
    loop = asyncio.get_running_loop()

    def answer_all(group: list[Reply]) -> None:
        for reply in group:
            reply.send(OK)

    def write() -> None:
        connection = open_connection(folder / "thread.db")
        connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, body BLOB)")
        while True:
            group = [jobs.get()]
            while not jobs.empty() and len(group) < 256:
                group.append(jobs.get())
            connection.execute("BEGIN IMMEDIATE")
            for _ in group:
                connection.execute("SAVEPOINT job")
                connection.execute(INSERT, (BODY,))
                connection.execute("RELEASE job")
            connection.execute("COMMIT")
            loop.call_soon_threadsafe(answer_all, group)

    threading.Thread(target=write, daemon=True).start()
    return lambda _request, reply: jobs.put(reply)


FRONTS = {
    "empty answer": answer_nothing,
    "one durable insert, on the loop's thread": insert_on_the_loop,
    "one durable insert, on a writer thread": insert_on_a_writer_thread,
}


def serve(front: str, fast_loop: bool, ready: Pipe) -> None:
    async def run() -> None:
        with tempfile.TemporaryDirectory() as folder:
            server = HttpServer(FRONTS[front](Path(folder)), SystemClock(), lambda *_: BODY_BYTES_MAX)
            await server.start("127.0.0.1", 0)
            ready.send(server.port)
            await asyncio.Event().wait()

    if fast_loop:
        uvloop.install()
    asyncio.run(run())


def load(port: int) -> float:
    """Requests a second over keep-alive connections."""
    selector = selectors.DefaultSelector()
    for _ in range(CONNECTIONS):
        connection = socket.create_connection(("127.0.0.1", port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(REQUEST)
        selector.register(connection, selectors.EVENT_READ, connection)
    answered = 0
    begin = time.perf_counter()
    while answered < REQUESTS:
        for key, _ in selector.select():
            key.data.recv(65536)
            answered += 1
            key.data.sendall(REQUEST)
    rate = answered / (time.perf_counter() - begin)
    for key in list(selector.get_map().values()):
        key.data.close()
    return rate


def measure_front(front: str, fast_loop: bool) -> float:
    rates = []
    for _ in range(RUNS):
        here, there = multiprocessing.Pipe()
        process = multiprocessing.get_context("spawn").Process(
            target=serve, args=(front, fast_loop, there), daemon=True
        )
        process.start()
        rates.append(load(here.recv()))
        process.kill()
        process.join()
    return statistics.median(rates)


def measure_binding(open_database: Callable[[str], Any], commits: int, group: int) -> float:
    """Inserts a second, ``group`` to a commit."""
    with tempfile.TemporaryDirectory() as folder:
        connection = open_database(f"{folder}/b.db")
        execute = connection.execute
        for pragma in ("journal_mode = WAL", "synchronous = FULL"):
            execute(f"PRAGMA {pragma}").fetchall()
        execute("CREATE TABLE t (id INTEGER PRIMARY KEY, body BLOB)")
        begin = time.perf_counter()
        for _ in range(commits):
            execute("BEGIN IMMEDIATE")
            for _ in range(group):
                execute("SAVEPOINT job")
                execute(INSERT, (BODY,))
                execute("RELEASE job")
            execute("COMMIT")
        rate = commits * group / (time.perf_counter() - begin)
        connection.close()
    return rate


def main() -> None:
    for front in FRONTS:
        for fast_loop in (False, True):
            name = "uvloop" if fast_loop else "asyncio"
            print(f"{front}, {name}: {measure_front(front, fast_loop):,.0f} requests/s", flush=True)
    for group in (1, 64):
        standard = measure_binding(lambda path: sqlite3.connect(path, isolation_level=None), 3000 // group, group)
        other = measure_binding(apsw.Connection, 3000 // group, group)
        print(f"{group} inserts a commit: sqlite3 {standard:,.0f}/s, apsw {other:,.0f}/s", flush=True)


if __name__ == "__main__":
    main()
