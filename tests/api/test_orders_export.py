"""Goal: `orders export` writes the orders that were asked for, exactly, in each format, and no cell is a formula."""

from __future__ import annotations

import csv
import importlib.util
import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from onebox.testing import EngineThread
from orders.cli.main import main
from tests.conftest import environment_of
from tests.polling import until

Orders = Callable[..., Result]
ACCOUNT = "123123123126"
ADA = {
    "orderId": "1",
    "userId": "ada",
    "status": "new",
    "timestamp": "2026-05-03T12:00:00Z",
    "country": '=HYPERLINK("http://x")',
    "currency": "GBP",
    "total": 19.90,
    "address": {"city": "London"},
    "items": [{"sku": "A", "quantity": 2, "unitPrice": 4.95}, {"sku": "-B", "quantity": 1, "unitPrice": 10}],
}
BOB = {"orderId": "2", "userId": "bob", "status": "paid", "timestamp": "2026-05-04T12:00:00+02:00", "total": -5}
BARE = {"orderId": "3", "itemName": "Lantern", "quantity": 3}


@pytest.fixture(scope="module")
def orders() -> Iterator[Orders]:
    with EngineThread() as engine:
        environment = environment_of(engine.endpoint_url, ACCOUNT)

        def run(*arguments: str) -> Result:
            return CliRunner().invoke(main, arguments, env=environment)

        done = run("deploy", "--yes")
        assert done.exit_code == 0, done.output
        sns = engine.client("sns", account=ACCOUNT)
        for order in (ADA, BOB, BARE):
            sns.publish(TopicArn=f"arn:aws:sns:us-east-1:{ACCOUNT}:OrderTopic", Message=json.dumps(order))
        until(lambda: all(run("get", one).exit_code == 0 for one in "123"), "three orders")
        yield run


def ids(done: Result) -> set[str]:
    assert done.exit_code == 0, done.output
    return {json.loads(line)["orderId"] for line in done.stdout.splitlines()}


def test_json_lines_are_whole_orders(orders: Orders) -> None:
    lines = [json.loads(line) for line in orders("export").stdout.splitlines()]
    assert sorted(lines, key=lambda one: str(one["orderId"])) == [ADA, BOB, BARE]


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        (["--user", "ada"], {"1"}),
        (["--status", "paid", "--status", "new"], {"1", "2"}),
        (["--since", "2026-05-04T10:00:00Z"], {"2"}),
        (["--until", "2026-05-04T10:00:00Z"], {"1"}),
        (["--stored-since", "1h"], {"1", "2", "3"}),
        (["--stored-since", "1h", "--user", "bob"], {"2"}),
        (["--stored-until", "1h"], set()),
    ],
)
def test_orders_are_chosen_by_customer_status_order_time_and_stored_time(
    orders: Orders, options: list[str], wanted: set[str]
) -> None:
    assert ids(orders("export", *options)) == wanted


def test_csv_cells_are_exact_and_no_formula(orders: Orders, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    done = orders("export", str(path), "--json", "--columns", "orderId,total,country,address.city,items")
    assert json.loads(done.stdout) == {"orders": 3, "rows": 3, "format": "csv", "file": str(path)}
    rows = {row["orderId"]: row for row in csv.DictReader(StringIO(path.read_text("utf-8")))}
    assert rows["1"]["country"] == '\'=HYPERLINK("http://x")'
    assert (rows["1"]["address.city"], rows["1"]["total"], rows["2"]["total"]) == ("London", "19.9", "-5")
    assert json.loads(rows["1"]["items"]) == ADA["items"]
    assert "exists" in orders("export", str(path)).output
    assert orders("export", str(path), "--force").exit_code == 0


def test_order_lines_are_rows(orders: Orders) -> None:
    rows = list(csv.DictReader(StringIO(orders("export", "--lines", "--format", "csv").stdout)))
    told = sorted((one["orderId"], one["line"], one["sku"], one["itemName"], one["quantity"]) for one in rows)
    assert told == [
        ("1", "1", "A", "", "2"),
        ("1", "2", "'-B", "", "1"),
        ("2", "1", "", "", ""),
        ("3", "1", "", "Lantern", "3"),
    ]
    assert {one["userId"] for one in rows} == {"ada", "bob", ""}


def test_without_personal_fields(orders: Orders) -> None:
    done = orders("export", "--no-personal")
    assert "London" not in done.output
    assert "ada" not in done.output
    assert ids(done) == {"1", "2", "3"}
    assert "may be personal" in orders("export", "--no-personal", "--columns", "orderId,userId").output


def test_parquet_holds_decimals_and_text(orders: Orders, tmp_path: Path) -> None:
    path = tmp_path / "orders.parquet"
    done = orders("export", str(path))
    if importlib.util.find_spec("pyarrow") is None:
        assert done.exit_code == 1
        assert "Parquet needs the package pyarrow" in done.output
        assert not path.exists()
        return
    assert done.exit_code == 0, done.output
    parquet: Any = importlib.import_module("pyarrow.parquet")
    rows = {row["orderId"]: row for row in parquet.read_table(path).to_pylist()}
    assert rows["1"]["total"] == Decimal("19.9")
    assert rows["2"]["country"] is None
    assert not list(tmp_path.glob("*.part"))
