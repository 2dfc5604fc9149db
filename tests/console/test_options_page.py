"""Goal: the page Options tells what each optional part does, what waits and what was refused, or how to turn it on."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from onebox.testing import EngineThread
from orders.audit.log import AuditLog
from orders.aws.clients import Aws
from orders.cli.main import main
from orders.clock import SystemClock
from orders.console import render
from orders.console.settings import REFRESH_ONEBOX, ConsoleSettings
from orders.monitoring.options import Activity, IntakeState
from tests.api.optional_parts import system_with_options
from tests.conftest import environment_of
from tests.console.support import Browser, console_for, onebox_settings
from tests.polling import until

ACCOUNT = "700000000001"
SPAN = {"since": "2026-05-03T12:00:00Z", "until": "2026-05-03T13:00:00Z"}


@pytest.fixture
def bare(onebox: EngineThread, account: str) -> Iterator[Browser]:
    with console_for(onebox, account) as browser:
        yield browser


@pytest.fixture(scope="module")
def engine() -> Iterator[EngineThread]:
    with system_with_options(ACCOUNT, "-p", "Intake=Token") as engine:
        yield engine


@pytest.fixture
def browser(engine: EngineThread) -> Iterator[Browser]:
    with console_for(engine, ACCOUNT) as browser:
        yield browser


@pytest.fixture
def aws(engine: EngineThread) -> Aws:
    return Aws(onebox_settings(engine, ACCOUNT))


def orders(engine: EngineThread, *arguments: str, given: str | None = None) -> str:
    done = CliRunner().invoke(main, arguments, env=environment_of(engine.endpoint_url, ACCOUNT), input=given)
    assert done.exit_code == 0, done.output
    return done.output


# --- Off --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("panel", "command"),
    [
        ("intake", "orders deploy -p Intake=Token"),
        ("history", "orders deploy -p History=Yes"),
        ("archive", "orders deploy -p Archive=Yes"),
        ("claims", "orders deploy -p ClaimCheck=Yes"),
        ("relay", "--database URL"),
        ("replays", "orders replay --since 2h --to OrderQueue"),
    ],
)
def test_what_is_off_says_so_and_names_what_turns_it_on(bare: Browser, panel: str, command: str) -> None:
    assert f"/options/{panel}" in bare.text("/options")
    assert command in bare.text(f"/options/{panel}")


# --- On ---------------------------------------------------------------------------------------------------------------


def test_intake_shows_its_callers_and_what_was_refused(engine: EngineThread, aws: Aws, browser: Browser) -> None:
    assert "there is no caller" in browser.text("/options/intake")
    orders(engine, "intake", "add", "shop")
    refusal = {"level": "INFO", "status": 401, "caller": "<i>nobody</i>"}
    events = [{"timestamp": SystemClock().now_ms(), "message": json.dumps(refusal)}] * 2
    logs = aws.client("logs")
    logs.create_log_stream(logGroupName="/aws/lambda/OrderIntake", logStreamName="s")
    logs.put_log_events(logGroupName="/aws/lambda/OrderIntake", logStreamName="s", logEvents=events)
    panel = browser.text("/options/intake")
    assert "1 caller may send orders" in panel
    assert "&lt;i&gt;nobody&lt;/i&gt;" in panel
    assert "no token or signature, or an invalid one" in panel
    assert ">2</td>" in panel
    assert "1 caller; last minute" in orders(engine, "status")


def test_history_and_archive_show_what_went_through_and_the_last_object(engine: EngineThread, browser: Browser) -> None:
    orders(engine, "publish", "-", given='{"orderId": "A-1", "total": 5}')
    panel = until(
        lambda: found if "jsonl.gz" in (found := browser.text("/options/archive")) else None, "an archived order"
    )
    assert f"orders-archive-{ACCOUNT}-us-east-1" in panel
    assert "0 waiting" in until(
        lambda: found if "0 waiting" in (found := browser.text("/options/archive")) else None, "an empty queue"
    )
    panel = until(
        lambda: found if " 1 in the last hour" in (found := browser.text("/options/history")) else None, "a change"
    )
    assert "enabled" in panel
    assert "Given up</dt><dd>none" in panel
    options = json.loads(orders(engine, "status", "--json"))["options"]
    assert options["archive"]["newest"]["bytes"] > 0
    assert options["history"]["given_up"] == 0


def test_a_replay_is_shown_while_it_runs_and_when_it_is_done(engine: EngineThread, aws: Aws, browser: Browser) -> None:
    clock = SystemClock()
    change = AuditLog(aws, clock).begin("replay", "warehouse", after=SPAN)
    told = {**SPAN, "sent": 1234, "refused": 1, "readUntil": "2026-05-03T12:15:00Z"}
    change.report({**told, "reportedAtMs": clock.now_ms()})
    panel = browser.text("/options/replays")
    assert "under way" in panel
    assert "25 %" in panel
    assert "1,234" in panel
    shown = orders(engine, "status")
    assert "25%, 1,234 sent to warehouse, 1 refused" in shown
    change.end(after={**told, "sent": 5000})
    panel = browser.text("/options/replays")
    assert "5,000" in panel
    assert "under way" not in panel
    assert "100 %" in panel


def test_a_replay_by_command_leaves_its_result(engine: EngineThread, browser: Browser) -> None:
    orders(engine, "replay", "--since", "1h", "--to", "OrderQueue", "--json")
    panel = browser.text("/options/replays")
    assert "OrderQueue" in panel
    assert 'class="tag good">done' in panel


# --- Relay ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def outbox(tmp_path: Path) -> str:
    path = tmp_path / "shop.db"
    done = CliRunner().invoke(main, ["relay", "init", "--database", str(path)])
    assert done.exit_code == 0, done.output
    with sqlite3.connect(path) as shop:
        for number in range(3):
            shop.execute("INSERT INTO orders_outbox (order_id, body) VALUES (?, '{}')", (str(number),))
        shop.execute(
            "INSERT INTO orders_outbox (order_id, body, state, refusal_code, refusal, done_at_ms)"
            " VALUES ('4', '{}', 'refused', 'OrderRejected', 'total: <b>much</b>', 1)"
        )
    return str(path)


def relay_panel(onebox: EngineThread, account: str, database: str) -> str:
    settings = ConsoleSettings(refresh=REFRESH_ONEBOX, database=database)
    with console_for(onebox, account, settings) as browser:
        return browser.text("/options/relay")


def test_relay_shows_what_waits_and_what_was_refused(onebox: EngineThread, account: str, outbox: str) -> None:
    panel = relay_panel(onebox, account, outbox)
    assert "3 rows, the oldest for" in panel
    assert "Rows wait and no relay is at work" in panel
    assert "total: &lt;b&gt;much&lt;/b&gt;" in panel


def test_relay_tells_silent_and_working_relays_apart(onebox: EngineThread, account: str, outbox: str) -> None:
    now_ms = SystemClock().now_ms()
    with sqlite3.connect(outbox) as shop:
        for name, seen_at_ms in (("busy", now_ms), ("gone", now_ms - 600_000)):
            shop.execute(
                "INSERT INTO orders_outbox_relays (name, started_at_ms, seen_at_ms, sent, refused, sent_per_minute)"
                " VALUES (?, ?, ?, 7, 0, 60)",
                (name, now_ms - 900_000, seen_at_ms),
            )
    panel = relay_panel(onebox, account, outbox)
    assert "1 relay at work" in panel
    assert "silent for 10 min" in panel
    assert "60 in the last minute" in panel


@pytest.mark.parametrize(
    ("database", "sentence"),
    [
        ("no/such/shop.db", "there is no SQLite database"),
        ("oracle://u:hidden-word@h/x", "is no database that is offered"),
        ("postgresql://u:hidden-word@127.0.0.1:1/x", "Check --database"),
    ],
)
def test_a_database_that_cannot_be_read_is_told_without_its_password(
    onebox: EngineThread, account: str, database: str, sentence: str
) -> None:
    panel = relay_panel(onebox, account, database)
    assert sentence in panel
    assert "hidden-word" not in panel


@pytest.mark.parametrize(
    ("refusals", "sentence"),
    [(0.0, "No request was refused in the last hour"), (3.0, "names none of the refused requests")],
)
def test_the_intake_panel_never_denies_refusals_that_only_lambda_counted(refusals: float, sentence: str) -> None:
    state = IntakeState(
        url="https://x.example/",
        auth="IAM",
        callers=(),
        requests=Activity(1.0, 5.0, 0.0),
        refusals=refusals,
        refused=(),
        is_cut=False,
    )
    panel = render.fragment("_option_intake.html", state=state)
    assert sentence in panel
    assert f">{refusals:.0f}</span> in the last hour" in panel
    assert ("No request was refused" in panel) == (not refusals)
