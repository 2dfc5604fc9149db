"""Goal: functions, web servers and mailboxes hear of the orders they asked for and of no others, from `orders
subscribe` to the order's arrival; the programs are those of docs/subscribers.md as they stand.
"""

from __future__ import annotations

import json
import logging
import queue
import re
import ssl
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import trustme
from click.testing import CliRunner, Result

from onebox.testing import EngineThread
from orders.cli.main import main
from tests.api.lambda_support import BASIC, RUNTIME, log_messages, make_queue, make_role, zipped
from tests.polling import PATIENCE_S, until

PAGE = (Path(__file__).parents[2] / "docs" / "subscribers.md").read_text("utf-8")
PAID = '{"orderId": "1", "status": "paid", "total": 19.90}'
NEW = '{"orderId": "2", "status": "new", "total": 5}'
PAID_LATER = '{"orderId": "3", "status": "paid", "total": 7.50}'
Run = Callable[..., Result]


@pytest.fixture
def run(aws_environment: dict[str, str], client: Callable[..., Any]) -> Run:
    """The orders command in an account that has OrderTopic."""
    client("sns").create_topic(Name="OrderTopic")
    return lambda *arguments, given=None: CliRunner().invoke(main, arguments, env=aws_environment, input=given)


def program(name: str) -> str:
    """A program of the page."""
    found = re.search(rf"<!-- {re.escape(name)} -->\n```python\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None, name
    return found[1]


def publish(run: Run, *orders: str) -> None:
    result = run("publish", "-", given="\n".join(orders))
    assert result.exit_code == 0, result.output


def shown(run: Run) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run("subscriptions", "--json").stdout.splitlines()]


def confirmed(run: Run) -> list[dict[str, Any]]:
    def all_confirmed() -> list[dict[str, Any]] | None:
        rows = shown(run)
        return rows if all(row["confirmed"] for row in rows) else None

    return until(all_confirmed, "the confirmation")


# --- A function -------------------------------------------------------------------------------------------------------


def test_a_function_is_called_for_the_orders_it_asked_for_with_the_event_of_sns(
    run: Run, client: Callable[..., Any]
) -> None:
    client("lambda").create_function(
        FunctionName="Invoices",
        Runtime=RUNTIME,
        Role=make_role(client, BASIC),
        Handler="invoices.handler",
        Code={"ZipFile": zipped({"invoices.py": program("invoices.py")})},
    )
    result = run("subscribe", "lambda", "Invoices", "--where", "status=paid")
    assert "OrderTopic may now call Invoices" in result.stdout, result.output
    publish(run, NEW, PAID)
    publish(run, PAID_LATER)

    def invoices() -> list[str]:
        lines = log_messages(client, "/aws/lambda/Invoices")
        return sorted(line.strip() for line in lines if line.startswith("invoice"))

    until(lambda: len(invoices()) == 2, "the second invoice")
    assert invoices() == ["invoice for order 1 of 19.9", "invoice for order 3 of 7.5"]


def test_a_function_hears_the_envelope_with_the_attributes(run: Run, client: Callable[..., Any]) -> None:
    client("lambda").create_function(
        FunctionName="Echo",
        Runtime=RUNTIME,
        Role=make_role(client, BASIC),
        Handler="app.handler",
        Code={"ZipFile": zipped("import json\ndef handler(event, context): print('event', json.dumps(event))\n")},
    )
    arn = json.loads(run("subscribe", "lambda", "Echo", "--json").stdout)["arn"]
    publish(run, PAID)
    (line,) = until(
        lambda: [one for one in log_messages(client, "/aws/lambda/Echo") if one.startswith("event")], "the event"
    )
    (record,) = json.loads(line.removeprefix("event"))["Records"]
    assert (record["EventSource"], record["EventSubscriptionArn"]) == ("aws:sns", arn)
    assert json.loads(record["Sns"]["Message"]) == json.loads(PAID)
    assert record["Sns"]["MessageAttributes"]["status"] == {"Type": "String", "Value": "paid"}
    assert record["Sns"]["MessageAttributes"]["total"] == {"Type": "Number", "Value": "19.90"}


def test_a_function_that_takes_its_permission_back_hears_nothing_more(run: Run, client: Callable[..., Any]) -> None:
    client("lambda").create_function(
        FunctionName="Invoices",
        Runtime=RUNTIME,
        Role=make_role(client, BASIC),
        Handler="invoices.handler",
        Code={"ZipFile": zipped({"invoices.py": program("invoices.py")})},
    )
    arn = json.loads(run("subscribe", "lambda", "Invoices", "--json").stdout)["arn"]
    url, queue_arn = make_queue(client, "Dead")
    statement = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": queue_arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    redrive = json.dumps({"deadLetterTargetArn": queue_arn})
    client("sns").set_subscription_attributes(
        SubscriptionArn=arn, AttributeName="RedrivePolicy", AttributeValue=redrive
    )
    client("lambda").remove_permission(FunctionName="Invoices", StatementId="orders-OrderTopic")
    publish(run, PAID)
    (message,) = client("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=20)["Messages"]
    assert json.loads(message["Body"])["Message"] == PAID
    assert log_messages(client, "/aws/lambda/Invoices") == []


# --- A web server -----------------------------------------------------------------------------------------------------


def test_the_web_server_of_the_page_confirms_and_hears_of_the_orders_it_asked_for(run: Run, tmp_path: Path) -> None:
    (tmp_path / "subscriber.py").write_text(program("subscriber.py"))
    process = subprocess.Popen(
        [sys.executable, str(tmp_path / "subscriber.py"), "0"], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        port = process.stdout.readline().split()[-1]
        result = run("subscribe", "http", f"http://127.0.0.1:{port}/", "--where", "status=paid")
        assert result.exit_code == 0, result.output
        confirmed(run)
        publish(run, NEW, PAID)
        publish(run, PAID_LATER)
        heard = {process.stdout.readline().strip() for _ in range(2)}
        assert heard == {"order 1 is paid", "order 3 is paid"}
    finally:
        process.kill()
        process.wait()


class WebServer:
    """A web server that confirms subscriptions and answers orders with the next of ``statuses``, else 200."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.orders: queue.Queue[tuple[dict[str, str], str, int]] = queue.Queue()
        self.statuses: list[int] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                is_order = self.headers["x-amz-sns-message-type"] == "Notification"
                status = outer.statuses.pop(0) if is_order and outer.statuses else 200
                if not is_order:
                    urllib.request.urlopen(json.loads(body)["SubscribeURL"]).close()
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()
                if is_order:
                    outer.orders.put((dict(self.headers.items()), body, status))

            def log_message(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        scheme = "http" if tls is None else "https"
        self.url = f"{scheme}://127.0.0.1:{self._server.server_port}/orders?shop=1"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def web_server(tls: ssl.SSLContext | None = None) -> Iterator[WebServer]:
    server = WebServer(tls)
    try:
        yield server
    finally:
        server.close()


def test_https_with_a_trusted_certificate_hears_raw_orders(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, aws_environment: dict[str, str]
) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    # Of this process, where onebox runs, also while the command has its own environment.
    aws_environment["SSL_CERT_FILE"] = str(tmp_path / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", aws_environment["SSL_CERT_FILE"])
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    with web_server(tls) as server:
        assert run("subscribe", "https", server.url, "--where", "status=paid").exit_code == 0
        (subscription,) = confirmed(run)
        publish(run, NEW, PAID)
        headers, body, _ = server.orders.get(timeout=PATIENCE_S)
        assert (body, headers["x-amz-sns-rawdelivery"]) == (PAID, "true")
        assert headers["x-amz-sns-subscription-arn"] == subscription["arn"]
        publish(run, PAID_LATER)
        assert server.orders.get(timeout=PATIENCE_S)[1] == PAID_LATER, (
            "nothing of the order that was filtered out came between"
        )


def test_http_in_the_envelope_is_tried_again_until_the_server_takes_it(timed: EngineThread) -> None:
    timed.client("sns").create_topic(Name="OrderTopic")
    environment = {
        "AWS_ENDPOINT_URL": timed.endpoint_url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }

    def run(*arguments: str, given: str | None = None) -> Result:
        return CliRunner().invoke(main, arguments, env=environment, input=given)

    with web_server() as server:
        server.statuses = [503, 500]
        assert run("subscribe", "http", server.url, "--envelope", "--where", "total>=7").exit_code == 0
        confirmed(run)
        publish(run, NEW, PAID_LATER)
        seen = []

        def arrived() -> bool:
            while not server.orders.empty():
                seen.append(server.orders.get())
            if len(seen) < 3:
                timed.clock.advance(20)
            return len(seen) == 3

        until(arrived, "the third attempt")
    assert [status for _, _, status in seen] == [503, 500, 200]
    assert {json.loads(body)["Message"] for _, body, _ in seen} == {PAID_LATER}


def test_a_server_that_has_not_confirmed_hears_nothing_and_can_be_asked_again(run: Run) -> None:
    nobody = "http://127.0.0.1:9/"
    said = run("subscribe", "http", nobody, "--where", "status=paid").stdout
    assert "SNS sends it a SubscriptionConfirmation; it must open the SubscribeURL" in said
    row = next(line for line in run("subscriptions").stdout.splitlines() if nobody in line)
    assert row.split()[2:] == ["-", "-", "pending", "confirmation"], "SNS tells no conditions before"
    assert run("subscribe", "http", nobody, "--where", "status=paid").exit_code == 0
    other = run("subscribe", "http", nobody, "--where", "status=new")
    assert (other.exit_code, "has not confirmed yet" in other.stderr) == (1, True)
    assert len(shown(run)) == 1


# --- A mailbox --------------------------------------------------------------------------------------------------------


def test_a_mailbox_is_confirmed_by_the_link_in_the_log_and_its_mails_are_lines_there(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "onebox.sns")
    result = run("subscribe", "email", "shop@example.com", "--where", "status=paid")
    assert "onebox sends no mail; the link is in its log" in result.stdout, result.output
    (link,) = re.findall(r"email for shop@example.com .* open (http\S+)", caplog.text)
    publish(run, PAID)
    assert PAID not in caplog.text, "before the confirmation"
    urllib.request.urlopen(link).close()
    assert len(confirmed(run)) == 1
    publish(run, NEW, PAID_LATER)
    assert PAID_LATER in caplog.text
    assert NEW not in caplog.text
