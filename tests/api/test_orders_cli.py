"""Goal: the orders command does on a fresh system what its help says, from deploy to destroy."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from onebox.testing import EngineThread
from orders.cli.main import main
from tests.api.order_system import TRUST, failures, let_receives_end
from tests.conftest import environment_of
from tests.polling import until

ORDERS = [
    '{"orderId":"A","total":19.99,"status":"new","userId":"U1","timestamp":"2026-05-03T12:00:00Z"}',
    '{"orderId":"B","total":5,"status":"new","timestamp":"2026-05-03T12:01:00Z"}',
    '{"orderId":"C","status":"paid","userId":"U1","timestamp":"2026-05-03T12:02:00Z"}',
]


@dataclass
class Cli:
    engine: EngineThread
    environment: dict[str, str]

    def run(self, *arguments: str, given: str | None = None) -> Result:
        return CliRunner().invoke(main, arguments, env=self.environment, input=given)

    def json(self, *arguments: str) -> Any:
        """The answer to a command that must succeed."""
        result = self.run(*arguments, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    def json_lines(self, *arguments: str) -> list[Any]:
        result = self.run(*arguments, "--json")
        assert result.exit_code == 0, result.output
        return [json.loads(line) for line in result.stdout.splitlines()]

    def failed(self) -> list[Any]:
        """The orders in OrderDLQ; `dlq list` tells of those that are failing now as well."""
        return [row for row in self.json_lines("dlq", "list", "--each") if row["state"] == "failed"]


@pytest.fixture
def ledgers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orders.cli.publish.ledger_folder", lambda: tmp_path / "ledgers")


@pytest.fixture
def cli(paced: EngineThread, waits_move_time: None, ledgers: None) -> Cli:
    return Cli(paced, environment_of(paced.endpoint_url))


@pytest.fixture(scope="module")
def shared_system(onebox: EngineThread, file_account: str) -> Cli:
    cli = Cli(onebox, environment_of(onebox.endpoint_url, file_account))
    result = cli.run("deploy", "--yes")
    assert result.exit_code == 0, result.output
    return cli


@pytest.fixture
def standing(shared_system: Cli, ledgers: None) -> Cli:
    """A system for tests that ask for what is not there, or send nothing but what is refused."""
    return shared_system


@pytest.fixture
def client(paced: EngineThread) -> Callable[..., Any]:
    return paced.client


@pytest.fixture
def deployed(cli: Cli) -> Cli:
    result = cli.run("deploy", "--yes", "--parameter", "FunctionTimeout=29")
    assert result.exit_code == 0, result.output
    return cli


def write(path: Path, *lines: str) -> str:
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def wait_for_orders(cli: Cli, *order_ids: str) -> None:
    until(
        lambda: {order["orderId"] for order in cli.json_lines("list")} >= set(order_ids),
        f"orders {order_ids} in the table",
    )


def let_fail(cli: Cli, count: int, earlier: int = 0) -> list[Any]:
    """The orders that fail, set aside after three receives; ``earlier`` receives failed before."""

    def find() -> list[Any] | None:
        letters = cli.failed()
        return letters if len(letters) == count else None

    let_receives_end(cli.engine, lambda: failures(cli.engine), count, earlier=earlier)
    return until(find, f"{count} failed orders")


def test_help_names_every_command_and_imports_no_boto3(cli: Cli) -> None:
    result = cli.run("--help")
    names = ("up", "deploy", "destroy", "publish", "get", "list", "watch", "verify", "status", "logs", "dlq", "demo")
    for name in names:
        assert f"\n  {name} " in result.stdout
        assert cli.run(name, "--help").exit_code == 0


def test_deploy_shows_the_changes_and_does_nothing_without_consent(cli: Cli) -> None:
    result = cli.run("deploy", given="n\n")
    assert "OrderProcessor " in result.stdout
    assert "No changes were made." in result.stdout
    assert cli.run("status").exit_code == 1


def test_deploy_again_changes_nothing_and_keeps_parameters(deployed: Cli, client: Callable[..., Any]) -> None:
    assert deployed.json("deploy", "--yes")["changed"] is False
    assert deployed.json("deploy", "--yes", "--runtime", "python3.12")["changed"] is True
    configuration = client("lambda").get_function_configuration(FunctionName="OrderProcessor")
    assert (configuration["Runtime"], configuration["Timeout"]) == ("python3.12", 29)


def test_deploy_of_a_template_that_fails_tells_the_resources_reason(cli: Cli, client: Callable[..., Any]) -> None:
    client("iam").create_role(RoleName="LambdaOrderProcessorRole", AssumeRolePolicyDocument=json.dumps(TRUST))
    result = cli.run("deploy", "--yes")
    assert result.exit_code == 1
    assert "LambdaOrderProcessorRole" in result.stderr
    assert "already exists" in result.stderr


def test_deployed_stack_has_the_seeds_names_and_our_settings(deployed: Cli, client: Callable[..., Any]) -> None:
    sqs = client("sqs")
    attributes = {
        name: sqs.get_queue_attributes(QueueUrl=sqs.get_queue_url(QueueName=name)["QueueUrl"], AttributeNames=["All"])[
            "Attributes"
        ]
        for name in ("OrderQueue", "OrderDLQ")
    }
    redrive = json.loads(attributes["OrderQueue"]["RedrivePolicy"])
    assert (redrive["deadLetterTargetArn"], int(redrive["maxReceiveCount"])) == (attributes["OrderDLQ"]["QueueArn"], 3)
    assert attributes["OrderDLQ"]["MessageRetentionPeriod"] == "1209600"
    table = client("dynamodb").describe_table(TableName="Orders")["Table"]
    assert table["KeySchema"] == [{"AttributeName": "orderId", "KeyType": "HASH"}]
    backups = client("dynamodb").describe_continuous_backups(TableName="Orders")["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    role = client("iam").list_role_policies(RoleName="LambdaOrderProcessorRole")
    assert role["PolicyNames"] == ["ProcessOrders"]
    (mapping,) = client("lambda").list_event_source_mappings(FunctionName="OrderProcessor")["EventSourceMappings"]
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert len(client("cloudwatch").describe_alarms(AlarmNamePrefix="Order")["MetricAlarms"]) == 7


def test_deploy_with_the_seeds_policies_attaches_them(cli: Cli, client: Callable[..., Any]) -> None:
    cli.json("deploy", "--yes", "--role-policies", "SeedManagedPolicies", "--raw")
    attached = client("iam").list_attached_role_policies(RoleName="LambdaOrderProcessorRole")["AttachedPolicies"]
    assert {one["PolicyName"] for one in attached} == {
        "AmazonDynamoDBFullAccess",
        "AmazonSQSFullAccess",
        "AWSLambdaBasicExecutionRole",
    }
    cli.run("publish", "-", given=ORDERS[0])
    wait_for_orders(cli, "A")


def test_published_orders_are_got_and_listed_exactly(deployed: Cli, tmp_path: Path) -> None:
    result = deployed.run("publish", write(tmp_path / "orders.jsonl", *ORDERS))
    assert (result.exit_code, "3 orders published" in result.stdout) == (0, True)
    wait_for_orders(deployed, "A", "B", "C")
    assert deployed.run("get", "A", "--json").stdout.replace(", ", ",").replace(": ", ":") == ORDERS[0] + "\n"
    assert [one["orderId"] for one in deployed.json_lines("list", "--status", "new")] == ["B", "A"]
    assert [one["orderId"] for one in deployed.json_lines("list", "--user", "U1", "--oldest-first")] == ["A", "C"]
    assert [one["orderId"] for one in deployed.json_lines("list", "--user", "U1", "--status", "paid")] == ["C"]
    assert len(deployed.json_lines("list", "--limit", "2")) == 2
    assert "19.99" in deployed.run("list").stdout


def test_get_of_an_order_that_is_not_there_says_where_it_may_be(standing: Cli) -> None:
    result = standing.run("get", "nobody")
    assert (result.exit_code, "orders dlq list" in result.stderr) == (1, True)


def test_publish_names_refused_orders_with_their_lines_and_sends_the_others(deployed: Cli, tmp_path: Path) -> None:
    path = write(tmp_path / "orders.jsonl", ORDERS[0], "oops", '{"total":1}', ORDERS[1])
    result = deployed.run("publish", path)
    assert result.exit_code == 3
    assert f"{path}:2: not JSON" in result.stderr
    assert f"{path}:3: orderId is missing" in result.stderr
    wait_for_orders(deployed, "A", "B")


FILES_OF_NO_USE: dict[str, tuple[str, bytes, int, str]] = {
    "nothing in it": ("a.jsonl", b"", 1, "a.jsonl holds no orders"),
    "blank lines": ("a.jsonl", b"\n \n", 1, "a.jsonl holds no orders"),
    "an empty array": ("a.json", b"[]", 1, "a.json holds no orders"),
    "a table without lines": ("a.csv", b"orderId,total\n", 1, "a.csv holds no orders"),
    "damaged gzip": ("a.jsonl.gz", b"\x1f\x8b\x08\x00garbage garbage", 1, "a.jsonl.gz is damaged"),
    "gzip cut off": ("a.jsonl.gz", gzip.compress(b'{"orderId":"T"}\n' * 2_000)[:60], 1, "a.jsonl.gz is damaged"),
    "no gzip but its first bytes": ("a.jsonl.gz", b"\x1f\x8bxx", 1, "a.jsonl.gz is damaged"),
    "Latin-1": (
        "a.jsonl",
        b'{"orderId":"L","userId":"Jos\xe9"}\n',
        3,
        "a.jsonl:1: not UTF-8: byte 0xe9 at character 29",
    ),
    "UTF-16": ("a.jsonl", '{"orderId":"U"}'.encode("utf-16"), 3, "a.jsonl:1: not UTF-8: byte 0xff at character 1"),
}


def test_a_file_of_no_use_is_named_with_what_is_wrong(standing: Cli, tmp_path: Path) -> None:
    for case, (name, content, code, said) in FILES_OF_NO_USE.items():
        (tmp_path / name).write_bytes(content)
        published = standing.run("publish", str(tmp_path / name))
        assert (published.exit_code, said in published.stderr) == (code, True), (case, published.output)
        verified = standing.run("verify", str(tmp_path / name))
        assert verified.exit_code == (1 if code == 1 else 4), (case, verified.output)
        assert {type(published.exception), type(verified.exception)} == {SystemExit}, (case, "no traceback")


def test_publish_of_several_files_tells_the_empty_one_and_sends_the_others(deployed: Cli, tmp_path: Path) -> None:
    files = [write(tmp_path / "none.jsonl"), write(tmp_path / "some.jsonl", ORDERS[0])]
    result = deployed.run("publish", *files)
    assert (result.exit_code, "1 order published" in result.stdout) == (1, True)
    assert f"{files[0]} holds no orders" in result.stderr
    assert "standard input holds no orders" in deployed.run("publish", "-", given="").stderr


IMPOSSIBLE: list[tuple[list[str], str]] = [
    (["publish", "."], ". is a folder"),
    (["publish", "nowhere.jsonl"], "there is no file nowhere.jsonl"),
    (["publish", os.devnull], "Pipe it to standard input"),
    (["verify", "."], ". is a folder"),
    (["list", "--since", "yesterday"], "'yesterday' is not a time"),
    (["list", "--until", "2026-13-45"], "'2026-13-45' is not a time"),
    (["list", "--since", "2026-01-02", "--until", "2026-01-01"], "is not before --until 2026-01-01"),
    (["list", "--user", ""], "the user or status is empty"),
    (["dlq", "show", "nobody"], "no failed order has the id nobody"),
    (["dlq", "edit", "nobody"], "no failed order has the id nobody"),
    (["dlq", "redrive", "nobody"], "no failed order has the id nobody"),
    (["dlq", "purge", "nobody", "--yes"], "no failed order has the id nobody"),
    (["dlq", "export", "/nowhere/failed.jsonl"], "there is no folder /nowhere"),
]


def test_what_cannot_be_done_is_said_in_a_sentence(standing: Cli) -> None:
    for arguments, said in IMPOSSIBLE:
        result = standing.run(*arguments)
        assert (result.exit_code, said in result.stderr) == (1, True), (arguments, result.output)
        assert type(result.exception) is SystemExit, (arguments, "no traceback")


def test_an_endpoint_where_nobody_answers_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
    result = CliRunner().invoke(main, ["status"], env=environment)
    assert (result.exit_code, "no onebox answers at http://127.0.0.1:1" in result.stderr) == (1, True), result.output


def test_failed_orders_are_listed_shown_sent_back_and_deleted(deployed: Cli, tmp_path: Path) -> None:
    bad = write(tmp_path / "bad.jsonl", "oops", '{"orderId":"","total":1}', '{"total":1}', ORDERS[0])
    deployed.run("publish", "--unchecked", bad)
    letters = let_fail(deployed, 3)
    assert {letter["reason"] for letter in letters} == {
        "not JSON: Expecting value: line 1 column 1 (char 0)",
        "orderId: expected a string of 1 to 2048 bytes, got an empty string",
        "orderId is missing: expected a string of 1 to 2048 bytes",
    }
    assert len(deployed.failed()) == 3, "looking hides nothing"
    first, second, third = (letter["message_id"] for letter in letters)
    shown = deployed.run("dlq", "show", first[:8]).stdout
    assert "reason     OrderRejected" in shown
    assert "Signature" not in shown, "the order is shown without the envelope"
    assert deployed.json("dlq", "purge", "--yes", first) == {"deleted": 1, "problems": {}}
    assert deployed.json("dlq", "redrive", second) == {"moved": 1, "missing": 0, "problems": {}}
    assert [letter["message_id"] for letter in deployed.failed()] == [third]
    assert deployed.json("dlq", "redrive", "--yes") == {"moved": 1, "missing": 0, "problems": {}}
    assert deployed.failed() == []
    back = let_fail(deployed, 2, earlier=9)  # they fail as before
    assert not {letter["message_id"] for letter in back} & {first, second}
    assert deployed.json("dlq", "purge", "--yes") == {"deleted": 2, "problems": {}}
    assert "no failed orders" in deployed.run("dlq", "list").stdout
    assert deployed.run("dlq", "show", "nothing").exit_code == 1


def test_status_shows_every_part_and_logs_show_each_order(deployed: Cli) -> None:
    deployed.run("publish", "-", given=ORDERS[0])
    wait_for_orders(deployed, "A")
    status = deployed.json("status")
    assert (status["subscriptions"], status["function"]["trigger"], status["table"]["items"]) == (1, "Enabled", 1)
    screen = deployed.run("status").stdout
    for name in ("OrderTopic", "OrderQueue", "OrderProcessor", "Orders", "OrderDLQ", "alarms"):
        assert name in screen
    lines = until(
        lambda: [line for line in deployed.json_lines("logs") if '"orderId":"A"' in line["text"]], "the order's line"
    )
    assert json.loads(lines[0]["text"])["outcome"] == "stored"


def destroyed(*, stack: bool, table: bool = False) -> dict[str, bool]:
    return {
        "stack_deleted": stack,
        "table_deleted": table,
        "history_deleted": False,
        "archive_deleted": False,
        "claims_deleted": False,
    }


def test_destroy_keeps_the_table_and_the_next_stack_takes_it(deployed: Cli) -> None:
    deployed.run("publish", "-", given=ORDERS[0])
    wait_for_orders(deployed, "A")
    assert deployed.json("destroy", "--yes") == destroyed(stack=True)
    assert deployed.json("get", "A")["orderId"] == "A"
    deployed.json("deploy", "--yes")
    deployed.run("publish", "-", given=ORDERS[1])
    wait_for_orders(deployed, "A", "B")
    assert deployed.json("destroy", "--yes", "--with-table") == destroyed(stack=True, table=True)
    assert deployed.json("destroy", "--yes") == destroyed(stack=False)


def test_commands_without_a_system_say_how_to_make_one(cli: Cli) -> None:
    for arguments in (["get", "A"], ["list"], ["dlq", "list"]):
        result = cli.run(*arguments)
        assert (result.exit_code, "orders deploy" in result.stderr) == (1, True)


def test_command_where_nothing_answers_says_how_to_start_one(cli: Cli) -> None:
    result = cli.run("get", "A", "--endpoint-url", "http://127.0.0.1:1")
    assert (result.exit_code, "orders up" in result.stderr) == (1, True)


@pytest.mark.parametrize(
    ("url", "reason", "advice"),
    [
        ("http://127.0.0.1:1", "no onebox answers at http://127.0.0.1:1", "`orders up --port 1`"),
        # Nobody was asked there: a name of another machine gets no request without credentials.
        ("https://aws.example.com", "no credentials are configured for https://aws.example.com", "AWS_ACCESS_KEY_ID"),
    ],
)
def test_an_endpoint_without_credentials_is_told_by_what_is_known_of_it(url: str, reason: str, advice: str) -> None:
    environment = {"AWS_DEFAULT_REGION": "us-east-1", "AWS_ENDPOINT_URL": url}
    result = CliRunner().invoke(main, ["get", "A"], env=environment)
    assert (result.exit_code, reason in result.stderr, advice in result.stderr) == (1, True, True), result.stderr


def test_command_without_endpoint_and_credentials_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orders.aws.settings.find_listener", lambda _url: None)
    result = CliRunner().invoke(main, ["get", "A"], env={"AWS_DEFAULT_REGION": "us-east-1"})
    assert result.exit_code == 1
    assert "no AWS credentials are configured, and no onebox runs" in result.stderr


def test_up_refuses_what_onebox_would_refuse_before_it_starts_one(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["up", "--ephemeral", "--data", str(tmp_path)])
    assert done.exit_code == 2
    assert "--ephemeral keeps nothing, --data DIR keeps everything: give one of them" in done.stderr
    assert "python -m onebox" not in done.output
