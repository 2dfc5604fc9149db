"""Goal: every failed order is found, understood, edited and replayed with the orders command, and none is ever lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner, Result

from onebox.testing import EngineThread
from orders.cli.main import main
from orders.clock import SystemClock
from orders.dead_letters.queues import PEEK_S
from tests.api.order_system import failures, let_receives_end
from tests.conftest import environment_of
from tests.polling import PATIENCE_S, until

VISIBILITY_S = 300
GROUP = "/aws/lambda/OrderProcessor"
STREAM = "2026/05/03/[$LATEST]test"


@dataclass
class Shop:
    """The queues, the log and the command of one account, without a function unless it is deployed."""

    environment: dict[str, str]
    client: Callable[..., Any]

    def run(self, *arguments: str, given: str | None = None, **environment: str) -> Result:
        return CliRunner().invoke(main, arguments, env={**self.environment, **environment}, input=given)

    def lines(self, *arguments: str, **environment: str) -> list[Any]:
        result = self.run(*arguments, "--json", **environment)
        assert result.exit_code == 0, result.output
        return [json.loads(line) for line in result.stdout.splitlines()]

    def make_queues(self) -> None:
        sqs = self.client("sqs")
        failed = sqs.create_queue(QueueName="OrderDLQ")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=failed, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 3})
        sqs.create_queue(QueueName="OrderQueue", Attributes={"RedrivePolicy": policy})

    def url(self, name: str) -> str:
        return str(self.client("sqs").get_queue_url(QueueName=name)["QueueUrl"])

    def fail(self, body: str, reason: str | None = None, **attributes: str) -> str:
        """Put a message into OrderDLQ, with a line in the function's log if there is a reason; its id."""
        typed = {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()}
        answer = self.client("sqs").send_message(
            QueueUrl=self.url("OrderDLQ"), MessageBody=body, MessageAttributes=typed
        )
        if reason is not None:
            self.log(answer["MessageId"], reason)
        return str(answer["MessageId"])

    def log(self, message_id: str, reason: str) -> None:
        logs = self.client("logs")
        for make, names in (
            (logs.create_log_group, {"logGroupName": GROUP}),
            (logs.create_log_stream, {"logGroupName": GROUP, "logStreamName": STREAM}),
        ):
            with suppress(logs.exceptions.ResourceAlreadyExistsException):
                make(**names)
        line = {
            "level": "ERROR",
            "messageId": message_id,
            "exception": "OrderRejected",
            "reason": reason,
            "field": None,
        }
        logs.put_log_events(
            logGroupName=GROUP,
            logStreamName=STREAM,
            logEvents=[{"timestamp": SystemClock().now_ms(), "message": json.dumps(line)}],
        )

    def bodies(self, name: str) -> list[str]:
        """What a queue holds, each seen once and given back."""
        sqs, url, seen = self.client("sqs"), self.url(name), []
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            seen += messages
        for one in seen:
            sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"], VisibilityTimeout=0)
        return sorted(one["Body"] for one in seen)


@pytest.fixture
def shop(aws_environment: dict[str, str], client: Callable[..., Any], tmp_path: Path) -> Shop:
    """With the two queues and the audit log."""
    made = Shop({**aws_environment, "XDG_STATE_HOME": str(tmp_path / "state")}, client)
    made.make_queues()
    client("logs").create_log_group(logGroupName="/orders/audit")
    return made


def editor(tmp_path: Path, commands: str) -> str:
    """An editor that does this to the file."""
    path = tmp_path / "editor.py"
    path.write_text(f"import sys, pathlib\npath = pathlib.Path(sys.argv[1])\ntext = path.read_text()\n{commands}\n")
    return f"{sys.executable} {path}"


# --- Found --------------------------------------------------------------------------------------------------


def test_list_groups_by_reason_and_lists_each_on_request(shop: Shop) -> None:
    first, second = shop.fail("{}", "orderId is missing"), shop.fail('{"total":1}', "orderId is missing")
    third = shop.fail("oops", "not JSON")
    groups = shop.lines("dlq", "list")
    assert [(one["orders"], one["exception"], one["reason"]) for one in groups] == [
        (2, "OrderRejected", "orderId is missing"),
        (1, "OrderRejected", "not JSON"),
    ]
    assert set(groups[0]["message_ids"]) == {first, second}
    assert groups[0]["first_at_ms"] <= groups[0]["last_at_ms"]
    assert {one["message_id"] for one in shop.lines("dlq", "list", "--each")} == {first, second, third}
    screen = shop.run("dlq", "list").stdout
    assert "3 failed orders; next: `orders dlq show " in screen


def test_list_when_the_log_is_gone_checks_again_and_says_so(shop: Shop) -> None:
    shop.fail("oops")
    shop.fail('{"orderId":"A"}')
    screen = shop.run("dlq", "list").stdout
    assert "not JSON: Expecting value: line 1 column 1 (char 0) *" in screen
    assert "unknown: OrderProcessor's log has no line for this message" in screen
    assert "log has no line for 2 orders" in screen
    assert "* reason from checking the order again" in screen


def test_list_of_what_others_look_at_says_that_there_is_more(shop: Shop) -> None:
    shop.fail("oops")
    shop.client("sqs").receive_message(QueueUrl=shop.url("OrderDLQ"))
    assert "About 1 more" in shop.run("dlq", "list").stdout
    result = shop.run("dlq", "show", "nothing")
    assert (result.exit_code, "1 are held by other readers" in result.stderr) == (1, True)


def test_looking_in_every_way_hides_and_loses_nothing(shop: Shop) -> None:
    ids = {shop.fail(f'{{"orderId":"O-{number}"}}') for number in range(25)}
    for arguments in (["list"], ["list", "--limit", "3"], ["show", "O-7"], ["export"]):
        assert shop.run("dlq", *arguments).exit_code == 0
        attributes = shop.client("sqs").get_queue_attributes(QueueUrl=shop.url("OrderDLQ"), AttributeNames=["All"])
        assert attributes["Attributes"]["ApproximateNumberOfMessagesNotVisible"] == "0"
    assert {one["message_id"] for one in shop.lines("dlq", "list", "--each")} == ids
    assert len(shop.lines("dlq", "list", "--each", "--limit", "3")) == 3
    screen = shop.run("dlq", "list", "--limit", "3").stdout
    assert "3 of about 25 failed orders; next: " in screen
    assert "to send all back unchanged, those that are not shown too" in screen


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("verify", "-"), "no orders"),
        (("dlq", "redrive"), "standard input ended without an answer"),
    ],
)
def test_closed_standard_input_is_an_end_of_input(shop: Shop, arguments: tuple[str, ...], said: str) -> None:
    shop.fail("oops")
    script = 'exec "$@" <&-'
    done = subprocess.run(
        ["sh", "-c", script, "sh", sys.executable, "-m", "orders", *arguments],
        env={**os.environ, **shop.environment},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    print(done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    assert said in done.stderr + done.stdout
    assert done.returncode == 1


def test_show_prints_order_attributes_and_log_lines(shop: Shop) -> None:
    message_id = shop.fail('{"orderId":"A","total":19.90}', "the table is missing", status="paid")
    shop.log(message_id, "still missing")
    screen = shop.run("dlq", "show", "A").stdout
    assert "OrderRejected: still missing" in screen
    assert "attribute  status = paid" in screen
    assert '"reason": "the table is missing"' in screen
    assert '"total": 19.90' in screen
    (shown,) = shop.lines("dlq", "show", message_id[:8])
    assert (len(shown["log"]), shown["attributes"]) == (2, {"status": "paid"})


# --- Mended -------------------------------------------------------------------------------------------------


def test_edit_sends_the_mended_order_and_removes_the_failed_one(shop: Shop, tmp_path: Path) -> None:
    message_id = shop.fail('{"total":5.10}', "orderId is missing")
    shop.fail("other")
    command = editor(tmp_path, """path.write_text(text.replace("{", '{"orderId": "A",', 1))""")
    result = shop.run("dlq", "edit", message_id[:8], EDITOR=command)
    assert result.exit_code == 0, result.output
    assert "Order A was sent back to OrderQueue" in result.stdout
    assert [json.loads(body) for body in shop.bodies("OrderQueue")] == [{"orderId": "A", "total": 5.1}]
    assert shop.bodies("OrderDLQ") == ["other"]
    assert not list((tmp_path / "state").rglob("*.json")), "what customers told is not left lying about"


def test_redrive_and_edit_keep_message_group_and_trace(shop: Shop, tmp_path: Path) -> None:
    sqs, failed = shop.client("sqs"), shop.url("OrderDLQ")
    kept = {"MessageGroupId": "ada", "AWSTraceHeader": "Root=1-4bf92f35-77b34da6a3ce929d0e0e4736"}
    traced = {"AWSTraceHeader": {"DataType": "String", "StringValue": kept["AWSTraceHeader"]}}
    for order_id in ("A", "B"):
        body = json.dumps({"orderId": order_id})
        sqs.send_message(QueueUrl=failed, MessageBody=body, MessageGroupId="ada", MessageSystemAttributes=traced)
    assert shop.run("dlq", "redrive", "A").exit_code == 0
    command = editor(tmp_path, """path.write_text(text.replace('"B"', '"C"'))""")
    assert shop.run("dlq", "edit", "B", EDITOR=command).exit_code == 0
    answer = sqs.receive_message(
        QueueUrl=shop.url("OrderQueue"), MaxNumberOfMessages=10, MessageSystemAttributeNames=[*kept]
    )
    found = {json.loads(one["Body"])["orderId"]: one["Attributes"] for one in answer["Messages"]}
    assert found == {"A": kept, "C": kept}


def test_edit_of_an_event_shows_its_order_and_sends_the_order_alone(shop: Shop, tmp_path: Path) -> None:
    event = {"specversion": "1.0", "id": "e-7", "source": "https://shop.example", "type": "order"}
    message_id = shop.fail(json.dumps({**event, "data": {"orderId": "A", "total": "5.10"}}))
    shown = shop.run("dlq", "show", message_id).stdout
    assert "total: expected a number" in shown
    assert "attribute  cloudEvents_source = https://shop.example" in shown
    assert shown.endswith('{\n  "orderId": "A",\n  "total": "5.10"\n}\n')
    result = shop.run(
        "dlq", "edit", "A", EDITOR=editor(tmp_path, """path.write_text(text.replace('"5.10"', '5.10'))""")
    )
    assert result.exit_code == 0, result.output
    assert [json.loads(body) for body in shop.bodies("OrderQueue")] == [{"orderId": "A", "total": 5.1}]


def test_edit_of_an_order_that_is_too_large_for_sns_once_it_is_laid_out_sends_it(shop: Shop, tmp_path: Path) -> None:
    lines = [{"sku": f"S{number:05}", "quantity": 1, "unitPrice": 1.5} for number in range(4_000)]
    failed = {"orderId": "A", "total": "bad", "items": lines}
    message_id = shop.fail(json.dumps(failed, separators=(",", ":")), "total: expected a number")
    command = editor(tmp_path, """path.write_text(text.replace('"bad"', '5'))""")
    result = shop.run("dlq", "edit", message_id, EDITOR=command)
    assert result.exit_code == 0, result.output
    [sent] = shop.bodies("OrderQueue")
    assert len(sent) > 262_144
    assert json.loads(sent) == {**failed, "total": 5}
    assert shop.bodies("OrderDLQ") == []


def test_edit_that_is_still_wrong_sends_nothing_and_goes_on_from_there(shop: Shop, tmp_path: Path) -> None:
    message_id = shop.fail('{"total":5}', "orderId is missing")
    result = shop.run("dlq", "edit", message_id, EDITOR=editor(tmp_path, """path.write_text('{"orderId": ""}')"""))
    assert (result.exit_code, "orderId: expected a string of 1 to 2048 bytes" in result.stderr) == (1, True)
    assert (shop.bodies("OrderQueue"), shop.bodies("OrderDLQ")) == ([], ['{"total":5}'])
    command = editor(tmp_path, """path.write_text(text.replace('""', '"B"'))""")
    assert "Continuing with the draft kept" in shop.run("dlq", "edit", message_id, VISUAL=command).stderr
    assert shop.bodies("OrderQueue") == ['{"orderId": "B"}']


def test_edit_left_unchanged_sends_nothing(shop: Shop, tmp_path: Path) -> None:
    shop.fail('{"orderId":"A"}', "the table is missing")
    result = shop.run("dlq", "edit", "A", EDITOR=editor(tmp_path, ""))
    assert (result.exit_code, "orders dlq redrive" in result.stdout) == (0, True)
    assert (shop.bodies("OrderQueue"), shop.bodies("OrderDLQ")) == ([], ['{"orderId":"A"}'])


def test_edit_of_an_order_that_failed_twice_asks_which(shop: Shop) -> None:
    ids = [shop.fail('{"orderId":"A"}'), shop.fail('{"orderId":"A","total":1}')]
    result = shop.run("dlq", "edit", "A")
    assert result.exit_code == 1
    assert all(message_id in result.stderr for message_id in ids)


def test_edit_with_an_order_that_was_taken_meanwhile_sends_nothing_and_keeps_the_text(
    shop: Shop, tmp_path: Path
) -> None:
    message_id = shop.fail('{"total":5}')
    taking = (
        "import boto3\n"
        f"boto3.client('sqs').receive_message(QueueUrl={shop.url('OrderDLQ')!r})\n"
        """path.write_text('{"orderId": "A"}')"""
    )
    result = shop.run("dlq", "edit", message_id, EDITOR=editor(tmp_path, taking))
    assert (result.exit_code, "nothing was sent" in result.stderr) == (1, True)
    assert shop.bodies("OrderQueue") == []
    (draft,) = (tmp_path / "state").rglob("*.json")
    assert draft.read_text() == '{"orderId": "A"}'


# --- Sent back and deleted ----------------------------------------------------------------------------------


def test_redrive_by_reason_and_id_moves_those_with_their_attributes(shop: Shop) -> None:
    shop.fail('{"orderId":"A"}', "the table is missing", status="paid")
    shop.fail('{"orderId":"B"}', "the table is missing")
    last = shop.fail("oops", "not JSON")
    assert shop.lines("dlq", "redrive", "--reason", "table is MISSING", "--rate", "500") == [
        {"moved": 2, "missing": 0, "problems": {}}
    ]
    assert (shop.bodies("OrderQueue"), shop.bodies("OrderDLQ")) == (['{"orderId":"A"}', '{"orderId":"B"}'], ["oops"])
    assert "1 order sent back" in shop.run("dlq", "redrive", last).stdout
    received = shop.client("sqs").receive_message(
        QueueUrl=shop.url("OrderQueue"), MaxNumberOfMessages=10, MessageAttributeNames=["All"]
    )["Messages"]
    assert [one["MessageAttributes"]["status"]["StringValue"] for one in received if "MessageAttributes" in one] == [
        "paid"
    ]
    for arguments in (["nothing"], ["--reason", "nothing"], ["A", "--reason", "x"]):
        assert shop.run("dlq", "redrive", *arguments).exit_code == 1


def test_redrive_of_what_sqs_did_not_set_aside_says_how_to_send_it_back_all_the_same(shop: Shop) -> None:
    shop.fail('{"orderId":"A"}')
    result = shop.run("dlq", "redrive", "--yes")
    assert (result.exit_code, "orders dlq redrive --reason ''" in result.stderr) == (1, True)
    assert shop.lines("dlq", "redrive", "--reason", "") == [{"moved": 1, "missing": 0, "problems": {}}]
    assert shop.bodies("OrderQueue") == ['{"orderId":"A"}']


def test_export_writes_every_order_with_its_reason_once(shop: Shop, tmp_path: Path) -> None:
    shop.fail("oops", "not JSON")
    path = tmp_path / "failed.jsonl"
    assert shop.lines("dlq", "export", str(path)) == [{"exported": 1, "file": str(path)}]
    (row,) = map(json.loads, path.read_text().splitlines())
    assert (row["body"], row["reason"], row["exception"]) == ("oops", "not JSON", "OrderRejected")
    assert shop.lines("dlq", "export") == [row]
    assert shop.run("dlq", "export", str(path)).exit_code == 1, "an earlier export is not overwritten"
    assert shop.run("dlq", "export", str(path), "--force").exit_code == 0
    assert shop.bodies("OrderDLQ") == ["oops"]


def test_purge_deletes_only_after_the_queues_name_was_typed(shop: Shop) -> None:
    first, _ = shop.fail("oops"), shop.fail("{}")
    shop.fail("[]")
    for given in (None, "yes\n"):
        assert shop.run("dlq", "purge", given=given).exit_code == 1
    assert len(shop.bodies("OrderDLQ")) == 3
    assert "1 failed order deleted" in shop.run("dlq", "purge", first, given="OrderDLQ\n").stdout
    assert shop.lines("dlq", "purge", "--reason", "orderId is missing", "--yes") == [{"deleted": 1, "problems": {}}]
    assert shop.bodies("OrderDLQ") == ["[]"]
    assert shop.lines("dlq", "purge", "--yes") == [{"deleted": 1, "problems": {}}]
    assert "no failed orders" in shop.run("dlq", "list").stdout


# --- Killed in the middle -----------------------------------------------------------------------------------


@contextmanager
def endpoint_between(endpoint_url: str, on_call: Callable[[str], bool]) -> Iterator[str]:
    """The endpoint, save that a call does not reach it where ``on_call``, told the operation, says so."""
    address = urlsplit(endpoint_url)

    class Forwarding(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            if on_call(self.headers.get("X-Amz-Target", "").removeprefix("AmazonSQS.")):
                self._forward()
            else:
                self.close_connection = True

        def do_GET(self) -> None:
            self._forward()

        def log_message(self, *_: object) -> None: ...

        def _forward(self) -> None:
            connection = HTTPConnection(address.hostname or "", address.port or 80)
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            connection.request(self.command, self.path, body, dict(self.headers.items()))
            response = connection.getresponse()
            content = response.read()
            connection.close()
            self.send_response_only(response.status)
            for name, value in response.getheaders():
                if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Forwarding)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Killer:
    """Kills a process at the nth call of an operation, before the call is made."""

    def __init__(self, operation: str, nth: int) -> None:
        self._operation = operation
        self._left = nth
        self._process: subprocess.Popen[bytes] | None = None
        self._started = threading.Event()

    def start(self, *arguments: str, environment: dict[str, str]) -> int:
        """The exit code of this orders command."""
        self._process = subprocess.Popen([sys.executable, "-m", "orders", *arguments], env=environment)
        self._started.set()
        return self._process.wait(PATIENCE_S)

    def __call__(self, operation: str) -> bool:
        self._left -= operation == self._operation
        if self._left > 0:
            return True
        assert self._started.wait(PATIENCE_S)
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGKILL)
        return False


@pytest.mark.parametrize("command", ["edit", "redrive"])
@pytest.mark.parametrize(("killed_at", "sent"), [("SendMessageBatch", 0), ("DeleteMessageBatch", 1)])
def test_command_killed_around_the_send_loses_nothing(
    timed: EngineThread, tmp_path: Path, command: str, killed_at: str, sent: int
) -> None:
    killer = Killer(killed_at, 1)

    edited = tmp_path / "edited.json"
    edited.write_text('{"orderId":"A"}')
    with endpoint_between(timed.endpoint_url, killer) as url:
        shop = Shop(environment_of(url), timed.client)
        shop.make_queues()
        message_id = shop.fail("oops")
        arguments = [command, message_id, *(["--with", str(edited)] if command == "edit" else [])]
        assert killer.start("dlq", *arguments, environment=shop.environment) == -signal.SIGKILL
    assert shop.bodies("OrderQueue") == [edited.read_text() if command == "edit" else "oops"] * sent
    timed.clock.advance(PEEK_S)
    assert shop.bodies("OrderDLQ") == ["oops"], "still there, and hidden for no longer than a look"


@pytest.mark.parametrize(("killed_at", "twice"), [("SendMessageBatch", 0), ("DeleteMessageBatch", 10)])
def test_redrive_of_many_killed_in_the_middle_leaves_at_most_one_batch_twice(
    timed: EngineThread, killed_at: str, twice: int
) -> None:
    killer = Killer(killed_at, 2)
    with endpoint_between(timed.endpoint_url, killer) as url:
        shop = Shop(environment_of(url), timed.client)
        shop.make_queues()
        bodies = {f"oops {number}" for number in range(25)}
        for body in bodies:
            shop.fail(body)
        code = killer.start("dlq", "redrive", "--reason", "", environment=shop.environment)
        assert code == -signal.SIGKILL
    timed.clock.advance(PEEK_S)
    sent, left = shop.bodies("OrderQueue"), shop.bodies("OrderDLQ")
    assert (len(sent), len(left)) == (10 + twice, 15)
    assert set(sent) | set(left) == bodies
    assert shop.lines("dlq", "redrive", "--reason", "", AWS_ENDPOINT_URL=timed.endpoint_url) == [
        {"moved": 15, "missing": 0, "problems": {}}
    ]
    assert set(shop.bodies("OrderQueue")) == bodies


def test_redrive_of_a_choice_costs_two_calls_for_ten_orders(shop: Shop) -> None:
    for number in range(40):
        shop.fail(f"oops {number}", "the table is missing")
    calls: Counter[str] = Counter()

    def count(operation: str) -> bool:
        calls[operation] += 1
        return True

    with endpoint_between(shop.environment["AWS_ENDPOINT_URL"], count) as url:
        (done,) = shop.lines("dlq", "redrive", "--reason", "missing", AWS_ENDPOINT_URL=url)
    assert done["moved"] == 40
    assert (calls["SendMessageBatch"], calls["DeleteMessageBatch"]) == (4, 4)
    assert calls["SendMessage"] + calls["DeleteMessage"] == 0
    assert calls["ReceiveMessage"] <= 2 * 4 + 3, "looked at once to choose, taken once to send, three empty answers"
    assert calls["ChangeMessageVisibilityBatch"] == 4, "given back after the look; what was deleted is not"


# --- The whole way ------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("waits_move_time")
def test_failed_orders_of_a_deployed_system_are_mended_stored_and_tried_anew(
    paced: EngineThread, tmp_path: Path
) -> None:
    shop = Shop({**environment_of(paced.endpoint_url), "XDG_STATE_HOME": str(tmp_path / "state")}, paced.client)
    assert shop.run("deploy", "--yes", "--parameter", f"VisibilityTimeout={VISIBILITY_S}").exit_code == 0
    topic = shop.client("sns").create_topic(Name="OrderTopic")["TopicArn"]
    shop.client("sns").publish(TopicArn=topic, Message='{"total":5}')
    shop.client("sns").publish(TopicArn=topic, Message="oops")

    def failed_orders(count: int, earlier: int = 0) -> list[Any]:
        let_receives_end(paced, lambda: failures(paced), count, earlier=earlier)
        return until(
            lambda: found if len(found := shop.lines("dlq", "list", "--each")) == count else None,
            f"{count} failed orders",
        )

    by_body = {json.loads(one["body"])["Message"]: one for one in failed_orders(2)}
    assert {one["reason_from"] for one in by_body.values()} == {"log"}
    for _ in range(3):
        shop.run("dlq", "show", by_body["oops"]["message_id"])
    (tmp_path / "edited.json").write_text('{"orderId":"A","total":5}')
    shop.lines("dlq", "edit", by_body['{"total":5}']["message_id"], "--with", str(tmp_path / "edited.json"))
    until(lambda: shop.run("get", "A").exit_code == 0, "the edited order in the table")
    assert shop.lines("dlq", "redrive", "--yes") == [{"moved": 1, "missing": 0, "problems": {}}]
    (again,) = failed_orders(1, earlier=6)
    assert again["message_id"] != by_body["oops"]["message_id"]
    (shown,) = shop.lines("dlq", "show", again["message_id"])
    counts = [json.loads(line)["receiveCount"] for line in shown["log"]]
    assert counts == [1, 2, 3], "no look has cost the order one of its attempts"
