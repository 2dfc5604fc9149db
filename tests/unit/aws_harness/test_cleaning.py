"""Goal: a run's resources are found and deleted whatever holds on to them, and nobody else's are touched."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import pytest
from botocore.exceptions import ClientError

from onebox.testing import EngineThread
from tests.api.lambda_support import RUNTIME, TRUST, zipped
from tests.aws.harness.cleaning import clean, find_leftovers, show_cleaning
from tests.aws.harness.leftovers import KINDS
from tests.aws.harness.names import begin_of, make_run, prefix_of, run_of

RUN, OTHER = "6b0afdf224cf", "6b0afdf33333"
SQS_FULL = "arn:aws:iam::aws:policy/AmazonSQSFullAccess"
TOPIC = json.dumps({"Resources": {"T": {"Type": "AWS::SNS::Topic"}}})
ALARM = {
    "Namespace": "App", "MetricName": "m", "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1, "Threshold": 1,
    "ComparisonOperator": "GreaterThanThreshold",
}  # fmt: skip


@pytest.fixture
def connect(onebox: EngineThread, account: str) -> Callable[[str], Any]:
    return lru_cache(None)(lambda service: onebox.client(service, account=account))


def make_identities(iam: Any, p: str) -> str:
    """Users, groups, roles and policies that hold on to each other; the role's ARN."""
    policy = iam.create_policy(PolicyName=f"{p}policy", PolicyDocument=document())["Policy"]["Arn"]
    iam.create_policy_version(PolicyArn=policy, PolicyDocument=document("sns:*"))
    role = iam.create_role(RoleName=f"{p}role", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    iam.attach_role_policy(RoleName=f"{p}role", PolicyArn=policy)
    iam.attach_role_policy(RoleName=f"{p}role", PolicyArn=SQS_FULL)
    iam.put_role_policy(RoleName=f"{p}role", PolicyName="own", PolicyDocument=document())
    iam.create_instance_profile(InstanceProfileName=f"{p}profile")
    iam.add_role_to_instance_profile(InstanceProfileName=f"{p}profile", RoleName=f"{p}role")
    iam.create_user(UserName=f"{p}user")
    iam.create_access_key(UserName=f"{p}user")
    iam.put_user_policy(UserName=f"{p}user", PolicyName="own", PolicyDocument=document())
    iam.create_group(GroupName=f"{p}group")
    iam.add_user_to_group(GroupName=f"{p}group", UserName=f"{p}user")
    iam.attach_group_policy(GroupName=f"{p}group", PolicyArn=policy)
    return str(role)


def document(action: str = "sqs:*") -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]})


def make_storage(connect: Callable[[str], Any], p: str) -> None:
    """A bucket with versions, a marker and an unfinished upload; a table and a group under protection; a parameter."""
    s3 = connect("s3")
    s3.create_bucket(Bucket=f"{p}bucket")
    s3.put_bucket_versioning(Bucket=f"{p}bucket", VersioningConfiguration={"Status": "Enabled"})
    for body in (b"1", b"2"):
        s3.put_object(Bucket=f"{p}bucket", Key="k", Body=body)
    s3.delete_object(Bucket=f"{p}bucket", Key="k")
    s3.create_multipart_upload(Bucket=f"{p}bucket", Key="unfinished")
    connect("dynamodb").create_table(
        TableName=f"{p}table",
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        DeletionProtectionEnabled=True,
    )
    for lead in ("", "/", "/aws/lambda/"):
        connect("logs").create_log_group(logGroupName=f"{lead}{p}group", deletionProtectionEnabled=True)
    for lead in ("", "/"):
        connect("ssm").put_parameter(Name=f"{lead}{p}parameter", Value="v", Type="String")


def make_all(connect: Callable[[str], Any], p: str) -> None:
    """One resource of every kind at least."""
    role = make_identities(connect("iam"), p)
    make_storage(connect, p)
    queue = connect("sqs").create_queue(QueueName=f"{p}queue.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    arn = connect("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns = connect("sns")
    topic = sns.create_topic(Name=f"{p}topic.fifo", Attributes={"FifoTopic": "true"})["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    code = {"ZipFile": zipped("def handler(event, context):\n    pass\n")}
    connect("lambda").create_function(
        FunctionName=f"{p}function", Runtime=RUNTIME, Handler="app.handler", Role=role, Code=code
    )
    connect("lambda").create_event_source_mapping(FunctionName=f"{p}function", EventSourceArn=arn, Enabled=False)
    connect("lambda").publish_layer_version(LayerName=f"{p}layer", Content=code)
    connect("cloudwatch").put_metric_alarm(AlarmName=f"{p}alarm", **ALARM)
    connect("cloudwatch").put_dashboard(DashboardName=f"{p}board", DashboardBody='{"widgets": []}')
    connect("cloudformation").create_stack(StackName=f"{p}stack", TemplateBody=TOPIC, EnableTerminationProtection=True)


def test_every_kind_of_resource_of_a_run_is_deleted_and_nothing_else(connect: Callable[[str], Any]) -> None:
    make_all(connect, prefix_of(RUN))
    connect("sqs").create_queue(QueueName=f"{prefix_of(OTHER)}queue")
    connect("sqs").create_queue(QueueName="onebox-aws-test-of-somebody")
    connect("iam").create_user(UserName="onebox-aws-test-user")
    found = find_leftovers(connect, lambda run: run == RUN)
    assert {one.kind.name for one in found.found} == {kind.name for kind in KINDS}
    assert found.unseen == {}

    done = clean(connect, lambda run: run == RUN, patience_s=60, pause=lambda _s: None)

    assert (done.left, done.unseen) == ([], {})
    assert done.deleted["log group"] == 3
    assert show_cleaning(done)[0].startswith("Cleaned  1 alarm, 1 bucket, 1 dashboard, ")
    assert [one.name for one in find_leftovers(connect).found] == [f"{prefix_of(OTHER)}queue"]
    names = [url.rpartition("/")[2] for url in connect("sqs").list_queues()["QueueUrls"]]
    assert names == [f"{prefix_of(OTHER)}queue", "onebox-aws-test-of-somebody"]
    assert [user["UserName"] for user in connect("iam").list_users()["Users"]] == ["onebox-aws-test-user"]


def test_what_cannot_be_deleted_or_looked_for_is_told(connect: Callable[[str], Any]) -> None:
    class Stubborn:
        """SQS that lists a queue and never deletes it; the other services cannot be reached."""

        def get_paginator(self, _operation: str) -> Any:
            return self

        def paginate(self, **_: Any) -> Any:
            return [{"QueueUrls": [f"http://localhost/1/{prefix_of(RUN)}q"]}]

        def delete_queue(self, **_: Any) -> None:
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "not you"}}, "DeleteQueue")

    def one_only(service: str) -> Any:
        if service == "sqs":
            return Stubborn()
        raise ClientError({"Error": {"Code": "Unavailable", "Message": "later"}}, service)

    moments = iter(range(0, 1000, 30))
    done = clean(one_only, lambda _run: True, patience_s=60, pause=lambda _s: None, now=lambda: next(moments))
    shown = "\n".join(show_cleaning(done))
    assert f"LEFT     queue {prefix_of(RUN)}q: AccessDenied: not you" in shown
    assert "UNSEEN   table: Unavailable: later" in shown


def test_what_was_found_and_can_no_longer_be_looked_for_is_not_told_as_deleted() -> None:
    class Expiring:
        """SQS that lists a queue once, and then refuses everything."""

        lists = 0

        def get_paginator(self, _operation: str) -> Any:
            return self

        def paginate(self, **_: Any) -> Any:
            self.lists += 1
            if self.lists > 1:
                raise expired
            return [{"QueueUrls": [f"http://localhost/1/{prefix_of(RUN)}q"]}]

        def delete_queue(self, **_: Any) -> None:
            raise expired

    expired = ClientError({"Error": {"Code": "ExpiredToken", "Message": "log in"}}, "sqs")
    sqs = Expiring()

    def one_only(service: str) -> Any:
        if service == "sqs":
            return sqs
        raise expired

    done = clean(one_only, lambda _run: True, patience_s=60, pause=lambda _s: None, now=lambda: 0.0)
    shown = "\n".join(show_cleaning(done))
    assert done.deleted == {}
    assert f"LEFT     queue {prefix_of(RUN)}q: ExpiredToken: log in" in shown
    assert "UNSEEN   queue: ExpiredToken: log in" in shown


def test_what_comes_up_after_an_empty_list_is_deleted_too(connect: Callable[[str], Any]) -> None:
    """On AWS lists are late, and Lambda writes the log of a function that is gone."""
    moments = [0.0]

    def wait(seconds: float) -> None:
        moments[0] += seconds
        if moments[0] == 40:
            connect("logs").create_log_group(logGroupName=f"/aws/lambda/{prefix_of(RUN)}late")

    done = clean(connect, lambda _run: True, patience_s=600, quiet_s=60, pause=wait, now=lambda: moments[0])
    assert done.deleted == {"log group": 1}
    assert (done.left, moments[0]) == ([], 100), "quiet for 60 s after the last one"


def test_each_round_is_followed_by_a_pause_although_nothing_was_refused() -> None:
    """A stack takes minutes to go, and accepts to be deleted all the while."""

    class Slow:
        """A stack that is being deleted, and nothing else."""

        def get_paginator(self, operation: str) -> Any:
            found = {"StackName": f"{prefix_of(RUN)}s", "StackId": "s", "StackStatus": "DELETE_IN_PROGRESS"}
            self.page = {"Stacks": [found]} if operation == "describe_stacks" and moments[0] < 10 else {}
            return self

        def paginate(self, **_: Any) -> Any:
            return [self.page]

        def list_buckets(self) -> Any:
            return {"Buckets": []}

        def delete_stack(self, **_: Any) -> None:
            pass

    moments = [0.0]

    def wait(seconds: float) -> None:
        moments[0] += seconds

    done = clean(lambda _service: Slow(), lambda _run: True, patience_s=60, pause=wait, now=lambda: moments[0])
    assert (done.deleted, moments[0]) == ({"stack": 1}, 10)


@pytest.mark.parametrize(
    ("name", "run"),
    [
        (f"{prefix_of(RUN)}1-q.fifo", RUN),
        (f"/{prefix_of(RUN)}1-app/url", RUN),
        (f"/aws/lambda/{prefix_of(RUN)}1-function", RUN),
        ("onebox-aws-test-", None),
        ("onebox-aws-test-6b0afdf224c-q", None),
        (f"my-{prefix_of(RUN)}q", None),
        (prefix_of(RUN).upper(), None),
        ("orders", None),
    ],
)
def test_a_name_tells_its_run(name: str, run: str | None) -> None:
    assert run_of(name) == run


def test_runs_have_names_of_their_own_that_tell_their_begin() -> None:
    one, two = make_run(), make_run()
    assert one != two
    assert run_of(f"{prefix_of(one)}q") == one
    assert begin_of("6b0afdf224cf").isoformat() == "2026-11-28T16:14:42+00:00"
