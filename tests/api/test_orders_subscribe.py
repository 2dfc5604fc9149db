"""Goal: who subscribes hears of the orders that the conditions say, and of no others, and nobody else is disturbed."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner, Result

from onebox.testing import EngineThread
from orders.cli.main import main
from tests.api.order_system import TRUST
from tests.polling import until

PAID = '{"orderId":"1","status":"paid","total":150}'
CHEAP = '{"orderId":"2","status":"paid","total":5}'
NEW = '{"orderId":"3","status":"new","total":150}'
Run = Callable[..., Result]


@pytest.fixture
def run(aws_environment: dict[str, str]) -> Run:
    def run(*arguments: str, given: str | None = None) -> Result:
        return CliRunner().invoke(main, arguments, env=aws_environment, input=given)

    return run


@pytest.fixture
def topic_arn(client: Callable[..., Any]) -> str:
    return str(client("sns").create_topic(Name="OrderTopic")["TopicArn"])


def bodies(sqs: Any, url: str, count: int) -> list[str]:
    found: list[str] = []

    def take() -> bool:
        answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=600)
        found.extend(message["Body"] for message in answer.get("Messages", []))
        return len(found) >= count

    until(take, f"{count} messages")
    return sorted(found)


def shown(run: Run) -> list[dict[str, Any]]:
    result = run("subscriptions", "--json")
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_subscribe_a_queue_delivers_what_the_conditions_say_and_keeps_its_policy(
    run: Run, topic_arn: str, client: Callable[..., Any]
) -> None:
    sqs = client("sqs")
    url = sqs.create_queue(QueueName="Paid")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    own = {"Sid": "own", "Effect": "Deny", "Principal": "*", "Action": "sqs:PurgeQueue", "Resource": arn}
    sqs.set_queue_attributes(
        QueueUrl=url, Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [own]})}
    )
    result = run("subscribe", "sqs", "Paid", "--where", "status=paid", "--where", "total>=100")
    assert result.exit_code == 0, result.output
    assert f"sqs {arn} receives status=paid, total>=100" in result.stdout
    assert "OrderTopic may now send to Paid" in result.stdout
    policy = json.loads(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]["Policy"])
    assert [statement["Sid"] for statement in policy["Statement"]] == ["own", "orders-OrderTopic"]
    assert run("publish", "-", given=f"{NEW}\n{CHEAP}\n{PAID}\n").exit_code == 0
    assert bodies(sqs, url, 1) == [PAID]


def test_subscribe_again_changes_the_conditions_and_makes_no_second_subscription(
    run: Run, topic_arn: str, client: Callable[..., Any]
) -> None:
    url = client("sqs").create_queue(QueueName="Some")["QueueUrl"]
    first = json.loads(run("subscribe", "sqs", url, "--where", "status=paid", "--json").stdout)
    again = json.loads(run("subscribe", "sqs", "Some", "--where", "status=new", "--envelope", "--json").stdout)
    assert (first["arn"], first["right_given"] is None) == (again["arn"], False)
    assert again["right_given"] is None
    ((only,), table) = (shown(run), run("subscriptions").stdout)
    assert (json.loads(only["filter_policy"]), only["raw"]) == ({"status": ["new"]}, False)
    assert "status=new" in table
    assert "envelope" in table
    run("publish", "-", given=f"{NEW}\n{PAID}\n")
    (body,) = bodies(client("sqs"), url, 1)
    assert json.loads(body)["Message"] == NEW
    run("subscribe", "sqs", "Some")
    run("publish", "-", given=f"{CHEAP}\n")
    assert bodies(client("sqs"), url, 1) == [CHEAP]


def test_subscribe_an_email_address_waits_for_confirmation(run: Run, topic_arn: str) -> None:
    result = run("subscribe", "email", "shop@example.com", "--where", "status=cancelled")
    assert (result.exit_code, "receives nothing until it confirms" in result.stdout) == (0, True)
    assert "pending confirmation" in run("subscriptions").stdout


def test_subscribe_a_queue_of_another_account_prints_the_policy_it_needs(
    run: Run, topic_arn: str, onebox: EngineThread
) -> None:
    onebox.client("sqs", account="999999999999").create_queue(QueueName=f"Theirs{topic_arn.split(':')[4]}")
    theirs = f"arn:aws:sqs:us-east-1:999999999999:Theirs{topic_arn.split(':')[4]}"
    result = run("subscribe", "sqs", theirs)
    assert (result.exit_code, "does not let OrderTopic send to it" in result.stderr) == (1, True), result.output
    statement = json.loads(result.stderr[result.stderr.index("{") :])
    assert statement["Resource"] == theirs
    assert statement["Condition"] == {"ArnEquals": {"aws:SourceArn": topic_arn}}


def test_subscribe_a_function_permits_the_topic_to_call_it(
    run: Run, topic_arn: str, client: Callable[..., Any]
) -> None:
    role = client("iam").create_role(RoleName="Invoicer", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("invoices.py", "def handler(event, context): ...")
    client("lambda").create_function(
        FunctionName="Invoices",
        Runtime="python3.12",
        Role=role,
        Handler="invoices.handler",
        Code={"ZipFile": archive.getvalue()},
    )
    for right in (True, False):  # the second time it is permitted already
        done = json.loads(run("subscribe", "lambda", "Invoices", "--where", "country=France", "--json").stdout)
        assert (done["right_given"] is not None) == right
    (statement,) = json.loads(client("lambda").get_policy(FunctionName="Invoices")["Policy"])["Statement"]
    assert statement["Principal"] == {"Service": "sns.amazonaws.com"}
    assert topic_arn in json.dumps(statement["Condition"])


def test_unsubscribe_ends_it(run: Run, topic_arn: str, client: Callable[..., Any]) -> None:
    client("sqs").create_queue(QueueName="Some")
    arn = json.loads(run("subscribe", "sqs", "Some", "--json").stdout)["arn"]
    assert json.loads(run("unsubscribe", arn, "--json").stdout)["unsubscribed"] == arn
    assert shown(run) == []
    again = run("unsubscribe", arn)
    assert (again.exit_code, "orders subscriptions" in again.stderr) == (1, True)


def test_unsubscribe_order_queue_asks_first(run: Run, topic_arn: str, client: Callable[..., Any]) -> None:
    queue_arn = topic_arn.replace(":sns:", ":sqs:").replace("OrderTopic", "OrderQueue")
    client("sqs").create_queue(QueueName="OrderQueue")
    arn = client("sns").subscribe(TopicArn=topic_arn, Protocol="sqs", Endpoint=queue_arn, ReturnSubscriptionArn=True)
    assert run("unsubscribe", arn["SubscriptionArn"], given="n\n").exit_code == 1
    assert len(shown(run)) == 1
    assert run("unsubscribe", arn["SubscriptionArn"], "--yes").exit_code == 0
    assert shown(run) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["sqs", "OrderQueue"], "Subscribe another queue"),
        (["sqs", "Nowhere"], "aws sqs create-queue --queue-name Nowhere"),
        (["lambda", "Nowhere"], "there is no function Nowhere"),
        (["https", "http://example.com"], "must begin with https://"),
        (["email", "nobody"], "is no e-mail address"),
        (["sqs", "Some", "--where", "userId=7"], "status, country, currency, total"),
    ],
)
def test_subscribe_of_what_cannot_be_says_what_to_do(run: Run, topic_arn: str, arguments: list[str], said: str) -> None:
    result = run("subscribe", *arguments)
    assert (result.exit_code, said in result.stderr) == (1, True), result.output
    assert shown(run) == []


def test_subscriptions_without_a_topic_says_how_to_make_it(run: Run) -> None:
    result = run("subscriptions")
    assert (result.exit_code, "orders deploy" in result.stderr) == (1, True)
