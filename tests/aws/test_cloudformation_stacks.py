"""Goal: stacks are found, protected, compared and refused in AWS's codes and words."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.aws.harness.leftovers import pages
from tests.aws.stacks import delete_stack, make_stack, template
from tests.aws.support import Client, Unique

QUEUE = json.dumps({"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}})


def test_detect_stack_drift_after_change_by_hand_names_the_property(
    cloudformation: Any, client: Client, unique: Unique, until: Any
) -> None:
    sqs = client("sqs")
    properties = {"QueueName": unique("q"), "DelaySeconds": 5}
    make_stack(cloudformation, until, unique("s"), template(Q={"Type": "AWS::SQS::Queue", "Properties": properties}))
    url = sqs.get_queue_url(QueueName=unique("q"))["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"DelaySeconds": "9"})
    drift = cloudformation.detect_stack_resource_drift(StackName=unique("s"), LogicalResourceId="Q")[
        "StackResourceDrift"
    ]
    assert drift["StackResourceDriftStatus"] == "MODIFIED"
    assert drift["PropertyDifferences"] == [
        {"PropertyPath": "/DelaySeconds", "ExpectedValue": "5", "ActualValue": "9", "DifferenceType": "NOT_EQUAL"}
    ]


@pytest.fixture
def cloudformation(client: Client) -> Any:
    return client("cloudformation")


@pytest.fixture(scope="module")
def taken(client: Client, shared_unique: Unique, until: Any) -> str:
    """A stack of one queue, which no test changes."""
    make_stack(client("cloudformation"), until, shared_unique("taken"), QUEUE)
    return shared_unique("taken")


@pytest.mark.parametrize(
    ("operation", "arguments", "code", "words"),
    [
        ("create_stack", {"TemplateBody": QUEUE}, "AlreadyExistsException", "Stack [{taken}] already exists"),
        ("create_stack", {}, "ValidationError", "Either Template URL or Template Body must be specified."),
        (
            "create_stack",
            {"StackName": "a_b", "TemplateBody": QUEUE},
            "ValidationError",
            "1 validation error detected: Value 'a_b' at 'stackName' failed to satisfy constraint: Member must satisfy "
            "regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*",
        ),
        (
            "create_stack",
            {"StackName": "{new}", "TemplateBody": json.dumps({"Resources": {"R": {"Type": "AWS::IAM::Role"}}})},
            "InsufficientCapabilitiesException",
            "Requires capabilities : [CAPABILITY_IAM]",
        ),
        ("update_stack", {"TemplateBody": QUEUE}, "ValidationError", "No updates are to be performed."),
        (
            "update_stack",
            {"StackName": "{none}", "TemplateBody": QUEUE},
            "ValidationError",
            "Stack [{none}] does not exist",
        ),
        ("describe_stacks", {"StackName": "{none}"}, "ValidationError", "Stack with id {none} does not exist"),
        ("describe_stack_events", {"StackName": "{none}"}, "ValidationError", "Stack [{none}] does not exist"),
        ("describe_stack_resources", {"StackName": "{none}"}, "ValidationError", "Stack with id {none} does not exist"),
        ("list_stack_resources", {"StackName": "{none}"}, "ValidationError", "Stack with id {none} does not exist"),
        ("get_template", {"StackName": "{none}"}, "ValidationError", "Stack with id {none} does not exist"),
        (
            "describe_stack_resource",
            {"LogicalResourceId": "X"},
            "ValidationError",
            "Resource X does not exist for stack {taken}",
        ),
        (
            "describe_change_set",
            {"ChangeSetName": "none"},
            "ChangeSetNotFound",
            "ChangeSet [none] does not exist",
        ),
        (
            "validate_template",
            {"TemplateBody": json.dumps({"Resources": {"R": {"Type": "AWS::No::Such"}}}), "StackName": None},
            "ValidationError",
            "Template format error: Unrecognized resource types: [AWS::No::Such]",
        ),
        (
            "cancel_update_stack",
            {},
            "ValidationError",
            "CancelUpdateStack cannot be called from current stack status CREATE_COMPLETE",
        ),
    ],
)
def test_refusal_has_aws_code_and_words(
    cloudformation: Any, taken: str, operation: str, arguments: dict[str, Any], code: str, words: str, unique: Unique
) -> None:
    names = {"{taken}": taken, "{none}": unique("none"), "{new}": unique("new")}
    given = {"StackName": taken, **{name: names.get(value, value) for name, value in arguments.items()}}
    with pytest.raises(ClientError) as caught:
        getattr(cloudformation, operation)(**{name: value for name, value in given.items() if value is not None})
    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["Error"]["Message"] == words.replace("{taken}", taken).replace(
        "{none}", unique("none")
    )


def test_delete_stack_under_protection_is_refused_until_it_is_lifted(
    cloudformation: Any, unique: Unique, until: Any
) -> None:
    make_stack(cloudformation, until, unique("s"), QUEUE, EnableTerminationProtection=True)
    words = f"Stack [{unique('s')}] cannot be deleted while TerminationProtection is enabled"
    with pytest.raises(ClientError, match=re.escape(words)):
        cloudformation.delete_stack(StackName=unique("s"))
    cloudformation.update_termination_protection(StackName=unique("s"), EnableTerminationProtection=False)
    delete_stack(cloudformation, until, unique("s"))
    cloudformation.delete_stack(StackName=unique("s"))  # what is gone is deleted already


def test_list_stacks_keeps_deleted_ones_and_filters(cloudformation: Any, unique: Unique, until: Any) -> None:
    for name in ("a", "b"):
        make_stack(cloudformation, until, unique(name), QUEUE)
    delete_stack(cloudformation, until, unique("a"))

    def states(**request: Any) -> dict[str, str]:
        found = pages(cloudformation, "list_stacks", "StackSummaries", **request)
        own = (summary for summary in found if summary["StackName"].startswith(unique("")))
        return {summary["StackName"].rpartition("-")[2]: summary["StackStatus"] for summary in own}

    assert states() == {"a": "DELETE_COMPLETE", "b": "CREATE_COMPLETE"}
    assert states(StackStatusFilter=["CREATE_COMPLETE"]) == {"b": "CREATE_COMPLETE"}


def test_describe_stack_resources_by_physical_id_finds_the_stack(
    cloudformation: Any, unique: Unique, until: Any
) -> None:
    make_stack(cloudformation, until, unique("s"), QUEUE)
    url = cloudformation.describe_stack_resource(StackName=unique("s"), LogicalResourceId="Q")["StackResourceDetail"][
        "PhysicalResourceId"
    ]
    found = cloudformation.describe_stack_resources(PhysicalResourceId=url)["StackResources"]
    assert [(resource["StackName"], resource["LogicalResourceId"]) for resource in found] == [(unique("s"), "Q")]


def test_get_template_summary_shows_no_default_where_there_is_none(cloudformation: Any) -> None:
    body = json.dumps({"Parameters": {"Name": {"Type": "String"}}, "Resources": json.loads(QUEUE)["Resources"]})
    (parameter,) = cloudformation.get_template_summary(TemplateBody=body)["Parameters"]
    assert parameter["ParameterKey"] == "Name"
    assert "DefaultValue" not in parameter
