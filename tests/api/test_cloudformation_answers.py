"""Goal: CloudFormation's answers have the members, the values and the order that AWS gives them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

Client = Callable[..., Any]
TOPIC: dict[str, Any] = {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "one"}}


def template(**resources: Any) -> str:
    return json.dumps({"Resources": resources})


def stack_of(cloudformation: Any, name: str) -> dict[str, Any]:
    stack: dict[str, Any] = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    return stack


def prepare(cloudformation: Any, body: str, kind: str, **more: Any) -> str:
    """A change set ``c`` of the stack ``s``. Returns its ARN."""
    answer = cloudformation.create_change_set(
        StackName="s", ChangeSetName="c", ChangeSetType=kind, TemplateBody=body, **more
    )
    return str(answer["Id"])


def refusal(call: Callable[..., Any], **request: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as refused:
        call(**request)
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


def test_change_set_leaves_out_tags_and_parameters_that_are_none(client: Client) -> None:
    cloudformation = client("cloudformation")
    change_set = cloudformation.describe_change_set(ChangeSetName=prepare(cloudformation, template(T=TOPIC), "CREATE"))
    assert "Tags" not in change_set
    assert "Parameters" not in change_set
    assert change_set["Capabilities"] == []
    assert change_set["NotificationARNs"] == []


def test_executed_creation_sets_the_time_of_the_last_update(client: Client) -> None:
    cloudformation = client("cloudformation")
    cloudformation.execute_change_set(ChangeSetName=prepare(cloudformation, template(T=TOPIC), "CREATE"))
    stack = stack_of(cloudformation, "s")
    assert stack["LastUpdatedTime"] >= stack["CreationTime"]
    assert stack["Tags"] == []
    assert "Parameters" not in stack
    cloudformation.create_stack(StackName="plain", TemplateBody=template(T=TOPIC))
    assert "LastUpdatedTime" not in stack_of(cloudformation, "plain")


def test_events_of_a_stack_have_rising_times(client: Client) -> None:
    cloudformation = client("cloudformation")
    cloudformation.create_stack(StackName="s", TemplateBody=template(A=TOPIC, B=TOPIC, C=TOPIC))
    events = cloudformation.describe_stack_events(StackName="s")["StackEvents"]
    times = [event["Timestamp"] for event in reversed(events)]
    assert times == sorted(set(times))


def test_rolled_back_creation_has_a_deletion_time_and_no_change_set(client: Client) -> None:
    cloudformation = client("cloudformation")
    broken = template(Q={"Type": "AWS::SQS::Queue", "Properties": {"DelaySeconds": 100_000}})
    cloudformation.execute_change_set(ChangeSetName=prepare(cloudformation, broken, "CREATE"))
    stack = stack_of(cloudformation, "s")
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert stack["DeletionTime"] >= stack["CreationTime"]
    assert "LastUpdatedTime" in stack
    assert "ChangeSetId" not in stack


def test_creation_without_any_resource_can_be_executed(client: Client) -> None:
    cloudformation = client("cloudformation")
    body = json.dumps(
        {
            "Conditions": {"Never": {"Fn::Equals": ["a", "b"]}},
            "Resources": {"T": {**TOPIC, "Condition": "Never"}},
        }
    )
    change_set_id = prepare(cloudformation, body, "CREATE")
    assert cloudformation.describe_change_set(ChangeSetName=change_set_id)["Status"] == "CREATE_COMPLETE"
    cloudformation.execute_change_set(ChangeSetName=change_set_id)
    assert stack_of(cloudformation, "s")["StackStatus"] == "CREATE_COMPLETE"
    assert cloudformation.describe_stack_resources(StackName="s")["StackResources"] == []


@pytest.mark.parametrize("policy", ["Delete", "Retain"])
def test_update_replace_policy_alone_is_an_update(client: Client, policy: str) -> None:
    cloudformation = client("cloudformation")
    cloudformation.create_stack(StackName="s", TemplateBody=template(T=TOPIC))
    changed = template(T={**TOPIC, "UpdateReplacePolicy": policy})
    cloudformation.update_stack(StackName="s", TemplateBody=changed)
    assert stack_of(cloudformation, "s")["StackStatus"] == "UPDATE_COMPLETE"
    code, message = refusal(cloudformation.update_stack, StackName="s", TemplateBody=changed)
    assert (code, message) == ("ValidationError", "No updates are to be performed.")


def test_template_summary_writes_metadata_in_single_quotes(client: Client) -> None:
    body = json.dumps({"Metadata": {"TopicName": "sns-topic-simple", "Sizes": [1, True]}, "Resources": {"T": TOPIC}})
    summary = client("cloudformation").get_template_summary(TemplateBody=body)
    assert summary["Metadata"] == "{'TopicName': 'sns-topic-simple', 'Sizes': [1, true]}"


def test_change_set_by_name_needs_its_stack(client: Client) -> None:
    cloudformation = client("cloudformation")
    expected = ("ValidationError", "StackName is a required parameter.")
    assert refusal(cloudformation.get_template, ChangeSetName="c") == expected


def test_parameter_with_the_text_of_no_value_removes_the_property(client: Client) -> None:
    cloudformation = client("cloudformation")
    body = json.dumps(
        {
            "Parameters": {"Name": {"Type": "String"}},
            "Resources": {"G": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": {"Ref": "Name"}}}},
            "Outputs": {"Name": {"Value": {"Ref": "G"}}},
        }
    )
    given = [{"ParameterKey": "Name", "ParameterValue": "AWS::NoValue"}]
    cloudformation.create_stack(StackName="s", TemplateBody=body, Parameters=given)
    assert stack_of(cloudformation, "s")["Outputs"][0]["OutputValue"].startswith("s-G-")


def test_missing_key_of_a_mapping_is_refused_at_once(client: Client) -> None:
    cloudformation = client("cloudformation")
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
    assert refusal(cloudformation.create_stack, StackName="s", TemplateBody=body) == expected
    assert (
        refusal(
            cloudformation.create_change_set,
            StackName="s",
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


def test_getatt_reads_any_property_of_the_live_resource(client: Client) -> None:
    cloudformation, sns = client("cloudformation"), client("sns")
    cloudformation.create_stack(StackName="s", TemplateBody=chain("one"))
    rows = cloudformation.describe_stack_resources(StackName="s")["StackResources"]
    arns = {row["LogicalResourceId"]: row["PhysicalResourceId"] for row in rows}
    assert sns.get_topic_attributes(TopicArn=arns["C"])["Attributes"]["DisplayName"] == "one"
    cloudformation.update_stack(StackName="s", TemplateBody=chain("two"))
    assert sns.get_topic_attributes(TopicArn=arns["C"])["Attributes"]["DisplayName"] == "two"


def test_change_set_lists_what_an_attribute_may_change(client: Client) -> None:
    cloudformation = client("cloudformation")
    cloudformation.create_stack(StackName="s", TemplateBody=chain("one"))
    change_set_id = prepare(cloudformation, chain("two"), "UPDATE")
    described = cloudformation.describe_change_set(ChangeSetName=change_set_id)
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
