"""Goal: every waiter that botocore has for what onebox makes ends when it is made, and waits as long as it is not."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore import xform_name
from botocore.exceptions import WaiterError

from onebox.cli.operations import offered_operations
from onebox.testing import EngineThread
from tests.api.lambda_support import RUNTIME, TRUST, zipped
from tests.polling import PATIENCE_S

ACCOUNT = "100200300401"
PAUSE_S = 0.02
SOON = {"Delay": PAUSE_S, "MaxAttempts": int(PATIENCE_S / PAUSE_S)}
ONCE = {"Delay": PAUSE_S, "MaxAttempts": 1}
TEMPLATE = json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}})
CHANGED = json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "changed"}}}})
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
STACK, FUNCTION, TABLE, BUCKET = {"StackName": "s"}, {"FunctionName": "f"}, {"TableName": "table"}, {"Bucket": "waited"}

# What the waiter asks for, in the order in which it is waited for.
MADE: dict[tuple[str, str], dict[str, Any]] = {
    ("cloudformation", "change_set_create_complete"): {"StackName": "t", "ChangeSetName": "c"},
    ("cloudformation", "stack_exists"): STACK,
    ("cloudformation", "stack_create_complete"): STACK,
    ("cloudformation", "stack_update_complete"): STACK,
    ("cloudformation", "stack_delete_complete"): STACK,
    ("cloudwatch", "alarm_exists"): {"AlarmNames": ["alarm"]},
    ("cloudwatch", "composite_alarm_exists"): {"AlarmNames": ["both"], "AlarmTypes": ["CompositeAlarm"]},
    ("dynamodb", "table_exists"): TABLE,
    ("dynamodb", "table_not_exists"): TABLE,
    ("iam", "instance_profile_exists"): {"InstanceProfileName": "profile"},
    ("iam", "policy_exists"): {"PolicyArn": f"arn:aws:iam::{ACCOUNT}:policy/policy"},
    ("iam", "role_exists"): {"RoleName": "role"},
    ("iam", "user_exists"): {"UserName": "user"},
    ("lambda", "function_active"): FUNCTION,
    ("lambda", "function_active_v2"): FUNCTION,
    ("lambda", "function_exists"): FUNCTION,
    ("lambda", "function_updated"): FUNCTION,
    ("lambda", "function_updated_v2"): FUNCTION,
    ("lambda", "published_version_active"): {**FUNCTION, "Qualifier": "1"},
    ("s3", "bucket_exists"): BUCKET,
    ("s3", "object_exists"): {**BUCKET, "Key": "object"},
    ("s3", "object_not_exists"): {**BUCKET, "Key": "object"},
    ("s3", "bucket_not_exists"): BUCKET,
}
# What must be done before it can end.
CHANGES: dict[str, Callable[[Any], Any]] = {
    "stack_update_complete": lambda api: api.update_stack(**STACK, TemplateBody=CHANGED),
    "stack_delete_complete": lambda api: api.delete_stack(**STACK),
    "table_not_exists": lambda api: api.delete_table(**TABLE),
    "function_updated": lambda api: api.update_function_configuration(**FUNCTION, Description="changed"),
    "published_version_active": lambda api: api.publish_version(**FUNCTION),
    "object_not_exists": lambda api: api.delete_object(**BUCKET, Key="object"),
    "bucket_not_exists": lambda api: api.delete_bucket(**BUCKET),
}
# Of what is described as absent, because onebox does not make it: alarms on logs, imports, exports and the like.
NEVER_MADE = {
    "contributor_insights_enabled",
    "export_completed",
    "import_completed",
    "kinesis_streaming_destination_active",
    "log_alarm_exists",
    "stack_import_complete",
}
ELSEWHERE = {"stack_rollback_complete"}  # the tests of CloudFormation's rollbacks


@pytest.fixture(scope="module")
def api() -> Iterator[Callable[[str], Any]]:
    with EngineThread() as engine:
        yield lambda service: engine.client(service, account=ACCOUNT)


@pytest.fixture(scope="module")
def empty() -> Iterator[Callable[[str], Any]]:
    with EngineThread() as engine:
        yield lambda service: engine.client(service, account=ACCOUNT)


def test_every_waiter_is_waited_for(api: Callable[[str], Any]) -> None:
    names = {name for service in offered_operations() for name in offered_waiters(api(service))}
    assert {name for _, name in MADE} | NEVER_MADE | ELSEWHERE == names


@pytest.mark.parametrize("name", [name for _, name in MADE if name.endswith("_exists") and "not_" not in name])
def test_what_is_not_there_is_waited_for(empty: Callable[[str], Any], name: str) -> None:
    service, request = next((of, request) for (of, known), request in MADE.items() if known == name)
    with pytest.raises(WaiterError, match="Max attempts exceeded"):
        empty(service).get_waiter(name).wait(**request, WaiterConfig=ONCE)


def test_what_is_made_and_changed_is_seen(api: Callable[[str], Any]) -> None:
    make(api)
    for (service, name), request in MADE.items():
        if name in CHANGES:
            CHANGES[name](api(service))
        api(service).get_waiter(name).wait(**request, WaiterConfig=SOON)


def offered_waiters(client: Any) -> list[str]:
    """The names of the waiters whose operation is offered."""
    models = client.meta.service_model
    offered, _ = offered_operations()[models.service_name]
    known = client._get_waiter_config().get("waiters", {})
    return [xform_name(name) for name, waiter in known.items() if waiter["operation"] in offered]


def make(api: Callable[[str], Any]) -> None:
    """All that is waited for."""
    iam, cloudwatch, s3 = api("iam"), api("cloudwatch"), api("s3")
    iam.create_instance_profile(InstanceProfileName="profile")
    iam.create_policy(PolicyName="policy", PolicyDocument=POLICY)
    role = iam.create_role(RoleName="role", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    iam.create_user(UserName="user")
    cloudwatch.put_metric_alarm(
        AlarmName="alarm",
        Namespace="n",
        MetricName="m",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )
    cloudwatch.put_composite_alarm(AlarmName="both", AlarmRule="ALARM(alarm)")
    api("dynamodb").create_table(
        **TABLE,
        AttributeDefinitions=[{"AttributeName": "p", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "p", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    s3.create_bucket(**BUCKET)
    s3.put_object(**BUCKET, Key="object", Body=b"x")
    code = {"ZipFile": zipped("def handler(event, context): pass")}
    api("lambda").create_function(**FUNCTION, Runtime=RUNTIME, Role=role, Handler="app.handler", Code=code)
    stacks = api("cloudformation")
    stacks.create_stack(**STACK, TemplateBody=TEMPLATE)
    stacks.create_change_set(StackName="t", ChangeSetName="c", ChangeSetType="CREATE", TemplateBody=TEMPLATE)
