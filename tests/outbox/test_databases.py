"""Goal: on each database a row that was committed is published, by whatever the shop wrote it, and no other; the relay
wakes at the commit, survives the loss of the server, and several relays share the rows.

PostgreSQL and MariaDB are servers of the test's own; where they are not installed, a warning says what is not tested.
"""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg
import pymysql
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text
from sqlalchemy.orm import Session

from orders.cli.main import main
from orders.clock import SystemClock
from orders.outbox import add
from orders.outbox.claims import make_claims
from orders.outbox.database import Database, open_database
from orders.outbox.relay import Options, Relay
from orders.outbox.report import Progress
from orders.outbox.status import read_status
from orders.outbox.store import OutboxStore
from orders.outbox.table import Tables, make_tables
from orders.outbox.waking import ListeningWaking, Stop, make_waking
from orders.publishing.topic import open_order_topic
from tests.outbox.servers import SERVERS, DatabaseServer, database_server
from tests.polling import until

Run = Callable[..., Result]


@pytest.fixture(scope="module", params=list(SERVERS))
def server(request: pytest.FixtureRequest) -> Iterator[DatabaseServer]:
    with database_server(request.param) as server:
        yield server


@pytest.fixture
def run(server: DatabaseServer, aws_environment: dict[str, str], client: Callable[..., Any]) -> Run:
    """The orders command in an account that has OrderTopic, on a database with an empty outbox."""
    client("sns").create_topic(Name="OrderTopic")
    environment = {**aws_environment, "ORDERS_DATABASE": server.url}

    def invoke(*arguments: str, given: str | None = None) -> Result:
        return CliRunner().invoke(main, arguments, env=environment, input=given)

    made = invoke("relay", "init")
    assert made.exit_code == 0, made.output
    with closing(open_database(server.url)) as database, database.engine.begin() as connection:
        for table in make_tables():
            connection.execute(table.delete())
    return invoke


@pytest.fixture
def database(server: DatabaseServer, run: Run) -> Iterator[Database]:
    with closing(open_database(server.url)) as database:
        yield database


@pytest.fixture
def heard(client: Callable[..., Any], run: Run) -> Callable[[], list[str]]:
    """The order ids that OrderTopic published since the last call, in its order."""
    sqs, sns = client("sqs"), client("sns")
    url = sqs.create_queue(QueueName="Heard")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    allow = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    topic = sns.create_topic(Name="OrderTopic")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})

    def take() -> list[str]:
        found: list[str] = []
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            found += [json.loads(message["Body"])["orderId"] for message in messages]
        return found

    return take


@contextmanager
def relaying(
    server: DatabaseServer, environment: dict[str, str], *, connections: int = 1, number: int = 1
) -> Iterator[list[Progress]]:
    """A relay on a thread of its own, in a block; what it told."""
    told: list[Progress] = []
    stop = Stop()
    opened, tables = open_database(server.url), make_tables()
    key, endpoint = environment["AWS_ACCESS_KEY_ID"], environment["AWS_ENDPOINT_URL"]
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (("ID", key), ("SECRET", "test")):
            patch.setenv({"ID": "AWS_ACCESS_KEY_ID", "SECRET": "AWS_SECRET_ACCESS_KEY"}[name], value)
        relay = Relay(
            OutboxStore(opened, tables),
            lambda: open_order_topic(endpoint, "us-east-1", None),
            make_waking(opened, tables.outbox, stop, 20),
            SystemClock(),
            Options(f"relay-{number}", connections=connections),
            told.append,
        )
        thread = threading.Thread(target=relay.run)
        thread.start()
        try:
            until(lambda: told, "the relay's first look")
            yield told
        finally:
            stop.set()
            thread.join()
            stop.close()


def waiting(database: Database) -> int:
    return read_status(database, make_tables()).waiting


# --- What the shop writes ---------------------------------------------------------------------------------------------


def test_rows_of_sessions_drivers_and_plain_sql_are_published_and_none_that_was_rolled_back(
    server: DatabaseServer, database: Database, run: Run, heard: Callable[[], list[str]]
) -> None:
    with Session(database.engine) as session:
        add(session, {"orderId": "session"})
        session.commit()
        add(session, {"orderId": "session, rolled back"})
        session.rollback()
    with closing(driver_connection(server, database)) as connection:
        add(connection, {"orderId": "driver", "note": "100 % £"})
        connection.commit()
        add(connection, {"orderId": "driver, rolled back"})
        connection.rollback()
    with database.engine.begin() as plain:
        plain.execute(text("""INSERT INTO orders_outbox (order_id, body) VALUES ('plain', '{"orderId": "plain"}')"""))
    done = run("relay", "run", "--once", "--json")
    assert (done.exit_code, json.loads(done.stdout)["sent"]) == (0, 3), done.output
    assert heard() == ["session", "driver", "plain"]


def driver_connection(server: DatabaseServer, database: Database) -> Any:
    """A DB-API connection by the database's own driver."""
    if server.name == "postgresql":
        return psycopg.connect(server.url)
    if server.name == "mariadb":
        return pymysql.connect(user="root", database="shop", unix_socket=str(server.folder / "socket"))
    return sqlite3.connect(database.path or "")


def test_a_psycopg_connection_with_autocommit_is_refused_outside_a_transaction(
    server: DatabaseServer, run: Run
) -> None:
    if server.name != "postgresql":
        pytest.skip("psycopg is PostgreSQL's")
    with psycopg.connect(server.url, autocommit=True) as connection:
        with pytest.raises(Exception, match="in no transaction"):
            add(connection, {"orderId": "1"})
        with connection.transaction():
            add(connection, {"orderId": "1"})
    assert json.loads(run("relay", "status", "--json").stdout)["waiting"] == 1


def test_an_id_that_was_given_first_and_committed_last_is_published_too(
    database: Database, run: Run, heard: Callable[[], list[str]]
) -> None:
    """Ids become visible in another order than they were given: nothing may be looked for behind the last one only."""
    if database.kind == "sqlite":
        pytest.skip("SQLite has one writer")
    with database.engine.connect() as slow, database.engine.connect() as quick:
        add(slow, {"orderId": "first id"})
        add(quick, {"orderId": "second id"})
        quick.commit()
        assert run("relay", "run", "--once").exit_code == 0
        assert heard() == ["second id"]
        slow.commit()
    assert run("relay", "run", "--once").exit_code == 0
    assert heard() == ["first id"]


def test_texts_of_every_kind_come_through_unchanged(
    database: Database, run: Run, client: Callable[..., Any], heard: Callable[[], list[str]]
) -> None:
    order_id = "A B ' \" % \\ é 漢字 😀 " + "x" * 1_900
    order = {"orderId": order_id, "note": "\\u0000 :name %s ? 😀", "blob": "é" * 100_000}
    with database.engine.begin() as connection:
        add(connection, order)
        add(connection, {"orderId": order_id + " "})
        add(connection, {"orderId": order_id.lower()})
    assert run("relay", "run", "--once").exit_code == 0
    assert set(heard()) == {order_id, order_id + " ", order_id.lower()}


# --- The relay --------------------------------------------------------------------------------------------------------


def test_a_relay_publishes_a_row_when_it_is_committed(
    server: DatabaseServer, database: Database, aws_environment: dict[str, str], heard: Callable[[], list[str]]
) -> None:
    with relaying(server, aws_environment):
        for number in range(3):
            with database.engine.begin() as connection:
                add(connection, {"orderId": str(number)})
            assert until(heard, "the order") == [str(number)]


def test_postgresql_tells_of_a_commit_without_a_poll(server: DatabaseServer, database: Database, run: Run) -> None:
    if server.name != "postgresql":
        pytest.skip("LISTEN is PostgreSQL's")
    stop, tables = Stop(), make_tables()
    waking = make_waking(database, tables.outbox, stop, 3_600_000)
    assert isinstance(waking, ListeningWaking)
    waking.wait_for_rows()  # begins to listen
    with database.engine.begin() as connection:
        add(connection, {"orderId": "1"})
    waking.wait_for_rows()  # would wait an hour
    with psycopg.connect(server.url, autocommit=True) as connection:
        mine = "query LIKE '%pg_trigger%' AND pid <> pg_backend_pid()"
        connection.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {mine}")
    waking.wait_for_rows()  # the connection is lost: look
    waking.wait_for_rows()  # listens again
    with database.engine.begin() as connection:
        add(connection, {"orderId": "2"})
    waking.wait_for_rows()
    waking.close()
    stop.close()


def test_two_relays_share_the_rows_and_publish_each_once_in_order(
    server: DatabaseServer, database: Database, aws_environment: dict[str, str], heard: Callable[[], list[str]]
) -> None:
    with (
        relaying(server, aws_environment, connections=2) as first,
        relaying(server, aws_environment, number=2) as second,
    ):
        for number in range(150):
            with database.engine.begin() as connection:
                add(connection, {"orderId": f"{number % 7}"})
                add(connection, {"orderId": f"only {number}"})
        until(lambda: waiting(database) == 0, "all rows to be published")
        relays = {relay.name for relay in read_status(database, make_tables()).relays}
    if server.name != "sqlite":  # where one stands by
        assert {progress.problem for progress in [*first, *second]} == {None}
    ids = heard()
    assert sorted(ids) == sorted([*(f"{number % 7}" for number in range(150)), *(f"only {n}" for n in range(150))])
    assert relays == {"relay-1", "relay-2"}


def test_a_relay_says_that_the_server_is_lost_and_goes_on_when_it_is_back(
    server: DatabaseServer, run: Run, aws_environment: dict[str, str], heard: Callable[[], list[str]]
) -> None:
    if server.name == "sqlite":
        pytest.skip("SQLite has no server")
    with relaying(server, aws_environment) as told:
        server.kill()
        problem = until(lambda: told[-1].problem, "the problem")
        assert problem.startswith(f"the database {server.url.partition(':')[0].replace('mariadb', 'mysql')}://")
        server.start()
        until(lambda: told[-1].problem is None, "the relay to go on")
        with closing(open_database(server.url)) as database, database.engine.begin() as connection:
            add(connection, {"orderId": "1"})
        assert until(heard, "the order") == ["1"]


def test_an_order_that_another_relay_holds_is_neither_waited_for_nor_sent(
    database: Database, run: Run, heard: Callable[[], list[str]], server: DatabaseServer
) -> None:
    if server.name == "sqlite":
        pytest.skip("on SQLite one relay works at a time")
    with database.engine.begin() as connection:
        for order_id in ("held", "held", "free"):
            add(connection, {"orderId": order_id})
    with database.engine.connect() as other:
        first = text("SELECT id FROM orders_outbox WHERE order_id = 'held' ORDER BY id LIMIT 1 FOR UPDATE")
        other.execute(first)
        with claiming(server) as claimed:
            assert claimed == ["free"]
        other.rollback()
    assert run("relay", "run", "--once").exit_code == 0
    assert heard() == ["held", "free", "held"]


@contextmanager
def claiming(server: DatabaseServer) -> Iterator[list[str]]:
    """The orders that a relay gets if it looks now; held in the block and then left as they were."""
    with closing(open_database(server.url)) as database:
        claims = make_claims(OutboxStore(database, make_tables()), keep=False)
        with claims.claim(10) as claim:
            yield [row.order_id for row in claim.rows]


# --- The commands -----------------------------------------------------------------------------------------------------


def test_the_shown_sql_makes_the_table(server: DatabaseServer, database: Database, run: Run) -> None:
    shown = run("relay", "init", "--show", "--table", "shown_outbox")
    assert shown.exit_code == 0, shown.output
    tables: Tables = make_tables("shown_outbox")
    with database.engine.begin() as connection:
        for statement in shown.stdout.split(";\n\n"):
            if statement.strip():
                connection.execute(text(statement.replace(":", r"\:").removesuffix(";")))
    OutboxStore(database, tables).check_tables()
    with database.engine.begin() as connection:
        add(connection, {"orderId": "1"}, table="shown_outbox")
        for table in tables:
            table.drop(connection)


def test_status_and_refused_rows(database: Database, run: Run) -> None:
    with database.engine.begin() as connection:
        connection.execute(text("INSERT INTO orders_outbox (order_id, body) VALUES ('1', '[red]no order[/]')"))
        connection.execute(text("""INSERT INTO orders_outbox (order_id, body) VALUES ('2', '{"orderId"\\: 2}')"""))
        add(connection, {"orderId": "3"})
    before = json.loads(run("relay", "status", "--json").stdout)
    assert (before["waiting"], before["refused"], before["relays"]) == (3, 0, [])
    assert 0 <= before["oldestMs"] < 600_000
    assert run("relay", "run", "--once").exit_code == 3
    shown = run("relay", "status").stdout
    assert "waiting    0 rows" in shown
    assert "refused    2 rows" in shown
    assert "orderId: expected a string of 1 to 2048 bytes, got 2" in shown
    first, second = (json.loads(line) for line in run("relay", "refused", "--json").stdout.splitlines())
    assert (first["order_id"], second["order_id"]) == ("1", "2")
    assert "[red]no order[/]" in run("relay", "refused", str(first["id"])).stdout
    wrong = run("relay", "retry", str(second["id"]), "--with", "-", given='{"orderId": "other"}')
    assert "its orderId is 'other', the refused row is of '2'" in wrong.stderr
    assert run("relay", "retry", str(second["id"]), "--with", "-", given='{"orderId": "2"}').exit_code == 0
    assert run("relay", "drop", "--all", "--yes").exit_code == 0
    assert run("relay", "run", "--once").exit_code == 0
    assert json.loads(run("relay", "status", "--json").stdout)["refused"] == 0


def test_status_is_a_probe_for_rows_that_wait_too_long(database: Database, run: Run) -> None:
    assert run("relay", "status", "--max-age", "1s").exit_code == 0
    with database.engine.begin() as connection:
        add(connection, {"orderId": "1"})
        connection.execute(text("UPDATE orders_outbox SET created_at_ms = created_at_ms - 120000"))
    assert run("relay", "status", "--max-age", "60s").exit_code == 1
    assert run("relay", "status", "--max-age", "10m").exit_code == 0


def test_the_waiting_rows_are_found_by_the_index(server: DatabaseServer, database: Database, run: Run) -> None:
    """The cost of a look does not grow with the rows that are kept."""
    if server.name != "sqlite":
        pytest.skip("the planners of servers choose by statistics")
    store = OutboxStore(database, make_tables())
    with database.engine.connect() as connection:
        statement = str(store.window.compile(compile_kwargs={"literal_binds": True}))
        plan = connection.execute(text(f"EXPLAIN QUERY PLAN {statement}")).all()
    assert [row[3] for row in plan] == ["SEARCH orders_outbox USING INDEX orders_outbox_by_state (state=?)"]


def test_sigterm_ends_a_relay_cleanly(server: DatabaseServer, run: Run, aws_environment: dict[str, str]) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "orders", "relay", "run"],
        env={**aws_environment, "ORDERS_DATABASE": server.url},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert "Relaying orders_outbox of " in process.stdout.readline()
    process.terminate()
    output, errors = process.communicate()
    assert (process.returncode, errors) == (0, "")
    assert "Stopped. 0 orders published" in output
