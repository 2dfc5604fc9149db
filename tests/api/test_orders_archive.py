"""Goal: with Archive on, every notification is in S3, and `orders replay` sends it again to where it is wanted."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from click.testing import CliRunner, Result

from onebox.testing import EngineThread
from orders.cli.main import main
from tests.conftest import environment_of
from tests.polling import until

Orders = Callable[..., Result]
ACCOUNT = "321321321321"
BUCKET = f"orders-archive-{ACCOUNT}-us-east-1"
TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT}:OrderTopic"
OPTIONS = ("-p", "Archive=Yes", "-p", "ArchiveWindow=1", "-p", "ArchiveBatchSize=50")
HOSTILE = ['{"orderId": "\\ud800"}', "no JSON é\U0001f600", '{"orderId": 7}', "[" * 1_000, "null"]


@pytest.fixture(scope="module")
def engine() -> Iterator[EngineThread]:
    """One engine with the stack and some archived notifications: of two customers, and some that are no orders."""
    with EngineThread() as engine:
        environment = environment_of(engine.endpoint_url, ACCOUNT)
        done = CliRunner().invoke(main, ["deploy", "--yes", *OPTIONS], env=environment)
        assert done.exit_code == 0, done.output
        sns = client(engine, "sns")
        for number in range(30):
            order = {"orderId": f"a{number}", "userId": "ada" if number % 3 else "eve", "status": "new"}
            attributes = {"status": {"DataType": "String", "StringValue": "new"}}
            sns.publish(TopicArn=TOPIC, Message=json.dumps(order), MessageAttributes=attributes)
        for text in HOSTILE:
            sns.publish(TopicArn=TOPIC, Message=text)
        until(lambda: len(archived(engine)) == 35, "the archive")
        yield engine


@pytest.fixture
def orders(engine: EngineThread, tmp_path: Any) -> Orders:
    environment = {**environment_of(engine.endpoint_url, ACCOUNT), "XDG_STATE_HOME": str(tmp_path)}
    return lambda *arguments: CliRunner().invoke(main, arguments, env=environment)


def client(engine: EngineThread, service: str) -> Any:
    return engine.client(service, account=ACCOUNT)


def archived(engine: EngineThread) -> list[dict[str, Any]]:
    """All lines of the archive."""
    s3 = client(engine, "s3")
    found: list[dict[str, Any]] = []
    for one in s3.list_objects_v2(Bucket=BUCKET).get("Contents", []):
        assert re.match(r"archive/\d{4}/\d\d/\d\d/\d\d/\S+\.jsonl\.gz$", one["Key"])
        content = gzip.decompress(s3.get_object(Bucket=BUCKET, Key=one["Key"])["Body"].read())
        found += map(json.loads, content.decode("ascii").splitlines())
    return found


def make_queue(engine: EngineThread, name: str) -> str:
    return str(client(engine, "sqs").create_queue(QueueName=name)["QueueUrl"])


def take_all(engine: EngineThread, url: str) -> list[dict[str, Any]]:
    sqs = client(engine, "sqs")
    found: list[dict[str, Any]] = []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]).get(
        "Messages"
    ):
        found += messages
    return found


def test_every_notification_is_archived_character_for_character(engine: EngineThread) -> None:
    lines = archived(engine)
    assert len({line["id"] for line in lines}) == 35
    assert {line["message"] for line in lines} >= set(HOSTILE)
    assert {line["topicArn"] for line in lines} == {TOPIC}
    assert lines[0]["attributes"] == {"status": {"Type": "String", "Value": "new"}}
    sqs = client(engine, "sqs")
    url = sqs.get_queue_url(QueueName="OrderArchiveQueue")["QueueUrl"]
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    until(
        lambda: set(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"].values()) == {"0"},
        "an empty queue",
    )


def test_archive_is_private_and_expires(engine: EngineThread) -> None:
    s3 = client(engine, "s3")
    [rule] = s3.get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"]
    assert (rule["Expiration"], rule["Filter"], rule["Status"]) == ({"Days": 90}, {"Prefix": "archive/"}, "Enabled")
    assert set(s3.get_public_access_block(Bucket=BUCKET)["PublicAccessBlockConfiguration"].values()) == {True}
    assert "TlsOnly" in s3.get_bucket_policy(Bucket=BUCKET)["Policy"]


def test_replay_to_a_queue_sends_each_once_in_order_in_the_envelope(engine: EngineThread, orders: Orders) -> None:
    url = make_queue(engine, "warehouse")
    done = orders("replay", "--since", "1h", "--to", "warehouse", "--json")
    report = json.loads(done.stdout)
    assert (done.exit_code, report["read"], report["sent"], report["refused"]) == (0, 35, 35, 0)
    envelopes = [json.loads(message["Body"]) for message in take_all(engine, url)]
    assert {one["MessageId"] for one in envelopes} == {line["id"] for line in archived(engine)}
    times = [one["Timestamp"] for one in envelopes]
    assert times == sorted(times)


def test_replay_of_one_customer_raw_keeps_attributes(engine: EngineThread, orders: Orders) -> None:
    url = make_queue(engine, "raw")
    assert orders("replay", "--since", "1h", "--user", "eve", "--to", "raw", "--raw").exit_code == 0
    messages = take_all(engine, url)
    assert {json.loads(one["Body"])["userId"] for one in messages} == {"eve"}
    assert len(messages) == 10
    assert {one["MessageAttributes"]["status"]["StringValue"] for one in messages} == {"new"}


def test_replay_to_a_topic_and_of_one_order_and_status(engine: EngineThread, orders: Orders) -> None:
    url = make_queue(engine, "subscriber")
    sns, arn = client(engine, "sns"), f"arn:aws:sqs:us-east-1:{ACCOUNT}:subscriber"
    policy = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn}]}
    client(engine, "sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    topic = sns.create_topic(Name="again")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"FilterPolicy": '{"status": ["new"]}'})
    for chosen in (("--order", "a7", "--to", "again"), ("--order", "a8", "--status", "new", "--to", topic)):
        assert orders("replay", "--since", "1h", *chosen).exit_code == 0
    assert (
        json.loads(orders("replay", "--since", "1h", "--status", "paid", "--to", "again", "--json").stdout)["sent"] == 0
    )
    found = [json.loads(json.loads(one["Body"])["Message"])["orderId"] for one in take_all(engine, url)]
    assert found == ["a7", "a8"]


def test_dry_run_sends_nothing(engine: EngineThread, orders: Orders) -> None:
    url = make_queue(engine, "dry")
    done = orders("replay", "--since", "1h", "--to", "dry", "--dry-run")
    assert "35 notifications in the archive, 35 to send to dry" in done.output
    assert take_all(engine, url) == []


def test_interrupted_replay_resumes_where_it_stopped(
    engine: EngineThread, orders: Orders, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = make_queue(engine, "broken-off")
    from orders.archive.targets import QueueTarget

    send, calls = QueueTarget.send, []

    def break_off(target: QueueTarget, notifications: Any) -> Any:
        calls.append(len(notifications))
        if len(calls) == 3:
            raise KeyboardInterrupt
        return send(target, notifications)

    monkeypatch.setattr(QueueTarget, "send", break_off)
    command = ("replay", "--since", "1h", "--to", "broken-off", "--resume")
    done = orders(*command)
    assert done.exit_code == 130
    assert "20 notifications sent. Continue with the same command and --resume." in done.output
    done = orders(*command, "--json")
    report = json.loads(done.stdout)
    assert (report["skipped"], report["sent"]) == (20, 15)
    assert len({json.loads(one["Body"])["MessageId"] for one in take_all(engine, url)}) == 35


def test_damaged_object_and_unknown_targets_are_named(engine: EngineThread, orders: Orders) -> None:
    assert "there is no queue and no topic nowhere" in orders("replay", "--since", "1h", "--to", "nowhere").output
    assert "--since is not before --until" in orders("replay", "--since", "1h", "--until", "2h", "--to", "x").output
    s3 = client(engine, "s3")
    key = f"archive/2020/01/01/00/{1577836800000:015d}-{1577836800000:015d}-{'0' * 32}.jsonl.gz"
    make_queue(engine, "damage")
    for content, sentence in ((gzip.compress(b"{}\nno line\n"), "holds lines"), (b"no gzip", "is damaged")):
        s3.put_object(Bucket=BUCKET, Key=key, Body=content)
        done = orders("replay", "--since", "2020-01-01", "--until", "2020-01-02", "--to", "damage")
        assert done.exit_code != 0
        assert sentence in done.output
    s3.delete_object(Bucket=BUCKET, Key=key)


def test_replay_into_an_emptied_table_gives_the_same_orders(engine: EngineThread, orders: Orders) -> None:
    dynamodb = client(engine, "dynamodb")

    def table() -> dict[str, Any]:
        return {item["orderId"]["S"]: item for item in dynamodb.scan(TableName="Orders")["Items"]}

    until(lambda: len(table()) == 30, "all orders in the table")
    before = table()
    for order_id in before:
        dynamodb.delete_item(TableName="Orders", Key={"orderId": {"S": order_id}})
    assert orders("replay", "--since", "1h", "--to", "OrderQueue").exit_code == 0
    until(lambda: len(table()) == 30, "all orders in the table again")
    assert table() == before


def test_without_archive_replay_says_how_to_start_one(aws_environment: dict[str, str]) -> None:
    done = CliRunner().invoke(main, ["replay", "--since", "1h", "--to", "OrderQueue"], env=aws_environment)
    assert "there is no archive" in done.output
    assert "orders deploy -p Archive=Yes" in done.output
