"""Goal: two systems in one account, side by side: no command, function or right of one touches the other.

The tests share both systems, and those that change them run in the order of the file.
"""

from __future__ import annotations

import http.client
import json
import sqlite3
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner, Result

from onebox.testing import EngineThread
from orders.aws.names import SEED_NAMES, Names
from orders.cli.main import main
from orders.deployment.stack import load_template
from orders.intake.callers import CALLERS_PATH
from orders.processor.metrics import NAMESPACE
from orders.publishing.publisher import OrderPublisher
from tests.conftest import environment_of
from tests.console.support import console_for
from tests.polling import PATIENCE_S, until

ACCOUNT = "717171717171"
PREFIX = "staging-"
BROKEN = '{"orderId": "broken", "total": "many"}'
OPTIONS = ("-p", "History=Yes", "-p", "Archive=Yes", "-p", "ArchiveWindow=1", "-p", "Intake=Token")
# The only thing that both share: the code is stored under its digest.
SHARED = {f"orders-artifacts-{ACCOUNT}-us-east-1"}


class System:
    """One of the two, as its operator uses it."""

    def __init__(self, engine: EngineThread, prefix: str) -> None:
        self.engine, self.prefix = engine, prefix
        self.environment = environment_of(engine.endpoint_url, ACCOUNT)
        if prefix:
            self.environment["ORDERS_PREFIX"] = prefix

    def run(self, *arguments: str, code: int = 0, **options: Any) -> Result:
        done = CliRunner().invoke(main, arguments, env=self.environment, **options)
        assert done.exit_code == code, done.output
        return done

    def read(self, *arguments: str, code: int = 0) -> Any:
        return json.loads(self.run(*arguments, "--json", code=code).stdout)

    def lines(self, *arguments: str) -> list[Any]:
        return [json.loads(line) for line in self.run(*arguments, "--json").stdout.splitlines()]

    def has(self, order_id: str) -> bool:
        key = {"orderId": {"S": order_id}}
        return "Item" in client(self.engine, "dynamodb").get_item(TableName=f"{self.prefix}Orders", Key=key)

    def failed(self) -> int:
        """The messages in the dead-letter queue, asked of SQS."""
        sqs, name = client(self.engine, "sqs"), "ApproximateNumberOfMessages"
        url = sqs.get_queue_url(QueueName=f"{self.prefix}OrderDLQ")["QueueUrl"]
        return int(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name])

    def publish(self, text: str) -> None:
        self.run("publish", "-", "--unchecked", input=text)

    def resources(self) -> dict[str, str]:
        """Physical ids by logical ids."""
        pages = client(self.engine, "cloudformation").get_paginator("list_stack_resources")
        return {
            one["LogicalResourceId"]: one["PhysicalResourceId"]
            for page in pages.paginate(StackName=f"{self.prefix}orders")
            for one in page["StackResourceSummaries"]
        }


@cache
def client(engine: EngineThread, service: str) -> Any:
    return engine.client(service, account=ACCOUNT)


@pytest.fixture(scope="module")
def engine() -> Iterator[EngineThread]:
    with EngineThread() as engine:
        yield engine


@pytest.fixture(scope="module")
def seed(engine: EngineThread) -> System:
    system = System(engine, "")
    system.run("deploy", "--yes")
    return system


@pytest.fixture(scope="module")
def staging(engine: EngineThread, seed: System) -> System:
    system = System(engine, PREFIX)
    system.run("deploy", "--yes", *OPTIONS)
    return system


def test_all_names_have_the_prefix_and_both_systems_share_nothing_but_the_code(seed: System, staging: System) -> None:
    named = {
        logical: name.rpartition(":")[2].rpartition("/")[2]
        for logical, name in staging.resources().items()
        if not logical.endswith(
            ("Policy", "Trigger", "Subscription", "ByAlarm", "Url", "UrlOpen", "ByUrl", "GuardRole")
        )
    }
    own = {name.rpartition("staging-")[2] for name in named.values()}
    assert {"Orders", "OrderTopic", "OrderQueue", "OrderDLQ", "OrderProcessor", "LambdaOrderProcessorRole"} <= own
    assert {"OrderEvents", "OrderChanged", "OrderArchiveQueue", "OrderIntake", "OrderIntakeKeys"} <= own
    groups = {
        "OrderAudit": "/staging-orders/audit",
        "OrderArchiveBucket": f"staging-orders-archive-{ACCOUNT}-us-east-1",
    }
    assert {logical: staging.resources()[logical] for logical in groups} == groups
    assert [
        one
        for one in named.items()
        if not one[1].startswith(PREFIX) and one[0] not in ("OrderAudit", "OrderProcessorLive")
    ] == []
    assert not set(seed.resources().values()) & set(staging.resources().values())


def test_names_of_a_system_without_prefix_are_those_that_the_functions_fall_back_to() -> None:
    assert (SEED_NAMES.metrics, SEED_NAMES.intake_callers) == (NAMESPACE, CALLERS_PATH)


def test_rights_of_the_roles_name_resources_of_their_system_alone(engine: EngineThread, staging: System) -> None:
    iam = client(engine, "iam")
    roles = [name for logical, name in staging.resources().items() if logical.endswith("Role")]
    assert len(roles) == 5
    for role in roles:
        for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
            document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
            for statement in document["Statement"]:
                resources = statement["Resource"]
                for resource in [resources] if isinstance(resources, str) else resources:
                    assert f"{PREFIX}Order" in resource or f"{PREFIX}orders" in resource, (role, statement)


def test_order_is_stored_by_the_system_that_it_is_published_to(seed: System, staging: System) -> None:
    seed.publish('{"orderId": "one", "userId": "ada", "timestamp": "2026-11-01T10:00:00Z"}')
    staging.publish('{"orderId": "two", "userId": "ada", "timestamp": "2026-11-01T10:00:00Z"}')
    for system, own, other in ((seed, "one", "two"), (staging, "two", "one")):
        until(lambda: system.has(own), f"order {own}")  # noqa: B023  (asked within the turn)
        assert not system.has(other)
        assert [one["orderId"] for one in system.lines("list", "--user", "ada")] == [own]
    staging.run("get", "two")
    staging.run("find", "one", code=1)
    dynamodb = client(staging.engine, "dynamodb")
    until(lambda: dynamodb.scan(TableName="staging-OrderEvents")["Count"], "the event")
    assert "stored" in staging.run("history", "two").output


def test_publisher_of_a_shop_takes_the_prefix(
    seed: System, staging: System, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCOUNT)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    url = seed.engine.endpoint_url
    with OrderPublisher(tmp_path / "spool", endpoint_url=url, region="us-east-1", prefix=PREFIX) as publisher:
        publisher.publish({"orderId": "by-shop"})
        assert publisher.flush().is_complete
    until(lambda: staging.has("by-shop"), "the order of the shop")
    assert not seed.has("by-shop")


def test_failed_order_is_seen_sent_back_and_deleted_in_its_own_system_alone(
    engine: EngineThread, seed: System, staging: System
) -> None:
    seed.publish(BROKEN)
    staging.publish(f"{BROKEN}\n{BROKEN}")
    until(lambda: (seed.failed(), staging.failed()) == (1, 2), "the failed orders", pause_s=0.2)
    for system, count in ((seed, 1), (staging, 2)):
        assert [(one["state"], one["orders"]) for one in system.lines("dlq", "list")] == [("failed", count)]
    refused = staging.run("dlq", "purge", input="OrderDLQ\n", code=1)
    assert "Type staging-OrderDLQ to confirm" in refused.output
    staging.run("dlq", "purge", input="staging-OrderDLQ\n")
    assert (seed.failed(), staging.failed()) == (1, 0)
    assert seed.read("status")["dead_letters"]["visible"] == 1
    shown = staging.read("status")
    assert (shown["dead_letters"]["visible"], shown["prefix"]) == (0, PREFIX)
    rejected = {"MetricName": "OrdersRejected", "Dimensions": [{"Name": "Reason", "Value": "total"}]}
    for system in (seed, staging):
        namespace = f"{system.prefix}Orders"
        wanted = {"Namespace": namespace, **rejected}
        until(lambda: len(client(engine, "cloudwatch").list_metrics(**wanted)["Metrics"]) == 1, namespace)  # noqa: B023


def test_alarms_logs_and_audit_are_those_of_one_system(seed: System, staging: System) -> None:
    for system in (seed, staging):
        names = {one["name"] for one in system.lines("alarms")}
        assert {name.startswith(f"{system.prefix}Order") for name in names} == {True}
        assert f"{system.prefix}OrderDLQ-not-empty" in names
        assert {one["target"] for one in system.lines("audit", "--action", "deploy")} == {f"{system.prefix}orders"}
    assert "two" in staging.run("logs").output
    assert "two" not in seed.run("logs").output
    name = f"{PREFIX}OrderDLQ-not-empty"
    staging.run("alarms", "silence", name, "1h")
    seed.run("alarms", "silence", name, "1h", code=1)
    assert [one["name"] for one in staging.lines("alarms") if "silenced" in one["note"]] == [name]
    assert not [one for one in seed.lines("alarms") if one["note"]]
    staging.run("alarms", "unsilence", name)


def test_relay_publishes_to_the_system_of_its_prefix(seed: System, staging: System, tmp_path: Path) -> None:
    file = tmp_path / "shop.db"
    database = ("--database", f"sqlite:///{file}")
    staging.run("relay", "init", *database)
    with sqlite3.connect(file) as shop:
        shop.execute(
            "INSERT INTO orders_outbox (order_id, body) VALUES (?, ?)", ("by-relay", '{"orderId": "by-relay"}')
        )
    shop.close()
    staging.run("relay", "run", "--once", *database)
    until(lambda: staging.has("by-relay"), "the relayed order")
    assert not seed.has("by-relay")


def test_queue_that_both_systems_send_to_keeps_the_right_of_each(
    engine: EngineThread, seed: System, staging: System
) -> None:
    sqs = client(engine, "sqs")
    url = sqs.create_queue(QueueName="mail")["QueueUrl"]
    for system in (seed, staging):
        system.run("subscribe", "sqs", "mail")
        assert sum("mail" in one["endpoint"] for one in system.lines("subscriptions")) == 1
    policy = json.loads(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]["Policy"])
    topics = {
        one["Sid"]: one["Condition"]["ArnEquals"]["aws:SourceArn"].rpartition(":")[2] for one in policy["Statement"]
    }
    assert topics == {"orders-OrderTopic": "OrderTopic", "orders-staging-OrderTopic": "staging-OrderTopic"}
    sqs.delete_queue(QueueUrl=url)


def test_console_shows_and_changes_its_system(engine: EngineThread, seed: System, staging: System) -> None:
    with console_for(engine, ACCOUNT, names=Names(PREFIX)) as browser:
        assert "system staging-" in browser.text("/")
        assert "staging-OrderProcessor" in browser.text("/stack")
        assert browser.client.get("/metrics/data").json()["dashboard"] == "staging-Orders-us-east-1"
        refused = browser.post("/failed/purge", {"name": "OrderDLQ"})
        assert refused.status_code == 409
        assert "Type staging-OrderDLQ" in refused.text
        published = browser.post("/publish/order", {"orderId": "by-console"})
        assert published.status_code == 303, published.text
    until(lambda: staging.has("by-console"), "the order of the console")
    assert not seed.has("by-console")


def test_pause_stops_one_system(seed: System, staging: System) -> None:
    staging.run("pause", "--yes")
    staging.publish('{"orderId": "paused"}')
    seed.publish('{"orderId": "goes on"}')
    until(lambda: seed.has("goes on"), "the order of the other system")
    assert not staging.has("paused")
    staging.run("resume")
    until(lambda: staging.has("paused"), "the order after the pause")


def test_replay_and_erase_reach_the_own_system(engine: EngineThread, seed: System, staging: System) -> None:
    s3, bucket = client(engine, "s3"), f"staging-orders-archive-{ACCOUNT}-us-east-1"
    until(lambda: s3.list_objects_v2(Bucket=bucket)["KeyCount"] >= 3, "archive")
    sent = staging.read("replay", "--since", "1h", "--to", "OrderQueue", "--order", "two")
    assert (sent["to"], sent["sent"]) == ("staging-OrderQueue", 1)
    assert not seed.has("two")
    erased = staging.read("erase", "--user", "ada", "--yes")
    assert {one["place"] for one in erased["places"]} >= {"staging-Orders", "staging-OrderQueue", "staging-OrderDLQ"}
    assert {"staging-Orders", "/aws/lambda/staging-OrderProcessor"} <= {
        word for one in erased["remains"] for word in one["place"].split()
    }
    assert seed.has("one")
    assert staging.run("export", "--user", "ada", "--format", "jsonl", "-").output == ""


def test_intake_knows_the_callers_of_its_system(engine: EngineThread, seed: System, staging: System) -> None:
    token = staging.run("intake", "add", "shop").output.strip()
    (parameter,) = client(engine, "ssm").describe_parameters()["Parameters"]
    assert parameter["Name"] == "/staging-orders/intake/callers/shop"
    assert seed.run("intake", "list").output.startswith("there are no callers")
    connection = http.client.HTTPConnection(urlsplit(engine.endpoint_url).netloc, timeout=PATIENCE_S)
    headers = {"Host": urlsplit(staging.run("intake", "url").output.strip()).netloc, "Authorization": f"Bearer {token}"}
    connection.request("POST", "/orders", '{"orderId": "by-http"}', {"Content-Type": "application/json", **headers})
    assert connection.getresponse().status == 202
    connection.close()
    until(lambda: staging.has("by-http"), "the order over HTTP")
    assert not seed.has("by-http")
    assert seed.run("intake", "url", code=1)


def test_doctor_finds_each_system_well(seed: System, staging: System) -> None:
    for system in (seed, staging):
        checks = {one["name"]: one for one in system.read("doctor", "--no-test-order")["checks"]}
        assert not [one for one in checks.values() if one["outcome"] == "failed"]
        assert f"{system.prefix}OrderQueue" in checks[f"{system.prefix}OrderTopic"]["message"]
        assert checks["drift"]["outcome"] == checks["template"]["outcome"] == "good"
    assert "staging-OrderHistory" in checks


def test_stack_is_never_taken_for_that_of_another_prefix(seed: System, staging: System) -> None:
    for arguments in (("deploy", "--yes"), ("destroy", "--yes")):
        refused = staging.run(*arguments, "--stack-name", "orders", code=1)
        assert "the stack orders holds the system without prefix" in refused.output
        refused = seed.run(*arguments, "--stack-name", "staging-orders", code=1)
        assert "Give --prefix staging-" in refused.output
    refused = seed.run("deploy", "--yes", "-p", "NamePrefix=other-", code=1)
    assert "Give --prefix other-, to every command" in refused.output


def test_changed_queue_is_set_back_in_its_own_system(engine: EngineThread, seed: System, staging: System) -> None:
    sqs = client(engine, "sqs")
    urls = [sqs.get_queue_url(QueueName=f"{system.prefix}OrderQueue")["QueueUrl"] for system in (seed, staging)]
    for url in urls:
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "200"})
    assert "OrderQueue: VisibilityTimeout is 200, deployed as 180" in staging.run("deploy", "--yes").output
    name = "VisibilityTimeout"
    found = [sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name] for url in urls]
    assert found == ["200", "180"]
    sqs.set_queue_attributes(QueueUrl=urls[0], Attributes={"VisibilityTimeout": "180"})


def test_canary_is_taken_back_by_the_guard_of_its_system(engine: EngineThread, seed: System, staging: System) -> None:
    lambda_ = client(engine, "lambda")
    before = lambda_.get_alias(FunctionName="OrderProcessor", Name="live")
    staging.run("deploy", "--yes", "-p", "MemorySize=256", "--canary", "10")
    assert lambda_.get_alias(FunctionName="staging-OrderProcessor", Name="live")["RoutingConfig"]
    alarms = client(engine, "cloudwatch").describe_alarms(AlarmNames=["staging-OrderProcessor-canary"])["MetricAlarms"]
    assert all(":staging-" in action for action in alarms[0]["AlarmActions"])
    answer = lambda_.invoke(FunctionName="staging-OrderCanaryGuard", Payload=b'{"time": "now"}')
    assert "FunctionError" not in answer, answer["Payload"].read()
    after = lambda_.get_alias(FunctionName="staging-OrderProcessor", Name="live")
    assert after["Description"].startswith("rolled back from version")
    assert not after.get("RoutingConfig", {}).get("AdditionalVersionWeights")
    assert lambda_.get_alias(FunctionName="OrderProcessor", Name="live")["RevisionId"] == before["RevisionId"]


@pytest.mark.parametrize("command", [["status"], ["list"], ["dlq", "list"], ["pause"], ["top", "--once"]])
def test_advice_is_about_the_system_that_the_options_named(seed: System, command: list[str]) -> None:
    options = "--region us-east-1 --prefix absent-"
    done = seed.run(*command, *options.split(), code=1)
    assert "`orders deploy`" in done.stderr
    assert done.stderr.endswith(f"\nGive it {options} too.\n")


def test_prefix_that_is_none_is_refused_in_a_sentence(seed: System) -> None:
    refused = seed.run("status", "--prefix", "Staging", code=1)
    assert "'Staging' is not a name prefix" in refused.output
    assert "a hyphen last: staging-" in refused.output.replace("\n", " ")


@pytest.mark.parametrize("prefix", ["Staging-", "staging", "a" * 20 + "-", "a b-"])
def test_template_refuses_the_same(engine: EngineThread, prefix: str) -> None:
    cloudformation = client(engine, "cloudformation")
    with pytest.raises(cloudformation.exceptions.ClientError, match="NamePrefix"):
        cloudformation.create_stack(
            StackName="refused",
            TemplateBody=load_template(),
            Capabilities=["CAPABILITY_NAMED_IAM"],
            Parameters=[{"ParameterKey": "NamePrefix", "ParameterValue": prefix}],
        )


def test_destroyed_system_leaves_nothing_of_its_own_and_all_of_the_other(
    engine: EngineThread, seed: System, staging: System
) -> None:
    done = staging.read("destroy", "--yes", "--with-table", "--with-history", "--with-archive")
    assert {name for name, deleted in done.items() if not deleted} == {"claims_deleted"}, "it had no large orders"
    tables = client(engine, "dynamodb").list_tables()["TableNames"]
    queues = client(engine, "sqs").list_queues()["QueueUrls"]
    functions = client(engine, "lambda").list_functions()["Functions"]
    buckets = {one["Name"] for one in client(engine, "s3").list_buckets()["Buckets"]}
    alarms = client(engine, "cloudwatch").describe_alarms()["MetricAlarms"]
    assert not [one for one in alarms if one["AlarmName"].startswith(PREFIX)]
    assert tables == ["Orders"]
    assert {url.rpartition("/")[2] for url in queues} == {"OrderQueue", "OrderDLQ"}
    assert {one["FunctionName"] for one in functions} == {"OrderProcessor", "OrderCanaryGuard"}
    assert buckets == SHARED
    assert seed.has("one")
    assert seed.read("doctor")["well"]
    assert seed.failed() == 1
