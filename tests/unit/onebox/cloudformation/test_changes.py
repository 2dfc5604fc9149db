"""Goal: a change set tells what an update would do: what is added, changed, replaced or removed, and why."""

from __future__ import annotations

import json
from typing import Any

import pytest

from onebox.errors import ValidationError
from onebox.services.context import Wire
from tests.unit.onebox.cloudformation.harness import Harness

TEMPLATE: Wire = {
    "Parameters": {"Delay": {"Type": "Number", "Default": 1}, "Name": {"Type": "String", "Default": "dead"}},
    "Resources": {
        "Dead": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Ref": "Name"}}},
        "Main": {
            "Type": "AWS::SQS::Queue",
            "Properties": {
                "DelaySeconds": {"Ref": "Delay"},
                "RedrivePolicy": {"deadLetterTargetArn": {"Fn::GetAtt": ["Dead", "Arn"]}, "maxReceiveCount": 3},
            },
        },
        "Policy": {
            "Type": "AWS::SQS::QueuePolicy",
            "Properties": {"Queues": [{"Ref": "Dead"}], "PolicyDocument": {"Statement": []}},
        },
    },
}


def changed(**resources: Any) -> Wire:
    return {**TEMPLATE, "Resources": {**TEMPLATE["Resources"], **resources}}


def changes(cfn: Harness, template: Wire, **request: Any) -> dict[str, Wire]:
    body = json.dumps(template)
    answer = cfn.call("CreateChangeSet", StackName="shop", ChangeSetName="c", TemplateBody=body, **request)
    described = cfn.call("DescribeChangeSet", ChangeSetName=answer["Id"])
    assert described["Status"] == "CREATE_COMPLETE", described.get("StatusReason")
    return {c["ResourceChange"]["LogicalResourceId"]: c["ResourceChange"] for c in described["Changes"]}


def parameter(key: str, value: str) -> list[Wire]:
    return [{"ParameterKey": key, "ParameterValue": value}]


def test_change_set_of_parameter_names_it_as_the_cause(cfn: Harness) -> None:
    cfn.create(TEMPLATE)
    found = changes(cfn, TEMPLATE, Parameters=parameter("Delay", "9"))
    assert list(found) == ["Main"]
    main = found["Main"]
    assert (main["Action"], main["Replacement"], main["Scope"]) == ("Modify", "False", ["Properties"])
    assert main["PhysicalResourceId"].startswith("http://onebox.test/123456789012/shop-Main-")
    assert main["Details"] == [
        {
            "Target": {"Attribute": "Properties", "Name": "DelaySeconds", "RequiresRecreation": "Never"},
            "Evaluation": "Static",
            "ChangeSource": "ParameterReference",
            "CausingEntity": "Delay",
        }
    ]


def test_change_set_of_replacement_reaches_those_that_refer_to_it(cfn: Harness) -> None:
    cfn.create(TEMPLATE)
    found = changes(cfn, TEMPLATE, Parameters=parameter("Name", "dead2"))
    assert found["Dead"]["Replacement"] == "True"
    assert found["Dead"]["PolicyAction"] == "ReplaceAndDelete"
    assert found["Dead"]["Details"][0]["Target"]["RequiresRecreation"] == "Always"
    assert found["Main"]["Replacement"] == "False"
    assert found["Main"]["Details"][0]["ChangeSource"] == "ResourceAttribute"
    assert found["Main"]["Details"][0]["CausingEntity"] == "Dead.Arn"
    assert found["Main"]["Details"][0]["Evaluation"] == "Dynamic"
    assert found["Policy"]["Details"][0]["ChangeSource"] == "ResourceReference"


def test_change_set_of_create_only_reference_to_replaced_is_conditional(cfn: Harness) -> None:
    topic = {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": {"Ref": "Name"}}}
    twin = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Fn::GetAtt": ["Topic", "TopicName"]}}}
    template = {"Parameters": TEMPLATE["Parameters"], "Resources": {"Topic": topic, "Twin": twin}}
    cfn.create(template)
    found = changes(cfn, template, Parameters=parameter("Name", "dead2"))
    assert found["Topic"]["Replacement"] == "True"
    assert found["Twin"]["Replacement"] == "Conditional"
    assert found["Twin"]["Details"][0]["Target"]["RequiresRecreation"] == "Conditionally"


def test_change_set_of_new_and_lost_resources_adds_and_removes(cfn: Harness) -> None:
    cfn.create(TEMPLATE)
    without = {name: value for name, value in TEMPLATE["Resources"].items() if name != "Policy"}
    found = changes(cfn, {**TEMPLATE, "Resources": {**without, "New": {"Type": "AWS::SNS::Topic"}}})
    assert {name: change["Action"] for name, change in found.items()} == {"New": "Add", "Policy": "Remove"}
    assert found["Policy"]["PolicyAction"] == "Delete"


def test_change_set_of_metadata_and_policies_names_the_attribute(cfn: Harness) -> None:
    cfn.create(TEMPLATE)
    dead = {**TEMPLATE["Resources"]["Dead"], "Metadata": {"a": 1}, "DeletionPolicy": "Retain"}
    found = changes(cfn, changed(Dead=dead))
    assert found["Dead"]["Scope"] == ["Metadata", "DeletionPolicy"]
    assert found["Dead"]["Replacement"] == "False"


def test_change_set_of_stack_tags_reaches_resources_that_take_tags(cfn: Harness) -> None:
    cfn.create(TEMPLATE)
    found = changes(cfn, TEMPLATE, Tags=[{"Key": "a", "Value": "b"}])
    assert {name: change["Scope"] for name, change in found.items()} == {"Dead": ["Tags"], "Main": ["Tags"]}


def test_change_set_shows_values_when_asked(cfn: Harness) -> None:
    cfn.create(TEMPLATE)
    changes(cfn, TEMPLATE, Parameters=parameter("Delay", "9"))
    described = cfn.call("DescribeChangeSet", StackName="shop", ChangeSetName="c", IncludePropertyValues=True)
    change = described["Changes"][0]["ResourceChange"]
    target = change["Details"][0]["Target"]
    assert (target["Path"], target["BeforeValue"], target["AfterValue"]) == ("/Properties/DelaySeconds", "1", "9")
    assert json.loads(change["AfterContext"])["Properties"]["DelaySeconds"] == 9


def test_change_set_without_changes_fails_as_aws_says(cfn: Harness) -> None:
    cfn.create(TEMPLATE)
    body = json.dumps(TEMPLATE)
    cfn.call("CreateChangeSet", StackName="shop", ChangeSetName="c", TemplateBody=body)
    described = cfn.call("DescribeChangeSet", StackName="shop", ChangeSetName="c")
    assert described["Status"] == "FAILED"
    assert described["ExecutionStatus"] == "UNAVAILABLE"
    assert described["StatusReason"] == (
        "The submitted information didn't contain changes. Submit different information to create a change set."
    )
    with pytest.raises(Exception, match=r"cannot be executed in its current status of \[FAILED\]"):
        cfn.call("ExecuteChangeSet", StackName="shop", ChangeSetName="c")


def test_update_stack_without_changes_is_refused(cfn: Harness) -> None:
    cfn.create(TEMPLATE)
    with pytest.raises(ValidationError, match=r"^No updates are to be performed\.$"):
        cfn.update({**TEMPLATE, "Description": "only words"})


def test_update_stack_of_outputs_alone_is_an_update(cfn: Harness) -> None:
    cfn.create(TEMPLATE)
    cfn.update({**TEMPLATE, "Outputs": {"O": {"Value": {"Ref": "Dead"}}}})
    assert cfn.stack()["StackStatus"] == "UPDATE_COMPLETE"
    assert cfn.stack()["Outputs"][0]["OutputKey"] == "O"


def test_update_stack_changing_a_type_is_refused(cfn: Harness) -> None:
    cfn.create(TEMPLATE)
    with pytest.raises(ValidationError, match="Update of resource type is not permitted"):
        cfn.update(changed(Policy={"Type": "AWS::SNS::Topic"}))


def test_every_change_that_is_shown_is_what_the_update_does(cfn: Harness) -> None:
    cfn.create(TEMPLATE)
    wanted = changed(New={"Type": "AWS::SNS::Topic"})
    found = changes(cfn, wanted, Parameters=parameter("Name", "dead2"))
    cfn.call("ExecuteChangeSet", StackName="shop", ChangeSetName="c")
    assert cfn.stack()["StackStatus"] == "UPDATE_COMPLETE"
    touched = {name for name, status in cfn.events() if status in ("CREATE_COMPLETE", "UPDATE_COMPLETE")}
    untouched_before = {"Dead", "Main", "Policy", "shop"}
    assert set(found) | untouched_before == touched
    assert cfn.call("ListChangeSets", StackName="shop")["Summaries"] == []


def test_create_change_set_of_new_stack_puts_it_under_review_until_executed(cfn: Harness) -> None:
    body = json.dumps(TEMPLATE)
    cfn.call("CreateChangeSet", StackName="shop", ChangeSetName="c", TemplateBody=body, ChangeSetType="CREATE")
    assert cfn.stack()["StackStatus"] == "REVIEW_IN_PROGRESS"
    assert not cfn.services.calls
    cfn.call("ExecuteChangeSet", StackName="shop", ChangeSetName="c")
    assert cfn.stack()["StackStatus"] == "CREATE_COMPLETE"
    assert cfn.stack()["ChangeSetId"].startswith("arn:aws:cloudformation:eu-west-1:123456789012:changeSet/c/")
