"""Goal: stacks come to be, change, go back and end in AWS's order and words, with fake services beneath."""

from __future__ import annotations

import json

import pytest

from onebox.errors import AwsError, ValidationError
from onebox.services.context import Wire
from onebox.storage.faults import DatabaseBusy
from tests.unit.onebox.cloudformation.fake_services import refusing
from tests.unit.onebox.cloudformation.harness import Harness


def queue(**properties: object) -> Wire:
    return {"Type": "AWS::SQS::Queue", "Properties": properties}


ORDERS: Wire = {
    "Resources": {
        "Main": queue(
            RedrivePolicy={"deadLetterTargetArn": {"Fn::GetAtt": ["Dead", "Arn"]}, "maxReceiveCount": "3"},
            VisibilityTimeout="60",
        ),
        "Dead": queue(QueueName="dead"),
        "Topic": {"Type": "AWS::SNS::Topic", "DependsOn": "Main"},
    },
    "Outputs": {"Url": {"Value": {"Ref": "Main"}, "Export": {"Name": "main-url"}}},
}


def statuses(cfn: Harness, logical_id: str) -> list[str]:
    return [status for name, status in cfn.events() if name == logical_id]


def test_create_stack_makes_resources_in_order_of_need(cfn: Harness) -> None:
    cfn.create(ORDERS, Tags=[{"Key": "team", "Value": "shop"}])
    assert cfn.stack()["StackStatus"] == "CREATE_COMPLETE"
    assert [name for name, status in cfn.events() if status == "CREATE_COMPLETE"] == ["Dead", "Main", "Topic", "shop"]
    main = next(name for name in cfn.services.queues if name.startswith("shop-Main-"))
    attributes = cfn.services.queues[main]["attributes"]
    assert attributes["VisibilityTimeout"] == "60"
    assert '"maxReceiveCount": "3"' in attributes["RedrivePolicy"]
    assert cfn.stack()["Outputs"] == [
        {"OutputKey": "Url", "OutputValue": f"http://onebox.test/123456789012/{main}", "ExportName": "main-url"}
    ]


def test_create_stack_marks_resources_with_its_tags(cfn: Harness) -> None:
    stack_id = cfn.create(ORDERS, Tags=[{"Key": "team", "Value": "shop"}])
    assert cfn.services.queues["dead"]["tags"] == {
        "team": "shop",
        "aws:cloudformation:stack-name": "shop",
        "aws:cloudformation:stack-id": stack_id,
        "aws:cloudformation:logical-id": "Dead",
    }


def test_create_stack_with_failing_resource_rolls_back(cfn: Harness) -> None:
    cfn.services.fails = refusing("CreateTopic")
    cfn.create(ORDERS)
    stack = cfn.stack()
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    assert not cfn.services.queues
    assert "The following resource(s) failed to create: [Topic]. Rollback requested by user." in cfn.reasons()
    failure = next(reason for reason in cfn.reasons() if reason.startswith("Resource handler"))
    assert failure.startswith(
        'Resource handler returned message: "Value out of range (Service: Sns, Status Code: 400, Request ID: '
    )
    assert failure.endswith("HandlerErrorCode: InvalidRequest)")
    assert statuses(cfn, "shop") == ["CREATE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS", "ROLLBACK_COMPLETE"]


@pytest.mark.parametrize(
    ("on_failure", "status", "left"),
    [("DO_NOTHING", "CREATE_FAILED", 2), ("DELETE", "DELETE_COMPLETE", 0), ("ROLLBACK", "ROLLBACK_COMPLETE", 0)],
)
def test_create_stack_on_failure_does_as_asked(cfn: Harness, on_failure: str, status: str, left: int) -> None:
    cfn.services.fails = refusing("CreateTopic")
    stack_id = cfn.create(ORDERS, OnFailure=on_failure)
    assert cfn.stack(stack_id)["StackStatus"] == status
    assert len(cfn.services.queues) == left


def test_create_stack_on_taken_name_fails_and_leaves_the_other_alone(cfn: Harness) -> None:
    cfn.services.queues["dead"] = {"attributes": {}, "tags": {}}
    cfn.create(ORDERS)
    assert cfn.stack()["StackStatus"] == "ROLLBACK_COMPLETE"
    assert list(cfn.services.queues) == ["dead"]
    assert any(
        "Resource of type 'AWS::SQS::Queue' with identifier 'dead' already exists." in reason
        and reason.endswith("HandlerErrorCode: AlreadyExists)")
        for reason in cfn.reasons()
    )


def test_create_stack_with_unknown_property_fails_before_any_call(cfn: Harness) -> None:
    cfn.create({"Resources": {"Q": queue(Colour="red", DelaySeconds="soon")}})
    assert cfn.services.calls == []
    assert (
        "Properties validation failed for resource Q with message:\n"
        "[#: extraneous key [Colour] is not permitted, #/DelaySeconds: expected type: Integer, found: String]"
    ) in cfn.reasons()


def test_update_stack_changes_in_place_what_can_be(cfn: Harness) -> None:
    cfn.create({"Resources": {"Q": queue(QueueName="q", DelaySeconds=1)}})
    cfn.update({"Resources": {"Q": queue(QueueName="q", VisibilityTimeout=9)}})
    assert cfn.stack()["StackStatus"] == "UPDATE_COMPLETE"
    assert cfn.services.queues["q"]["attributes"] == {"DelaySeconds": "0", "VisibilityTimeout": "9"}
    assert statuses(cfn, "Q")[-2:] == ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"]
    assert statuses(cfn, "shop")[-3:] == [
        "UPDATE_IN_PROGRESS",
        "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
        "UPDATE_COMPLETE",
    ]


def test_update_stack_with_new_name_replaces_and_cleans_up(cfn: Harness) -> None:
    cfn.create({"Resources": {"Q": queue(QueueName="old")}})
    cfn.update({"Resources": {"Q": queue(QueueName="new")}})
    assert list(cfn.services.queues) == ["new"]
    assert cfn.resources()["Q"]["PhysicalResourceId"].endswith("/new")
    assert "Requested update requires the creation of a new physical resource; hence creating one." in cfn.reasons()
    assert [request["QueueUrl"] for request in cfn.services.made("DeleteQueue")] == [
        "http://onebox.test/123456789012/old"
    ]


def test_update_stack_replacing_a_custom_name_is_refused(cfn: Harness) -> None:
    cfn.create({"Resources": {"Q": queue(QueueName="q.fifo", FifoQueue=True)}})
    cfn.update({"Resources": {"Q": queue(QueueName="q.fifo")}})
    assert cfn.stack()["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert (
        "CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename q.fifo and "
        "update the stack again."
    ) in cfn.reasons()
    assert cfn.resources()["Q"]["ResourceStatus"] == "UPDATE_COMPLETE"


def test_update_stack_removing_a_resource_deletes_it_last(cfn: Harness) -> None:
    cfn.create(ORDERS)
    cfn.update({"Resources": {"Dead": queue(QueueName="dead", DelaySeconds=5)}})
    assert list(cfn.services.queues) == ["dead"]
    assert not cfn.services.topics
    assert list(cfn.resources()) == ["Dead"]
    events = cfn.events()
    cleanup = events.index(("shop", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"))
    assert events.index(("Topic", "DELETE_COMPLETE")) < events.index(("Main", "DELETE_IN_PROGRESS"))
    assert cleanup < events.index(("Topic", "DELETE_IN_PROGRESS"))


def test_update_stack_with_failing_resource_restores_everything(cfn: Harness) -> None:
    before: Wire = {"Resources": {"A": queue(QueueName="a", DelaySeconds=1), "B": queue(QueueName="b")}}
    cfn.create(before, Tags=[{"Key": "k", "Value": "1"}])
    cfn.services.fails = refusing("CreateTopic")
    after: Wire = {
        "Resources": {
            "A": queue(QueueName="a", DelaySeconds=2),
            "B": queue(QueueName="b2"),
            "C": queue(QueueName="c"),
            "T": {"Type": "AWS::SNS::Topic", "DependsOn": ["A", "B", "C"]},
        }
    }
    cfn.update(after, Tags=[{"Key": "k", "Value": "2"}])
    stack = cfn.stack()
    assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert stack["Tags"] == [{"Key": "k", "Value": "1"}]
    assert sorted(cfn.services.queues) == ["a", "b"]
    assert cfn.services.queues["a"]["attributes"] == {"DelaySeconds": "1"}
    assert cfn.services.queues["a"]["tags"]["k"] == "1"
    assert sorted(cfn.resources()) == ["A", "B"]
    assert cfn.resources()["B"]["PhysicalResourceId"].endswith("/b")
    assert cfn.call("GetTemplate", StackName="shop")["TemplateBody"] == json.dumps(before)
    assert "The following resource(s) failed to create: [T]. " in cfn.reasons()


def test_update_stack_without_rollback_keeps_what_succeeded_and_goes_on(cfn: Harness) -> None:
    cfn.create({"Resources": {"A": queue(QueueName="a")}})
    cfn.services.fails = refusing("CreateTopic")
    wanted: Wire = {
        "Resources": {"A": queue(QueueName="a2"), "T": {"Type": "AWS::SNS::Topic", "DependsOn": "A"}},
    }
    cfn.update(wanted, DisableRollback=True)
    assert cfn.stack()["StackStatus"] == "UPDATE_FAILED"
    assert sorted(cfn.services.queues) == ["a", "a2"]
    cfn.services.fails = refusing()
    cfn.update(wanted)
    assert cfn.stack()["StackStatus"] == "UPDATE_COMPLETE"
    assert sorted(cfn.services.queues) == ["a2"]
    assert len(cfn.services.topics) == 1


def test_rollback_stack_undoes_what_an_update_left_half_done(cfn: Harness) -> None:
    cfn.create({"Resources": {"A": queue(QueueName="a")}})
    cfn.services.fails = refusing("CreateTopic")
    half: Wire = {
        "Resources": {
            "A": queue(QueueName="a2"),
            "B": queue(QueueName="b"),
            "T": {"Type": "AWS::SNS::Topic", "DependsOn": ["A", "B"]},
        }
    }
    cfn.update(half, DisableRollback=True)
    assert sorted(cfn.services.queues) == ["a", "a2", "b"]
    cfn.call("RollbackStack", StackName="shop")
    assert cfn.stack()["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert sorted(cfn.services.queues) == ["a"]
    assert list(cfn.resources()) == ["A"]


def test_rollback_stack_undoes_a_failed_creation(cfn: Harness) -> None:
    cfn.services.fails = refusing("CreateTopic")
    cfn.create(ORDERS, DisableRollback=True)
    cfn.call("RollbackStack", StackName="shop")
    assert cfn.stack()["StackStatus"] == "ROLLBACK_COMPLETE"
    assert not cfn.services.queues


def test_update_stack_whose_rollback_fails_can_be_continued(cfn: Harness) -> None:
    cfn.create({"Resources": {"A": queue(QueueName="a", DelaySeconds=1)}})

    def fails(operation: str, request: Wire) -> bool:
        going_back = operation == "SetQueueAttributes" and request["Attributes"]["DelaySeconds"] == "1"
        return operation == "CreateTopic" or going_back

    cfn.services.fails = fails
    after: Wire = {
        "Resources": {
            "A": queue(QueueName="a", DelaySeconds=2),
            "C": queue(QueueName="c"),
            "T": {"Type": "AWS::SNS::Topic", "DependsOn": ["A", "C"]},
        }
    }
    cfn.update(after)
    assert cfn.stack()["StackStatus"] == "UPDATE_ROLLBACK_FAILED"
    cfn.services.fails = refusing()
    cfn.call("ContinueUpdateRollback", StackName="shop")
    assert cfn.stack()["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert cfn.services.queues["a"]["attributes"]["DelaySeconds"] == "1"
    assert list(cfn.services.queues) == ["a"]


def test_continue_update_rollback_leaves_out_what_is_to_be_skipped(cfn: Harness) -> None:
    cfn.create({"Resources": {"A": queue(QueueName="a", DelaySeconds=1)}})
    cfn.services.fails = refusing("CreateTopic", "SetQueueAttributes")
    cfn.update({"Resources": {"A": queue(QueueName="a", DelaySeconds=2)}})
    assert cfn.stack()["StackStatus"] == "UPDATE_ROLLBACK_FAILED"
    cfn.call("ContinueUpdateRollback", StackName="shop", ResourcesToSkip=["A"])
    assert cfn.stack()["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"


def test_delete_stack_ends_resources_in_reverse_and_respects_policies(cfn: Harness) -> None:
    template = {
        "Resources": {
            **ORDERS["Resources"],
            "Kept": {"Type": "AWS::SQS::Queue", "DeletionPolicy": "Retain", "Properties": {"QueueName": "kept"}},
        }
    }
    stack_id = cfn.create(template)
    cfn.call("DeleteStack", StackName="shop")
    assert list(cfn.services.queues) == ["kept"]
    assert cfn.stack(stack_id)["StackStatus"] == "DELETE_COMPLETE"
    events = [(name, status) for name, status in cfn.events(stack_id) if status.startswith("DELETE")]
    assert events.index(("Topic", "DELETE_COMPLETE")) < events.index(("Main", "DELETE_IN_PROGRESS"))
    assert events.index(("Main", "DELETE_COMPLETE")) < events.index(("Dead", "DELETE_IN_PROGRESS"))
    assert ("Kept", "DELETE_SKIPPED") in events
    with pytest.raises(ValidationError, match="Stack with id shop does not exist"):
        cfn.stack()


def test_delete_stack_that_fails_can_retain_what_resists(cfn: Harness) -> None:
    stack_id = cfn.create(ORDERS)
    cfn.services.fails = lambda operation, request: operation == "DeleteQueue" and request["QueueUrl"].endswith("dead")
    cfn.call("DeleteStack", StackName="shop")
    assert cfn.stack()["StackStatus"] == "DELETE_FAILED"
    assert cfn.stack()["StackStatusReason"] == "The following resource(s) failed to delete: [Dead]. "
    cfn.call("DeleteStack", StackName="shop", RetainResources=["Dead"])
    assert cfn.stack(stack_id)["StackStatus"] == "DELETE_COMPLETE"
    assert list(cfn.services.queues) == ["dead"]


def test_delete_stack_of_something_already_gone_succeeds(cfn: Harness) -> None:
    stack_id = cfn.create(ORDERS)
    cfn.services.queues.clear()
    cfn.call("DeleteStack", StackName="shop")
    assert cfn.stack(stack_id)["StackStatus"] == "DELETE_COMPLETE"


def test_delete_stack_while_creating_takes_its_place(cfn: Harness) -> None:
    cfn.services.hang_before = 1
    stack_id = cfn.create(ORDERS)
    assert cfn.stack()["StackStatus"] == "CREATE_IN_PROGRESS"
    cfn.call("DeleteStack", StackName="shop")
    assert cfn.stack()["StackStatus"] == "DELETE_IN_PROGRESS"
    cfn.restart()
    assert cfn.stack(stack_id)["StackStatus"] == "DELETE_COMPLETE"
    assert not cfn.services.queues


def test_cancel_update_stack_returns_to_what_was(cfn: Harness) -> None:
    cfn.create({"Resources": {"A": queue(QueueName="a", DelaySeconds=1)}})
    cfn.services.hang_before = len(cfn.services.calls) + 1
    cfn.update({"Resources": {"A": queue(QueueName="a", DelaySeconds=2), "B": queue(QueueName="b")}})
    assert cfn.stack()["StackStatus"] == "UPDATE_IN_PROGRESS"
    cfn.call("CancelUpdateStack", StackName="shop")
    cfn.restart()
    assert cfn.stack()["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert list(cfn.services.queues) == ["a"]
    assert cfn.services.queues["a"]["attributes"]["DelaySeconds"] == "1"


def test_stack_with_role_calls_with_the_rights_of_the_role(cfn: Harness) -> None:
    cfn.create(ORDERS, RoleARN=cfn.create_role("deployer", "/path/"))
    context = cfn.services.contexts[0]
    assert context.principal.role_name == "deployer"
    assert context.principal.arn == "arn:aws:sts::123456789012:assumed-role/deployer/AWSCloudFormation"
    assert context.called_via == "cloudformation.amazonaws.com"


def test_notification_topic_hears_of_every_event(cfn: Harness) -> None:
    topic = "arn:aws:sns:eu-west-1:123456789012:news"
    cfn.services.topics[topic] = {"attributes": {}, "tags": [], "messages": []}
    cfn.create({"Resources": {"A": queue(QueueName="a")}}, NotificationARNs=[topic])
    cfn.settle()
    messages = cfn.services.topics[topic]["messages"]
    assert len(messages) == len(cfn.events())
    assert "ResourceStatus='CREATE_IN_PROGRESS'\n" in messages[0]
    assert "StackName='shop'\n" in messages[-1]
    assert "ResourceStatus='CREATE_COMPLETE'\n" in messages[-1]


def test_bug_in_a_resource_type_ends_in_a_state(cfn: Harness) -> None:
    def explode(operation: str, request: Wire) -> bool:
        if operation == "CreateQueue":
            raise RuntimeError("a bug")
        return False

    cfn.services.fails = explode
    cfn.create({"Resources": {"A": queue(QueueName="a")}})
    assert cfn.stack()["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "Internal Failure" in cfn.reasons()


@pytest.mark.parametrize("refused", ["CreateQueue", "DeleteQueue"])
def test_operation_goes_on_when_another_program_lets_go_of_the_lock(
    cfn: Harness, refused: str, caplog: pytest.LogCaptureFixture
) -> None:
    refusals = [DatabaseBusy()] * 3

    def refuse(operation: str, request: Wire) -> bool:
        if operation == refused and refusals:
            raise refusals.pop()
        return False

    cfn.services.fails = refuse
    cfn.create({"Resources": {"A": queue(QueueName="a")}})
    cfn.run(cfn.clock.advance(10))
    cfn.settle()
    assert cfn.stack()["StackStatus"] == "CREATE_COMPLETE"
    cfn.call("DeleteStack", StackName="shop")
    cfn.run(cfn.clock.advance(10))
    cfn.settle()
    assert (refusals, cfn.services.queues, caplog.records) == ([], {}, [])


def test_notification_waits_for_another_program_s_lock_and_survives_a_bug(
    cfn: Harness, caplog: pytest.LogCaptureFixture
) -> None:
    topic = "arn:aws:sns:eu-west-1:123456789012:news"
    cfn.services.topics[topic] = {"attributes": {}, "tags": [], "messages": []}
    failures = [RuntimeError("a bug"), DatabaseBusy(), DatabaseBusy()]

    def fail(operation: str, request: Wire) -> bool:
        if operation == "Publish" and failures:
            raise failures.pop()
        return False

    cfn.services.fails = fail
    cfn.create({"Resources": {"A": queue(QueueName="a")}}, NotificationARNs=[topic])
    cfn.run(cfn.clock.advance(10))
    cfn.settle()
    assert len(cfn.services.topics[topic]["messages"]) == len(cfn.events()) - 1
    assert [record.message for record in caplog.records] == [f"stack shop could not notify {topic}"]


def test_exports_in_use_cannot_be_deleted_or_changed(cfn: Harness) -> None:
    cfn.create(ORDERS)
    properties = {"DisplayName": {"Fn::ImportValue": "main-url"}}
    importing: Wire = {"Resources": {"T": {"Type": "AWS::SNS::Topic", "Properties": properties}}}
    cfn.create(importing, name="reader")
    assert cfn.call("ListImports", ExportName="main-url")["Imports"] == ["reader"]
    cfn.call("DeleteStack", StackName="shop")
    assert cfn.stack()["StackStatus"] == "DELETE_FAILED"
    assert cfn.stack()["StackStatusReason"] == "Export main-url cannot be deleted as it is in use by reader"
    cfn.call("DeleteStack", StackName="reader")
    cfn.call("DeleteStack", StackName="shop")
    assert cfn.call("ListExports")["Exports"] == []


def test_import_of_an_unknown_export_fails_the_resource(cfn: Harness) -> None:
    importing: Wire = {"Resources": {"Q": queue(QueueName={"Fn::ImportValue": "nobody"})}}
    cfn.create(importing)
    assert "No export named nobody found." in cfn.reasons()
    assert cfn.stack()["StackStatus"] == "ROLLBACK_COMPLETE"


def test_no_echo_values_are_masked_wherever_people_read(cfn: Harness) -> None:
    template: Wire = {
        "Parameters": {"Secret": {"Type": "String", "NoEcho": True}},
        "Resources": {"T": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": {"Ref": "Secret"}}}},
        "Outputs": {"O": {"Value": {"Fn::Sub": "is ${Secret}"}}},
    }
    secret = [{"ParameterKey": "Secret", "ParameterValue": "hunter2"}]
    stack_id = cfn.create(template, Parameters=secret)
    stack = cfn.stack()
    assert stack["Parameters"] == [{"ParameterKey": "Secret", "ParameterValue": "****"}]
    assert stack["Outputs"] == [{"OutputKey": "O", "OutputValue": "is ****"}]
    assert [topic["attributes"]["DisplayName"] for topic in cfn.services.topics.values()] == ["hunter2"]
    changed = [{"ParameterKey": "Secret", "ParameterValue": "hunter3"}]
    body = json.dumps(template)
    cfn.call("CreateChangeSet", StackName="shop", ChangeSetName="c", TemplateBody=body, Parameters=changed)
    shown = cfn.call("DescribeChangeSet", StackName="shop", ChangeSetName="c", IncludePropertyValues=True)
    assert len(shown["Changes"]) == 1
    cfn.call("ExecuteChangeSet", StackName="shop", ChangeSetName="c")
    drift = cfn.call("DetectStackResourceDrift", StackName="shop", LogicalResourceId="T")
    cfn.call("DeleteStack", StackName="shop")
    events = cfn.call("DescribeStackEvents", StackName=stack_id)
    assert "hunter" not in f"{stack} {shown} {drift} {events}"


def test_force_delete_leaves_behind_what_resists(cfn: Harness) -> None:
    stack_id = cfn.create({"Resources": {"A": queue(QueueName="a")}})
    cfn.services.fails = refusing("DeleteQueue")
    cfn.call("DeleteStack", StackName="shop")
    assert cfn.stack()["StackStatus"] == "DELETE_FAILED"
    cfn.call("DeleteStack", StackName="shop", DeletionMode="FORCE_DELETE_STACK")
    assert cfn.stack(stack_id)["StackStatus"] == "DELETE_COMPLETE"
    assert list(cfn.services.queues) == ["a"]


def test_deleted_stack_is_forgotten_after_90_days(cfn: Harness) -> None:
    stack_id = cfn.create(ORDERS)
    cfn.call("DeleteStack", StackName="shop")
    cfn.run(cfn.clock.advance(89 * 86_400))
    cfn.create({"Resources": {"A": queue(QueueName="a")}})
    assert cfn.stack(stack_id)["StackStatus"] == "DELETE_COMPLETE"
    cfn.run(cfn.clock.advance(2 * 86_400))
    cfn.create({"Resources": {"B": queue(QueueName="b")}}, name="other")
    with pytest.raises(ValidationError, match="does not exist"):
        cfn.stack(stack_id)


@pytest.mark.parametrize("kind", ["list", "object", "join"])
def test_deepest_template_that_is_read_can_be_used(cfn: Harness, kind: str) -> None:
    value: object = "x"
    for _ in range({"list": 140, "object": 140, "join": 45}[kind]):
        value = {"list": [value], "object": {"a": value}, "join": {"Fn::Join": ["", [value]]}}[kind]
    template = {"Resources": {"Q": queue(RedrivePolicy={"a": value})}}
    cfn.create(template)
    assert cfn.stack()["StackStatus"] == "CREATE_COMPLETE"


def test_resource_types_of_the_request_restrict_the_template(cfn: Harness) -> None:
    with pytest.raises(ValidationError, match="Resource type AWS::SNS::Topic is not allowed by"):
        cfn.create(ORDERS, ResourceTypes=["AWS::SQS::*"])


def test_create_stack_past_its_timeout_rolls_back(cfn: Harness) -> None:
    cfn.services.hang_before = 1
    cfn.create(ORDERS, TimeoutInMinutes=1)
    assert cfn.stack()["StackStatus"] == "CREATE_IN_PROGRESS"
    cfn.run(cfn.clock.advance(61))
    cfn.restart()
    assert cfn.stack()["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "Stack creation time exceeded the specified timeout. Rollback requested by user." in cfn.reasons()


def test_create_stack_refused_writes_nothing(cfn: Harness) -> None:
    with pytest.raises(AwsError, match="Parameters: \\[X\\] do not exist in the template"):
        cfn.create(ORDERS, Parameters=[{"ParameterKey": "X", "ParameterValue": "1"}])
    assert cfn.call("ListStacks")["StackSummaries"] == []
