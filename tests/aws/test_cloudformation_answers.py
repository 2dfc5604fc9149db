"""Goal: CloudFormation's answers have the members, the values and the order that AWS gives them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.aws.stacks import change_stack, make_stack, prepare, settle, template
from tests.aws.support import Unique, refusal

Client = Callable[..., Any]
TOPIC: dict[str, Any] = {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "one"}}


@pytest.fixture
def cloudformation(client: Client) -> Any:
    return client("cloudformation")


def test_change_set_leaves_out_tags_and_parameters_that_are_none(
    cloudformation: Any, unique: Unique, until: Any
) -> None:
    change_set = prepare(cloudformation, until, unique("s"), template(T=TOPIC), "CREATE")
    assert "Tags" not in change_set
    assert "Parameters" not in change_set
    assert change_set["Capabilities"] == []
    assert change_set["NotificationARNs"] == []


def test_executed_creation_sets_the_time_of_the_last_update(cloudformation: Any, unique: Unique, until: Any) -> None:
    change_set = prepare(cloudformation, until, unique("s"), template(T=TOPIC), "CREATE")
    cloudformation.execute_change_set(ChangeSetName=change_set["ChangeSetId"])
    stack = settle(cloudformation, until, unique("s"))
    assert stack["LastUpdatedTime"] >= stack["CreationTime"]
    assert stack["Tags"] == []
    assert "Parameters" not in stack
    assert "LastUpdatedTime" not in make_stack(cloudformation, until, unique("plain"), template(T=TOPIC))


def test_events_of_a_stack_have_rising_times(cloudformation: Any, unique: Unique, until: Any) -> None:
    make_stack(cloudformation, until, unique("s"), template(A=TOPIC, B=TOPIC, C=TOPIC))
    events = cloudformation.describe_stack_events(StackName=unique("s"))["StackEvents"]
    times = [event["Timestamp"] for event in reversed(events)]
    assert times == sorted(times)


def test_rolled_back_creation_has_a_deletion_time_and_no_change_set(
    cloudformation: Any, unique: Unique, until: Any
) -> None:
    broken = template(Q={"Type": "AWS::SQS::Queue", "Properties": {"DelaySeconds": 100_000}})
    change_set = prepare(cloudformation, until, unique("s"), broken, "CREATE")
    cloudformation.execute_change_set(ChangeSetName=change_set["ChangeSetId"])
    stack = settle(cloudformation, until, unique("s"))
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert stack["DeletionTime"] >= stack["CreationTime"]
    assert "LastUpdatedTime" in stack
    assert "ChangeSetId" not in stack


def test_creation_without_any_resource_can_be_executed(cloudformation: Any, unique: Unique, until: Any) -> None:
    body = json.dumps(
        {
            "Conditions": {"Never": {"Fn::Equals": ["a", "b"]}},
            "Resources": {"T": {**TOPIC, "Condition": "Never"}},
        }
    )
    change_set = prepare(cloudformation, until, unique("s"), body, "CREATE")
    assert change_set["Status"] == "CREATE_COMPLETE"
    cloudformation.execute_change_set(ChangeSetName=change_set["ChangeSetId"])
    assert settle(cloudformation, until, unique("s"))["StackStatus"] == "CREATE_COMPLETE"
    assert cloudformation.describe_stack_resources(StackName=unique("s"))["StackResources"] == []


@pytest.mark.parametrize("policy", ["Delete", "Retain"])
def test_update_replace_policy_alone_is_an_update(cloudformation: Any, policy: str, unique: Unique, until: Any) -> None:
    make_stack(cloudformation, until, unique("s"), template(T=TOPIC))
    changed = template(T={**TOPIC, "UpdateReplacePolicy": policy})
    assert change_stack(cloudformation, until, unique("s"), changed)["StackStatus"] == "UPDATE_COMPLETE"
    code, message = refusal(cloudformation.update_stack, StackName=unique("s"), TemplateBody=changed)
    assert (code, message) == ("ValidationError", "No updates are to be performed.")


def test_template_summary_writes_metadata_in_single_quotes(cloudformation: Any) -> None:
    body = json.dumps({"Metadata": {"TopicName": "sns-topic-simple", "Sizes": [1, True]}, "Resources": {"T": TOPIC}})
    summary = cloudformation.get_template_summary(TemplateBody=body)
    assert summary["Metadata"] == "{'TopicName': 'sns-topic-simple', 'Sizes': [1, true]}"


def test_change_set_by_name_needs_its_stack(cloudformation: Any) -> None:
    expected = ("ValidationError", "StackName is a required parameter.")
    assert refusal(cloudformation.get_template, ChangeSetName="c") == expected


def test_parameter_with_the_text_of_no_value_removes_the_property(
    cloudformation: Any, unique: Unique, until: Any
) -> None:
    body = json.dumps(
        {
            "Parameters": {"Name": {"Type": "String"}},
            "Resources": {"G": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": {"Ref": "Name"}}}},
            "Outputs": {"Name": {"Value": {"Ref": "G"}}},
        }
    )
    given = [{"ParameterKey": "Name", "ParameterValue": "AWS::NoValue"}]
    stack = make_stack(cloudformation, until, unique("s"), body, Parameters=given)
    assert stack["Outputs"][0]["OutputValue"].startswith(f"{unique('s')}-G-")


def test_missing_key_of_a_mapping_is_refused_at_once(cloudformation: Any, unique: Unique) -> None:
    body = json.dumps(
        {
            "Parameters": {"Stage": {"Type": "String", "Default": "test"}},
            "Mappings": {"Names": {"prod": {"topic": "x"}}},
            "Resources": {
                "T": {
                    "Type": "AWS::SNS::Topic",
                    "Properties": {"DisplayName": {"Fn::FindInMap": ["Names", {"Ref": "Stage"}, "topic"]}},
                }
            },
        }
    )
    expected = ("ValidationError", "Template error: Unable to get mapping for Names::test::topic")
    assert refusal(cloudformation.create_stack, StackName=unique("s"), TemplateBody=body) == expected
    assert (
        refusal(
            cloudformation.create_change_set,
            StackName=unique("s"),
            ChangeSetName="c",
            ChangeSetType="CREATE",
            TemplateBody=body,
        )
        == expected
    )


def chain(display_name: str) -> str:
    """Each topic shows the name of the one before it."""

    def after(name: str) -> dict[str, Any]:
        return {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Fn::GetAtt": [name, "DisplayName"]}}}

    first = {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": display_name}}
    return template(A=first, B=after("A"), C=after("B"))


def test_getatt_reads_any_property_of_the_live_resource(
    cloudformation: Any, client: Client, unique: Unique, until: Any
) -> None:
    sns = client("sns")
    make_stack(cloudformation, until, unique("s"), chain("one"))
    rows = cloudformation.describe_stack_resources(StackName=unique("s"))["StackResources"]
    arns = {row["LogicalResourceId"]: row["PhysicalResourceId"] for row in rows}
    assert sns.get_topic_attributes(TopicArn=arns["C"])["Attributes"]["DisplayName"] == "one"
    change_stack(cloudformation, until, unique("s"), chain("two"))
    assert sns.get_topic_attributes(TopicArn=arns["C"])["Attributes"]["DisplayName"] == "two"


def test_change_set_lists_what_an_attribute_may_change(cloudformation: Any, unique: Unique, until: Any) -> None:
    make_stack(cloudformation, until, unique("s"), chain("one"))
    described = prepare(cloudformation, until, unique("s"), chain("two"), "UPDATE")
    change_set_id = described["ChangeSetId"]
    changes = [change["ResourceChange"] for change in described["Changes"]]
    assert [change["LogicalResourceId"] for change in changes] == ["A", "B", "C"]
    for change, cause in zip(changes[1:], ["A", "B"], strict=True):
        assert (change["Action"], change["Replacement"], change["Scope"]) == ("Modify", "False", ["Properties"])
        assert change["Details"] == [
            {
                "Target": {"Attribute": "Properties", "Name": "DisplayName", "RequiresRecreation": "Never"},
                "Evaluation": "Dynamic",
                "ChangeSource": "ResourceAttribute",
                "CausingEntity": f"{cause}.DisplayName",
            }
        ]
    shown = cloudformation.describe_change_set(ChangeSetName=change_set_id, IncludePropertyValues=True)["Changes"]
    assert [change["ResourceChange"]["LogicalResourceId"] for change in shown] == ["A"]


def test_values_that_there_are_not_are_refused(cloudformation: Any, unique: Unique) -> None:
    constraint = "failed to satisfy constraint: Member must satisfy"
    code, message = refusal(cloudformation.list_stacks, StackStatusFilter=["DELETED"])
    assert code == "ValidationError"
    assert message.startswith(
        f"1 validation error detected: Value '[DELETED]' at 'stackStatusFilter' {constraint} constraint: "
        "[Member must satisfy enum value set: ["
    )
    assert cloudformation.list_stacks(StackStatusFilter=["IMPORT_COMPLETE"])["StackSummaries"] == []
    assert refusal(cloudformation.delete_stack, StackName=unique("s"), DeletionMode="FORCE") == (
        "ValidationError",
        f"1 validation error detected: Value 'FORCE' at 'deletionMode' {constraint} enum value set: "
        "[STANDARD, FORCE_DELETE_STACK]",
    )
