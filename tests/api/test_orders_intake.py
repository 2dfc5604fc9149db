"""Goal: with Intake on, orders come in over real HTTP: each accepted one is published once and stored."""

from __future__ import annotations

import http.client
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from click.testing import CliRunner, Result

from onebox.testing import EngineThread
from orders.cli.main import main
from orders.errors import OrderUnavailable
from orders.intake.caller_store import KEPT_MS, SSM, CallerStore
from orders.intake.callers import token_digest
from orders.intake.idempotency import KeyRecord, Outcome
from orders.intake.key_table import KeyTable
from orders.intake.webhooks import sign
from orders.processor.aws_json_client import AwsJsonClient
from orders.processor.dynamodb_client import DYNAMODB, DynamoDbEndpoint
from orders.processor.signature import Credentials as Identity
from tests.conftest import environment_of
from tests.polling import PATIENCE_S, until
from tests.unit.orders.fakes import FakeClock

ACCOUNT, SIGNING_ACCOUNT = "321321321321", "321321321322"
Orders = Callable[..., Result]


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def content(self) -> Any:
        return json.loads(self.body)


class Site:
    """A deployed intake: its URL, and a token."""

    def __init__(self, engine: EngineThread, account: str, *options: str) -> None:
        self.engine, self.account = engine, account
        self.environment = environment_of(engine.endpoint_url, account)
        self.run("deploy", "--yes", *options)
        self.url = self.run("intake", "url").output.strip()
        self.host = urlsplit(self.url).netloc
        self.token = ""

    def run(self, *arguments: str) -> Result:
        done = CliRunner().invoke(main, arguments, env=self.environment)
        assert done.exit_code == 0, done.output
        return done

    def client(self, service: str) -> Any:
        return self.engine.client(service, account=self.account)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Send a request; the connection goes to the engine, and the host is the URL's."""
        connection = http.client.HTTPConnection(urlsplit(self.engine.endpoint_url).netloc, timeout=PATIENCE_S)
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        content = body if body is None or isinstance(body, (bytes, str)) else json.dumps(body)
        connection.request(method, path, content, {"Host": self.host, **names})
        answer = connection.getresponse()
        found = Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
        connection.close()
        return found

    def post(self, body: Any, **headers: str) -> Answer:
        known = {"Authorization": f"Bearer {self.token}", "Content_Type": "application/json"}
        return self.ask("POST", "/orders", body, **(known | headers))

    def read(self, order_id: str) -> Answer:
        return self.ask("GET", f"/orders/{quote(order_id, safe='')}", Authorization=f"Bearer {self.token}")


@pytest.fixture(scope="module")
def engine() -> Iterator[EngineThread]:
    with EngineThread() as engine:
        yield engine


@pytest.fixture(scope="module")
def site(engine: EngineThread) -> Site:
    """The stack with tokens, and one caller."""
    site = Site(engine, ACCOUNT, "-p", "Intake=Token")
    site.token = site.run("intake", "add", "shop").output.strip()
    return site


@pytest.fixture(scope="module")
def published(site: Site) -> Callable[[], list[Any]]:
    """What a queue of its own has got from OrderTopic up to now."""
    sqs, arn = site.client("sqs"), f"arn:aws:sqs:us-east-1:{ACCOUNT}:copy"
    policy = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn}]}
    url = sqs.create_queue(QueueName="copy", Attributes={"Policy": json.dumps(policy)})["QueueUrl"]
    topic = f"arn:aws:sns:us-east-1:{ACCOUNT}:OrderTopic"
    site.client("sns").subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"}
    )
    seen: list[Any] = []

    def take() -> list[Any]:
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            seen.extend(messages)
        return seen

    return take


def test_order_is_accepted_stored_and_read_back_to_the_penny(site: Site) -> None:
    answer = site.post('{"orderId": "a/1 é", "userId": "ada", "total": 19.90, "currency": "GBP"}'.encode())
    assert (answer.status, answer.content["orderId"]) == (202, "a/1 é")
    stored = until(lambda: found if (found := site.read("a/1 é")).status == 200 else None, "the order in the table")
    assert answer.headers["location"] == f"/orders/{quote('a/1 é', safe='')}"
    assert b'"total": 19.90' in stored.body
    assert stored.headers["cache-control"] == "no-store"


def test_list_of_many_orders_is_stored(site: Site) -> None:
    answer = site.post([{"orderId": f"l{number}", "status": "new"} for number in range(95)] + [{"orderId": 5}])
    assert (answer.status, answer.content["accepted"], answer.content["refused"]) == (207, 95, 1)
    assert answer.content["results"][95]["errors"][0]["field"] == "orderId"
    until(lambda: all(site.read(f"l{number}").status == 200 for number in (0, 50, 94)), "the orders of the list")


def test_concurrent_repeats_publish_once(site: Site, published: Callable[[], list[Any]]) -> None:
    """Whatever a repeat meets, in the end all have the same answer, and the topic got one message."""

    def send(_: int) -> Answer:
        answer = site.post({"orderId": "once", "total": 1}, Idempotency_Key="once")
        while answer.status == 409:
            assert answer.headers["retry-after"] == "1"
            assert answer.content["type"] == "urn:orders:problem:key-in-use"
            answer = site.post({"orderId": "once", "total": 1}, Idempotency_Key="once")
        return answer

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send, range(16)))
    assert {answer.status for answer in answers} == {202}
    assert len({answer.body for answer in answers}) == 1
    assert sum("idempotency-replayed" not in answer.headers for answer in answers) == 1
    until(lambda: any('"once"' in one["Body"] for one in published()), "the message")
    assert Counter(json.loads(one["Body"])["orderId"] for one in published())["once"] == 1


def test_key_with_another_body_is_refused(site: Site) -> None:
    assert site.post({"orderId": "k1"}, Idempotency_Key="other").status == 202
    answer = site.post({"orderId": "k2"}, Idempotency_Key="other")
    assert (answer.status, answer.content["type"]) == (422, "urn:orders:problem:key-reused")
    assert site.read("k2").status == 404


def test_contract_errors_are_problem_documents_with_paths(site: Site) -> None:
    answer = site.post({"orderId": "bad", "items": [{"quantity": 1}, {"unitPrice": "x"}], "currency": "x"})
    assert (answer.status, answer.headers["content-type"]) == (422, "application/problem+json")
    assert {error["pointer"] for error in answer.content["errors"]} == {"#/currency", "#/items/1/unitPrice"}


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"[" * 1_000_000, {}, 400),
        (b"\xff" * 100, {}, 400),
        (b"x" * 1_048_577, {}, 413),
        (b"{}", {"Content_Type": "application/xml"}, 415),
        (b"{}", {"Authorization": "Bearer x"}, 401),
        (b"{}", {"Idempotency_Key": "k" * 300}, 400),
    ],
    ids=["deep", "not UTF-8", "large", "XML", "token", "key"],
)
def test_hostile_requests_get_a_problem_document(site: Site, body: bytes, headers: dict[str, str], status: int) -> None:
    answer = site.post(body, **headers)
    assert (answer.status, answer.content["status"]) == (status, status)
    assert answer.headers["content-type"] == "application/problem+json"


def test_signed_webhook_is_taken_once_and_a_forged_one_is_not(site: Site) -> None:
    secret = site.run("intake", "add", "payments", "--webhook").output.strip()
    site.run("intake", "add", "warehouse", "--webhook", "--secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    names = [json.loads(line)["name"] for line in site.run("intake", "list", "--json").output.splitlines()]
    assert names == ["payments", "shop", "warehouse"]
    body = b'{"type": "order.created", "timestamp": "2026-05-03T12:00:00Z", "data": {"orderId": "w1"}}'
    now_s = int(time.time())
    headers = {
        "Content_Type": "application/json",
        "webhook_id": "msg_1",
        "webhook_timestamp": str(now_s),
        "webhook_signature": sign("msg_1", now_s, body, secret),
    }

    def accepted() -> Answer | None:
        answer = site.ask("POST", "/orders", body, **headers)
        return answer if answer.status == 202 else None

    # A function that has read its callers less than a minute ago does not know the new one yet.
    site.client("lambda").update_function_configuration(FunctionName="OrderIntake", Description="callers changed")
    first = until(accepted, "a function that knows the caller")
    second = site.ask("POST", "/orders", body, **headers)
    assert (second.body, second.headers["idempotency-replayed"]) == (first.body, "true")
    forged = site.ask("POST", "/orders", body.replace(b"w1", b"w2"), **headers)
    assert (forged.status, forged.content["type"]) == (401, "urn:orders:problem:unauthenticated")


def test_log_names_the_caller_and_no_content(site: Site) -> None:
    site.post({"orderId": "logged", "userId": "somebody-private"})
    pages = site.client("logs").get_paginator("filter_log_events").paginate(logGroupName="/aws/lambda/OrderIntake")

    def lines() -> list[str]:
        return [event["message"] for page in pages for event in page["events"] if event["message"].startswith("{")]

    until(lambda: [line for line in lines() if json.loads(line)["accepted"] == 1], "the log")
    assert {json.loads(line)["caller"] for line in lines()} >= {"shop"}
    assert not any("somebody-private" in line or site.token in line for line in lines())


def test_with_iam_lambda_admits_whoever_has_the_right_and_each_has_a_rate_of_its_own(engine: EngineThread) -> None:
    site = Site(engine, SIGNING_ACCOUNT, "-p", "Intake=IAM", "-p", "IntakeRate=2")

    def send(key: str, secret: str) -> Answer:
        headers = {"Host": site.host, "Content-Type": "application/json"}
        request = AWSRequest("POST", f"http://{site.host}/orders", headers=headers, data=b'{"orderId": "i1"}')
        SigV4Auth(Credentials(key, secret), "lambda", "us-east-1").add_auth(request)
        return site.ask("POST", "/orders", request.data, **{n.replace("-", "_"): v for n, v in request.headers.items()})

    assert send(SIGNING_ACCOUNT, "test").status == 202
    assert site.ask("POST", "/orders", b"{}").status == 403
    answers = [send(SIGNING_ACCOUNT, "test") for _ in range(5)]  # two a minute, and a minute may end meanwhile
    [refused, *_] = [answer for answer in answers if answer.status == 429]
    assert (refused.content["type"], 1 <= int(refused.headers["retry-after"]) <= 60) == (
        "urn:orders:problem:too-many",
        True,
    )
    iam = site.client("iam")
    iam.create_user(UserName="eve")
    key = iam.create_access_key(UserName="eve")["AccessKey"]
    assert send(key["AccessKeyId"], key["SecretAccessKey"]).status == 403
    rights = {"Effect": "Allow", "Action": ["lambda:InvokeFunctionUrl", "lambda:InvokeFunction"], "Resource": "*"}
    iam.put_user_policy(UserName="eve", PolicyName="send", PolicyDocument=json.dumps({"Statement": [rights]}))
    assert send(key["AccessKeyId"], key["SecretAccessKey"]).status == 202


def test_commands_say_what_is_missing(engine: EngineThread, site: Site) -> None:
    def fail(*arguments: str, account: str = ACCOUNT) -> str:
        done = CliRunner().invoke(main, arguments, env=environment_of(engine.endpoint_url, account))
        assert done.exit_code == 1
        return done.output

    assert "there is a caller shop already" in fail("intake", "add", "shop")
    assert "is not a caller's name" in fail("intake", "add", "../x")
    assert "the secret: expected whsec_" in fail("intake", "add", "x", "--webhook", "--secret", "short")
    assert "there is no caller nobody" in fail("intake", "remove", "nobody")
    audited = site.run("audit", "--json").output
    assert "add intake caller" in audited
    assert site.token not in audited


def test_doctor_checks_the_intake(site: Site) -> None:
    done = CliRunner().invoke(main, ["doctor", "--json", "--no-test-order"], env=site.environment)
    found = {one["name"]: one for one in json.loads(done.stdout)["checks"]}
    assert found["OrderIntake"]["message"] == f"takes orders at {site.url}"
    assert (found["OrderIntake"]["outcome"], found["intake callers"]["outcome"]) == ("good", "good")


# --- What operators see -----------------------------------------------------------------------------------------------


def test_status_and_doctor_tell_of_requests_and_refusals(site: Site) -> None:
    def read() -> dict[str, Any]:
        done = CliRunner().invoke(main, ["status", "--json"], env=site.environment)
        return dict(json.loads(done.stdout)["options"]["intake"])

    before = read()
    assert (before["auth"], before["url"]) == ("Token", site.url)
    assert site.post({"orderId": "seen"}).status == 202
    assert site.post({"orderId": 5}).status == 422
    assert site.ask("POST", "/orders", {}).status == 401

    def counted() -> tuple[float, float]:
        now = read()
        requests = now["requests"]["last_hour"] - before["requests"]["last_hour"]
        return requests, now["refusals"] - before["refusals"]

    # What other tests of this module sent may be counted a moment later.
    until(lambda: counted() >= (3.0, 2.0), "the counts")
    assert read()["requests"]["a_minute"] > 0
    text = " ".join(CliRunner().invoke(main, ["status"], env=site.environment).output.split())
    assert f"OrderIntake Token, {site.url}" in text.replace("/ ;", "/;")
    done = CliRunner().invoke(main, ["doctor", "--json", "--no-test-order"], env=site.environment)
    [check] = [one for one in json.loads(done.stdout)["checks"] if one["name"] == "intake requests"]
    assert "in the last hour" in check["message"]


def test_status_of_a_system_without_intake_has_no_row_for_it(engine: EngineThread) -> None:
    environment = environment_of(engine.endpoint_url, "321321321329")
    answer = json.loads(CliRunner().invoke(main, ["status", "--json"], env=environment).stdout)
    assert answer["options"]["intake"] is None
    assert "OrderIntake" not in CliRunner().invoke(main, ["status"], env=environment).output


# --- The adapters on the tables themselves ----------------------------------------------------------------------------


def connection(engine: EngineThread, service: Any) -> AwsJsonClient:
    return AwsJsonClient(engine.endpoint_url, service, "us-east-1", Identity("555555555555", "test"))


def test_key_table_holds_one_owner_of_a_key(engine: EngineThread) -> None:
    engine.client("dynamodb", account="555555555555").create_table(
        TableName="Keys",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
    )
    clock = FakeClock()
    clock.time_ms = 1_900_000_000_000
    keys = KeyTable(DynamoDbEndpoint(connection(engine, DYNAMODB)), "Keys", clock)
    first = KeyRecord("k", "body", "r1", False, 5, 1_900_000_100)
    assert keys.start(first, clock.now_ms()) is None
    assert keys.start(first._replace(owner="r2"), clock.now_ms()) == first
    partly = first._replace(outcomes=(Outcome("m1"), Outcome("", "later", False)))
    keys.finish(partly)
    second = first._replace(owner="r2", locked_until_ms=9)
    assert not keys.take_over(partly._replace(owner="r9"), second)
    assert keys.take_over(partly, second)
    assert not keys.take_over(partly, first._replace(owner="r3"))
    keys.finish(first)  # too slow: another request owns the key
    taken = second._replace(outcomes=partly.outcomes)
    assert keys.start(first, clock.now_ms()) == taken
    done = taken._replace(is_done=True)
    keys.finish(done)
    assert keys.start(first, clock.now_ms()) == done
    assert not keys.take_over(done, first)
    assert keys.start(first, clock.now_ms() + 100_000) is None, "past its time it counts as absent"
    assert [keys.count_request("shop", clock.now_ms()) for _ in range(3)] == [1, 2, 3]
    assert keys.count_request("shop", clock.now_ms() + 60_000) == 1


def test_callers_are_read_again_after_a_minute(engine: EngineThread) -> None:
    ssm = engine.client("ssm", account="555555555555")
    clock = FakeClock()
    clock.time_ms = 1_900_000_000_000
    store = CallerStore(connection(engine, SSM), clock)
    for number in range(23):
        value = json.dumps({"kind": "token", "sha256": token_digest(str(number))})
        ssm.put_parameter(Name=f"/orders/intake/callers/c{number}", Value=value, Type="SecureString")
    ssm.put_parameter(Name="/orders/intake/callers/broken", Value="{", Type="SecureString")
    assert len(store.read()) == 23
    ssm.delete_parameter(Name="/orders/intake/callers/c7")
    assert len(store.read()) == 23
    clock.time_ms += KEPT_MS
    assert {one.name for one in store.read()} == {f"c{number}" for number in range(23)} - {"c7"}


def test_nobody_is_known_while_parameter_store_never_answered() -> None:
    store = CallerStore(AwsJsonClient("http://127.0.0.1:9", SSM, "us-east-1", Identity("a", "b")), FakeClock())
    with pytest.raises(OrderUnavailable, match="cannot be reached"):
        store.read()
