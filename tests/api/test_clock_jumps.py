"""Somebody sets the machine's clock: durations go on, nothing is deleted for it, and dates shown are right again."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest

from onebox.testing import EngineThread, ManualSource

START_MS = 1_767_225_600_000
HOUR_S, DAY_S = 3_600, 86_400
BACK, FORWARD = -HOUR_S, DAY_S
JUMPS = pytest.mark.parametrize("jump_s", [BACK, FORWARD], ids=["back an hour", "forward a day"])
KINDS = pytest.mark.parametrize("kind", ["running", "between starts", "at another boot"])


class Machine:
    """An engine on one data folder and one machine, started again as often as wanted."""

    def __init__(self, data: Path, source: ManualSource | None = None) -> None:
        self._data = data
        self.source = source or ManualSource(START_MS)
        self.engine = self._start()

    def _start(self) -> EngineThread:
        engine = EngineThread(self._data, machine=self.source)
        engine.start()
        return engine

    def jump(self, seconds: int, kind: str) -> None:
        """Set the wall clock; ``kind`` says what happens to onebox meanwhile."""
        if kind == "running":
            self.engine.clock.jump(seconds)
            return
        self.engine.stop()
        if kind == "at another boot":
            self.source.boot()
        self.source.set_wall(seconds * 1000)
        self.engine = self._start()

    def pass_s(self, seconds: float) -> None:
        """Time passes."""
        self.engine.clock.advance(seconds)

    def client(self, service: str) -> Any:
        return self.engine.client(service)

    def wall_ms(self) -> int:
        """What a clock on the wall shows."""
        return self.source.wall_ns() // 1_000_000


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    machine = Machine(tmp_path / "data")
    yield machine
    machine.engine.stop()


def receive(machine: Machine, url: str, **arguments: Any) -> list[dict[str, Any]]:
    return list(
        machine.client("sqs").receive_message(QueueUrl=url, AttributeNames=["All"], **arguments).get("Messages", [])
    )


def make_queue(machine: Machine, **attributes: str) -> str:
    return str(machine.client("sqs").create_queue(QueueName="q", Attributes=attributes)["QueueUrl"])


@JUMPS
def test_the_answer_that_notices_a_jump_has_the_new_date(machine: Machine, jump_s: int) -> None:
    def shown_ms() -> float:
        answer = machine.client("sqs").list_queues()
        return parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"]).timestamp() * 1000

    for _ in range(2):
        assert shown_ms() == machine.wall_ms() // 1000 * 1000
        machine.jump(jump_s, "running")  # within the second of the answer before
        assert shown_ms() == machine.wall_ms() // 1000 * 1000
        machine.pass_s(0.4)


@JUMPS
@pytest.mark.parametrize("kind", ["running", "between starts"])
def test_a_message_in_flight_comes_back_after_its_time_and_not_before(machine: Machine, jump_s: int, kind: str) -> None:
    url = make_queue(machine, VisibilityTimeout="60")
    machine.client("sqs").send_message(QueueUrl=url, MessageBody="m")
    assert receive(machine, url)
    machine.pass_s(30)
    machine.jump(jump_s, kind)
    machine.pass_s(29)
    assert not receive(machine, url)
    machine.pass_s(2)
    assert receive(machine, url)


@JUMPS
@pytest.mark.parametrize("kind", ["running", "between starts"])
def test_a_delayed_message_comes_after_its_delay_and_not_before(machine: Machine, jump_s: int, kind: str) -> None:
    url = make_queue(machine)
    machine.client("sqs").send_message(QueueUrl=url, MessageBody="m", DelaySeconds=600)
    machine.jump(jump_s, kind)
    machine.pass_s(598)
    assert not receive(machine, url)
    machine.pass_s(3)
    assert receive(machine, url)


@JUMPS
@pytest.mark.parametrize("kind", ["running", "between starts"])
def test_the_retention_of_an_hour_lasts_an_hour(machine: Machine, jump_s: int, kind: str) -> None:
    url = make_queue(machine, MessageRetentionPeriod="3600", VisibilityTimeout="0")
    machine.client("sqs").send_message(QueueUrl=url, MessageBody="m")
    machine.jump(jump_s, kind)
    machine.pass_s(3_500)
    assert receive(machine, url)
    machine.pass_s(200)
    assert not receive(machine, url)


def test_a_machine_whose_clock_is_behind_after_its_boot_hides_no_message(machine: Machine) -> None:
    url = make_queue(machine, VisibilityTimeout="60", MessageRetentionPeriod="3600")
    machine.client("sqs").send_message(QueueUrl=url, MessageBody="in flight")
    machine.client("sqs").send_message(QueueUrl=url, MessageBody="delayed", DelaySeconds=30)
    assert receive(machine, url)
    machine.jump(-30 * DAY_S, "at another boot")
    machine.pass_s(61)
    assert {message["Body"] for message in receive(machine, url, MaxNumberOfMessages=10)} == {"in flight", "delayed"}


def test_a_receipt_names_no_message_of_a_later_boot(machine: Machine, tmp_path: Path) -> None:
    """The power fails half a minute after the clock was kept, and the machine starts again with its clock set back: the
    same moments come once more."""
    url = make_queue(machine)
    machine.pass_s(30)
    machine.client("sqs").send_message(QueueUrl=url, MessageBody="before")
    (before,) = receive(machine, url)
    machine.client("sqs").delete_message(QueueUrl=url, ReceiptHandle=before["ReceiptHandle"])
    after_cut = tmp_path / "after"
    shutil.copytree(tmp_path / "data", after_cut)
    machine.source.boot()
    machine.source.set_wall(START_MS - machine.wall_ms() - HOUR_S * 1000)

    again = Machine(after_cut, machine.source)
    again.pass_s(30)
    url = again.client("sqs").get_queue_url(QueueName="q")["QueueUrl"]
    again.client("sqs").send_message(QueueUrl=url, MessageBody="after")
    again.client("sqs").delete_message(QueueUrl=url, ReceiptHandle=before["ReceiptHandle"])
    bodies = [message["Body"] for message in receive(again, url)]
    again.engine.stop()

    assert bodies == ["after"]


def test_a_machine_that_was_off_for_an_hour_has_aged_by_an_hour(machine: Machine) -> None:
    url = make_queue(machine, VisibilityTimeout="3600")
    machine.client("sqs").send_message(QueueUrl=url, MessageBody="m")
    assert receive(machine, url)
    machine.jump(HOUR_S, "at another boot")
    assert receive(machine, url)


@KINDS
def test_an_item_due_in_two_hours_outlives_a_clock_that_is_wrong_for_75_seconds(machine: Machine, kind: str) -> None:
    dynamodb = machine.client("dynamodb")
    dynamodb.create_table(
        TableName="items",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    dynamodb.update_time_to_live(TableName="items", TimeToLiveSpecification={"Enabled": True, "AttributeName": "until"})
    due_s = START_MS // 1000 + 2 * HOUR_S
    dynamodb.put_item(TableName="items", Item={"id": {"S": "a"}, "until": {"N": str(due_s)}})

    def exists() -> bool:
        return "Item" in machine.client("dynamodb").get_item(TableName="items", Key={"id": {"S": "a"}})

    machine.jump(FORWARD if kind != "at another boot" else BACK, kind)
    machine.pass_s(75)
    assert exists()
    machine.jump(-FORWARD if kind != "at another boot" else -BACK, "running")
    machine.pass_s(HOUR_S)
    assert exists()
    machine.pass_s(HOUR_S + 300)
    assert not exists()


def test_a_new_date_is_believed_after_an_hour(machine: Machine) -> None:
    """The jump was the correction of a clock that had been behind."""
    logs = machine.client("logs")
    logs.create_log_group(logGroupName="g")
    logs.put_retention_policy(logGroupName="g", retentionInDays=1)
    logs.create_log_stream(logGroupName="g", logStreamName="s")
    event = {"timestamp": START_MS, "message": "m"}
    logs.put_log_events(logGroupName="g", logStreamName="s", logEvents=[event])

    def stored_bytes() -> int:
        (group,) = machine.client("logs").describe_log_groups(logGroupNamePrefix="g")["logGroups"]
        return int(group["storedBytes"])

    machine.jump(2 * DAY_S, "running")
    machine.pass_s(HOUR_S - 300)
    assert stored_bytes() > 0
    machine.pass_s(HOUR_S + 600)
    assert stored_bytes() == 0


@JUMPS
@KINDS
def test_what_is_shown_is_the_wall_time(machine: Machine, jump_s: int, kind: str) -> None:
    machine.jump(jump_s, kind)
    machine.pass_s(10)
    url = make_queue(machine)
    sqs, logs = machine.client("sqs"), machine.client("logs")
    sqs.send_message(QueueUrl=url, MessageBody="m")
    (message,) = receive(machine, url)
    attributes = message["Attributes"]
    assert int(attributes["SentTimestamp"]) == int(attributes["ApproximateFirstReceiveTimestamp"]) == machine.wall_ms()
    created = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["CreatedTimestamp"])["Attributes"]
    assert int(created["CreatedTimestamp"]) == machine.wall_ms() // 1000
    logs.create_log_group(logGroupName="g")
    (group,) = logs.describe_log_groups(logGroupNamePrefix="g")["logGroups"]
    assert group["creationTime"] == machine.wall_ms()


@JUMPS
def test_a_session_lives_for_its_duration(machine: Machine, jump_s: int) -> None:
    import boto3

    session = machine.client("sts").get_session_token(DurationSeconds=7200)["Credentials"]

    def call() -> str:
        client = boto3.client(
            "sts",
            region_name="us-east-1",
            endpoint_url=machine.engine.endpoint_url,
            aws_access_key_id=session["AccessKeyId"],
            aws_secret_access_key=session["SecretAccessKey"],
            aws_session_token=session["SessionToken"],
        )
        return str(client.get_caller_identity()["Account"])

    machine.jump(jump_s, "running")
    machine.pass_s(1800)
    assert call() == "000000000000"


def test_an_alarm_is_evaluated_after_the_clock_went_back(machine: Machine) -> None:
    cloudwatch = machine.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="a",
        Namespace="N",
        MetricName="m",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
    )

    def state() -> str:
        return str(machine.client("cloudwatch").describe_alarms()["MetricAlarms"][0]["StateValue"])

    machine.pass_s(130)
    assert state() == "OK"
    machine.jump(BACK, "running")
    cloudwatch.put_metric_data(Namespace="N", MetricData=[{"MetricName": "m", "Value": 1}])
    machine.pass_s(70)
    assert state() == "ALARM"
    machine.pass_s(300)
    assert state() == "OK"


@KINDS
def test_jumps_are_said(machine: Machine, kind: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="onebox.clock"):
        machine.jump(BACK, kind)
        machine.pass_s(61)
        machine.jump(FORWARD, "running")
        machine.pass_s(61)
    texts = [record.getMessage() for record in caplog.records if record.name == "onebox.clock"]
    assert [text.partition(" noticed")[0] for text in texts] == [
        "jump of the wall clock back by 1:00:00",
        "jump of the wall clock forward by 1 day, 0:00:00",
    ]
    assert "nothing is deleted because of the new date for 1:00:00" in texts[1]


def test_a_jump_that_is_not_trusted_yet_is_remembered_over_a_restart(machine: Machine) -> None:
    logs = machine.client("logs")
    logs.create_log_group(logGroupName="g")
    logs.put_retention_policy(logGroupName="g", retentionInDays=1)
    logs.create_log_stream(logGroupName="g", logStreamName="s")
    logs.put_log_events(logGroupName="g", logStreamName="s", logEvents=[{"timestamp": START_MS, "message": "m"}])
    machine.jump(2 * DAY_S, "running")
    machine.pass_s(61)
    machine.jump(0, "between starts")
    machine.pass_s(HOUR_S // 2)
    (group,) = machine.client("logs").describe_log_groups(logGroupNamePrefix="g")["logGroups"]
    assert group["storedBytes"] > 0


def test_stream_records_from_before_a_jump_forward_keep_their_age() -> None:
    with EngineThread(manual_clock=True) as engine:
        dynamodb, streams = engine.client("dynamodb"), engine.client("dynamodbstreams")
        dynamodb.create_table(
            TableName="table",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
        )
        engine.clock.jump(-86_400)
        dynamodb.put_item(TableName="table", Item={"k": {"S": "a"}})
        engine.clock.jump(86_400)
        engine.clock.advance(3_600)
        arn = dynamodb.describe_table(TableName="table")["Table"]["LatestStreamArn"]
        shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
        start = streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
        (record,) = streams.get_records(ShardIterator=start["ShardIterator"])["Records"]
        assert record["dynamodb"]["Keys"] == {"k": {"S": "a"}}
        assert record["dynamodb"]["ApproximateCreationDateTime"].year == 2026
