"""Goal: a template with anything unresolved, unknown or circular is refused before a stack exists, in AWS's words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from onebox.errors import AwsError, ValidationError
from onebox.services.cloudformation.blueprint import StackIdentity, draw_blueprint
from onebox.services.cloudformation.capabilities import check_capabilities
from onebox.services.cloudformation.resources.catalog import RESOURCE_TYPES
from onebox.services.cloudformation.template.document import parse_template
from onebox.services.cloudformation.template.parameters import decide_parameters
from onebox.services.cloudformation.template.validate import check_template

QUEUE: dict[str, Any] = {"Type": "AWS::SQS::Queue"}
IDENTITY = StackIdentity("123456789012", "eu-west-1", "arn:stack", "shop")


def queue(**properties: Any) -> dict[str, Any]:
    return {**QUEUE, "Properties": properties}


def check(**sections: Any) -> None:
    template = parse_template(json.dumps({"Resources": {"Q": QUEUE}, **sections}))
    check_template(template, RESOURCE_TYPES)
    parameters = decide_parameters(template.parameters, [], None)
    draw_blueprint(template, parameters, IDENTITY)


@pytest.mark.parametrize(
    ("sections", "words"),
    [
        ({"Resources": {}}, "Template format error: At least one Resources member must be defined."),
        ({"Bogus": 1, "Other": 2}, "Invalid template property or properties [Bogus, Other]"),
        ({"Resources": {"my-q": QUEUE}}, "Template format error: Resource name my-q is non alphanumeric."),
        (
            {"Resources": {"Q": {"Properties": {}}}},
            "Template format error: [/Resources/Q] Every Resources object must contain a Type member.",
        ),
        ({"Resources": {"Q": {**QUEUE, "Tags": []}}}, "Invalid template resource property 'Tags'"),
        (
            {"Resources": {"Q": {"Type": "AWS::EC2::Instance"}, "R": {"Type": "AWS::Nope::X"}}},
            "Template format error: Unrecognized resource types: [AWS::EC2::Instance, AWS::Nope::X]",
        ),
        (
            {"Resources": {"Q": queue(QueueName={"Ref": "Name"})}},
            "Template format error: Unresolved resource dependencies [Name] in the Resources block of the template",
        ),
        (
            {"Resources": {"Q": queue(QueueName={"Fn::Sub": "${A}${B}${A}"})}},
            "Template format error: Unresolved resource dependencies [A, B] in the Resources block of the template",
        ),
        (
            {"Resources": {"Q": {**QUEUE, "DependsOn": "X"}}},
            "Template format error: Unresolved resource dependencies [X] in the Resources block of the template",
        ),
        (
            {"Outputs": {"O": {"Value": {"Ref": "X"}}}},
            "Template format error: Unresolved resource dependencies [X] in the Outputs block of the template",
        ),
        (
            {"Outputs": {"O": {"Value": {"Fn::GetAtt": ["X", "Arn"]}}}},
            "Template error: instance of Fn::GetAtt references undefined resource X",
        ),
        (
            {"Outputs": {"O": {"Value": {"Fn::Sub": "${X.Arn}"}}}},
            "Template error: instance of Fn::Sub references invalid resource attribute X.Arn",
        ),
        (
            {"Outputs": {"O": {"Value": {"Fn::GetAtt": "Q.Colour"}}}},
            "Template error: resource Q does not support attribute type Colour in Fn::GetAtt",
        ),
        (
            {"Resources": {"Q": {**QUEUE, "Condition": "C"}}},
            "Template format error: Unresolved condition dependency C in the Resources block of the template",
        ),
        (
            {"Outputs": {"O": {"Value": "x", "Condition": "C"}}},
            "Template format error: Unresolved condition dependency C in the Outputs block of the template",
        ),
        (
            {"Conditions": {"C": {"Fn::Not": [{"Condition": "D"}]}}},
            "Template format error: Unresolved condition dependency D in the Conditions block of the template",
        ),
        (
            {"Conditions": {"C": {"Fn::Equals": [{"Ref": "Q"}, "x"]}}},
            "Template format error: Unresolved dependencies [Q]. Cannot reference resources in the Conditions block of "
            "the template",
        ),
        (
            {"Resources": {"A": queue(QueueName={"Ref": "B"}), "B": {**QUEUE, "DependsOn": ["A"]}}},
            "Circular dependency between resources: [A, B]",
        ),
        ({"Resources": {"A": queue(QueueName={"Ref": "A"})}}, "Circular dependency between resources: [A]"),
        (
            {"Resources": {"Q": {**QUEUE, "DeletionPolicy": "Keep"}}},
            "Template error: Unrecognized DeletionPolicy Keep for resource Q",
        ),
        (
            {
                "Conditions": {"Never": {"Fn::Equals": ["a", "b"]}},
                "Resources": {"Q": {**QUEUE, "Condition": "Never"}, "R": queue(QueueName={"Ref": "Q"})},
            },
            "Template format error: Unresolved resource dependencies [Q] in the Resources block of the template",
        ),
    ],
)
def test_template_that_cannot_work_is_refused(sections: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        check(**sections)
    assert caught.value.message == words


def test_reference_behind_a_false_condition_is_not_followed() -> None:
    check(
        Conditions={"Never": {"Fn::Equals": ["a", "b"]}},
        Resources={
            "Q": {**QUEUE, "Condition": "Never"},
            "R": {**queue(QueueName={"Fn::If": ["Never", {"Ref": "Q"}, "r"]}), "DependsOn": "Q"},
        },
    )


def test_capabilities_are_asked_for_iam_resources() -> None:
    role = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {}}}
    named = {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "r"}}
    plain, with_name = (parse_template(json.dumps({"Resources": {"R": one}})) for one in (role, named))
    check_capabilities(plain, ["CAPABILITY_IAM"])
    check_capabilities(plain, ["CAPABILITY_NAMED_IAM"])
    check_capabilities(with_name, ["CAPABILITY_NAMED_IAM"])
    with pytest.raises(AwsError, match=r"Requires capabilities : \[CAPABILITY_IAM\]"):
        check_capabilities(plain, [])
    with pytest.raises(AwsError, match=r"Requires capabilities : \[CAPABILITY_NAMED_IAM\]"):
        check_capabilities(with_name, ["CAPABILITY_IAM"])


def test_template_of_the_order_system_passes() -> None:
    text = (Path(__file__).parents[5] / "template.yaml").read_text("utf-8")
    template = parse_template(text)
    check_template(template, RESOURCE_TYPES)
    given = [{"ParameterKey": key, "ParameterValue": "x"} for key in ("ArtifactBucket", "ArtifactKey")]
    blueprint = draw_blueprint(template, decide_parameters(template.parameters, given, None), IDENTITY)
    order = list(blueprint.resources)
    assert order.index("OrderDLQ") < order.index("OrderQueue") < order.index("OrderTrigger")
    assert "OrderAlarmsEmail" not in order
