"""Goal: whatever lies in OrderDLQ or in the table, every command and page shows it, bounded and as text alone, and one
bad message never stops the others.
"""

from __future__ import annotations

import gc
import json
import re
import time
from pathlib import Path

import pytest

from onebox.testing import EngineThread
from tests.api.test_orders_dlq import Shop, shop
from tests.console.support import console_for
from tests.polling import until
from tests.quick_python import leave_out_what_is_there

__all__ = ["shop"]

ESCAPE = "\x1b]0;owned\x07\x1b[2J\x9b2J\u202e"
HOSTILE = {
    "huge": '{"orderId":"huge","total":1e300000000}',
    "tiny": '{"orderId":"tiny","total":1e-300000000}',
    "beyond": '{"orderId":"beyond","total":1e99999999999999999999}',
    "long": '{"orderId":"long","total":' + "9" * 100_000 + "}",
    "half": '{"orderId":"half","note":"cut \\ud83d"}',
    "half id": '{"orderId":"half \\ud83d id"}',
    "half twice": json.dumps('{"orderId":"twice","note":"\ud83d"}'),
    "escape": json.dumps({"orderId": f"esc{ESCAPE}", "total": "x", "note": ESCAPE}),
    "deep": '{"orderId":"deep","x":' + "[" * 900 + "]" * 900 + "}",
    "deeper": "[" * 100_000,
    "name": json.dumps({"orderId": "name", "n" * 70_000: 1}),
    "wide": json.dumps({"orderId": "wide", "quantity": "x", **{f"field {number}": number for number in range(5_000)}}),
    "not json": "\U0001f600 {" * 1_000,
}
unsafe = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\ud800-\udfff]")
SECONDS_MAX = 20.0
"""For one command on all of them; the machine may be busy."""


@pytest.fixture
def hostile(shop: Shop) -> dict[str, str]:
    """The messages' ids, by name."""
    ids = {name: shop.fail(body) for name, body in HOSTILE.items()}
    ids["logged"] = shop.fail("{}", f"reason {ESCAPE} " + "r" * 50_000)
    leave_out_what_is_there()  # before each of many commands the rest is collected
    return ids


def run(shop: Shop, *arguments: str, code: int = 0, given: str | None = None) -> str:
    # What earlier commands left is not to be collected within a deep message, where no finalizer has stack left.
    gc.collect()
    began = time.monotonic()
    result = shop.run(*arguments, given=given)
    assert result.exit_code == code, (result.output[:2_000], result.exception)
    assert time.monotonic() - began < SECONDS_MAX
    assert unsafe.search(result.output) is None
    return str(result.output)


def test_every_command_works_on_every_message_of_the_dead_letter_queue(
    shop: Shop, hostile: dict[str, str], tmp_path: Path
) -> None:
    for listed in (run(shop, "dlq", "list"), run(shop, "dlq", "list", "--each")):
        assert len(listed) < 200_000
        assert "more characters" in listed
    rows = run(shop, "dlq", "list", "--each", "--json").splitlines()
    assert {json.loads(row)["message_id"] for row in rows} == set(hostile.values())
    for name, message_id in hostile.items():
        shown = run(shop, "dlq", "show", message_id)
        assert len(shown) < 10 * len(HOSTILE.get(name, "")) + 20_000, name
        run(shop, "dlq", "show", message_id, "--json")
    assert "1e300000000" in run(shop, "dlq", "show", hostile["huge"])
    assert "cut \\ud83d" in run(shop, "dlq", "show", hostile["half"])
    run(shop, "dlq", "export", str(tmp_path / "failed.jsonl"))
    lines = [json.loads(line) for line in (tmp_path / "failed.jsonl").read_text().splitlines()]
    exported = {line["message_id"]: line["body"] for line in lines}
    assert {exported[hostile[name]] for name in HOSTILE} == set(HOSTILE.values())
    assert len(run(shop, "dlq", "redrive", "--reason", "").splitlines()) == 1
    assert shop.bodies("OrderDLQ") == []
    assert len(shop.bodies("OrderQueue")) == len(hostile)


def test_edit_mends_a_message_with_half_a_surrogate_pair(shop: Shop, hostile: dict[str, str], tmp_path: Path) -> None:
    mended = tmp_path / "mended.json"
    mended.write_text('{"orderId":"half"}')
    for name in ("half", "half id", "huge", "deep"):
        run(shop, "dlq", "edit", hostile[name], "--with", str(mended))
    assert shop.bodies("OrderQueue") == ['{"orderId":"half"}'] * 4


def test_verify_of_a_file_names_the_bad_lines_and_judges_the_others(
    shop: Shop, hostile: dict[str, str], tmp_path: Path
) -> None:
    shop.client("dynamodb").create_table(
        TableName="Orders",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "orderId", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "orderId", "AttributeType": "S"}],
    )
    path = tmp_path / "orders.jsonl"
    path.write_text('{"orderId":"fine"}\n' + "\n".join(HOSTILE.values()) + "\n")
    found = run(shop, "verify", str(path), code=4)
    assert "missing" in found
    assert found.count("dead") >= len(HOSTILE) - 1


def test_publish_refuses_by_line_and_path_what_the_function_would(shop: Shop, tmp_path: Path) -> None:
    shop.client("sns").create_topic(Name="OrderTopic")
    bad = {name: HOSTILE[name] for name in HOSTILE if name not in ("deeper", "not json")}
    path = tmp_path / "orders.jsonl"
    path.write_text("\n".join(bad.values()) + '\n{"orderId":"good"}\n')
    said = run(shop, "publish", str(path), code=shop.run("publish", str(path)).exit_code)
    for number, _ in enumerate(bad, 1):
        assert f"{path}:{number}: " in said
    assert f"{path}:1: total: this number does not fit" in said


def test_every_console_page_works_on_every_message(
    shop: Shop, hostile: dict[str, str], onebox: EngineThread, account: str
) -> None:
    with console_for(onebox, account) as browser:
        browser.text("/failed")
        until(lambda: browser.get("/failed/export").status_code == 200, "the queue to be read")
        for path in ("/failed", "/failed/orders"):
            browser.text(path)
        export = browser.get("/failed/export")
        assert len(export.text.splitlines()) == len(hostile)
        for name, message_id in hostile.items():
            began = time.monotonic()
            page = browser.get("/failed/message", id=message_id)
            assert page.status_code == 200, name
            assert len(page.content) < 20 * len(HOSTILE.get(name, "")) + 100_000
            assert time.monotonic() - began < SECONDS_MAX


def test_stored_texts_reach_the_terminal_and_csv_as_text(shop: Shop) -> None:
    dynamodb = shop.client("dynamodb")
    dynamodb.create_table(
        TableName="Orders",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "orderId", "KeyType": "HASH"}],
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": "S"} for name in ("orderId", "status", "timestamp")
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "byStatus",
                "KeySchema": [
                    {"AttributeName": "status", "KeyType": "HASH"},
                    {"AttributeName": "timestamp", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )
    dynamodb.put_item(
        TableName="Orders",
        Item={
            "orderId": {"S": f"=HYPERLINK({ESCAPE})"},
            "userId": {"S": "@SUM(A1)\nnext"},
            "status": {"S": "new"},
            "timestamp": {"S": "2026-05-03T12:00:00Z"},
            "country": {"S": ESCAPE},
        },
    )
    assert "\\x1b]0;owned" in run(shop, "list", "--status", "new")
    table = run(shop, "list", "--status", "new", "--format", "csv")
    assert "'=HYPERLINK" in table
    assert "'@SUM(A1)\\nnext" in table
    run(shop, "list", "--status", "new", "--json")
    run(shop, "get", f"=HYPERLINK({ESCAPE})")
    run(shop, "get", f"missing{ESCAPE}", code=1)


def test_redrive_of_nothing_asks_nothing(shop: Shop) -> None:
    assert run(shop, "dlq", "redrive") == "OrderDLQ holds no failed orders: nothing was sent back\n"


def test_logs_and_watch_without_a_stack_say_so(shop: Shop) -> None:
    for command in ("logs", "watch"):
        assert "orders deploy" in run(shop, command, code=1)
