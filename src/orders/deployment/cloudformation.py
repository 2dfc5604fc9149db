"""The system's stack in CloudFormation: creates, describes and executes change sets, and follows their events.

AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-changesets.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from orders.aws.clients import Aws, error_code
from orders.clock import Clock
from orders.errors import OperatorError

POLL_FIRST_MS = 50.0
POLL_LAST_MS = 3_000.0
# The stack statuses between deployments. CREATE_FAILED and ROLLBACK_COMPLETE can only be deleted.
DEAD_STATUSES = frozenset({"ROLLBACK_COMPLETE", "CREATE_FAILED", "ROLLBACK_FAILED", "DELETE_FAILED"})
GOOD_STATUSES = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"})
NO_UPDATES = "No updates are to be performed"


class Change(NamedTuple):
    """A planned change to one resource."""

    action: str
    logical_id: str
    resource_type: str
    replacement: str


class StackEvent(NamedTuple):
    event_id: str
    at: str
    logical_id: str
    resource_type: str
    status: str
    reason: str

    @property
    def is_failure(self) -> bool:
        return self.status.endswith("_FAILED")


class Moment(NamedTuple):
    """A position in a stack's history: after this event, or from the beginning if None."""

    stack_id: str
    event_id: str | None


class ChangeSet(NamedTuple):
    arn: str
    changes: list[Change]


class StackResource(NamedTuple):
    logical_id: str
    type: str
    physical_id: str
    """Empty until CloudFormation has created the resource."""
    status: str
    reason: str
    """The reason for the status; usually empty."""


class StackOutput(NamedTuple):
    key: str
    value: str
    description: str


class ResourceDrift(NamedTuple):
    """How one resource compares with what the stack made."""

    status: str
    """IN_SYNC, MODIFIED or DELETED; NOT_CHECKED for a type that CloudFormation cannot compare."""
    expected: dict[str, Any]
    """The properties as the stack made them."""
    differences: list[dict[str, Any]]
    """PropertyDifferences as CloudFormation tells them."""


class StackState(NamedTuple):
    """A stack as CloudFormation describes it."""

    name: str
    arn: str
    status: str
    reason: str
    created_ms: int
    updated_ms: int | None
    outputs: list[StackOutput]
    parameters: list[tuple[str, str]]
    """Names and values; CloudFormation masks the values of NoEcho parameters."""


class Stack:
    """One stack, by its name."""

    def __init__(self, aws: Aws, name: str, clock: Clock) -> None:
        self.name = name
        self._cloudformation = aws.client("cloudformation")
        self._clock = clock

    def find_status(self) -> str | None:
        """The stack's status; None if there is none, or nothing of it but an unexecuted change set."""
        stack = self._find()
        return None if stack is None or stack["StackStatus"] == "REVIEW_IN_PROGRESS" else str(stack["StackStatus"])

    def outputs(self) -> dict[str, str]:
        stack = self._find() or {}
        return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}

    def parameters(self) -> dict[str, str]:
        stack = self._find() or {}
        return {parameter["ParameterKey"]: parameter["ParameterValue"] for parameter in stack.get("Parameters", [])}

    def state(self) -> StackState | None:
        """The full description; None if the stack does not exist."""
        stack = self._find()
        return None if stack is None else _read_stack(stack)

    def resources(self) -> list[StackResource]:
        """All resources by logical id, except deleted ones."""
        request: dict[str, Any] = {"StackName": self.name}
        found: list[StackResource] = []
        while True:
            answer = self._cloudformation.list_stack_resources(**request)
            found += [_read_resource(resource) for resource in answer["StackResourceSummaries"]]
            if not answer.get("NextToken"):
                return sorted(one for one in found if one.status != "DELETE_COMPLETE")
            request["NextToken"] = answer["NextToken"]

    def propose(
        self, template: str, parameters: Mapping[str, str], *, is_new: bool, url: str | None = None
    ) -> ChangeSet | None:
        """A change set, not yet applied; None if nothing would change. Raises OperatorError.

        An update keeps the parameters that are not given. ``url`` is where S3 holds a long template.
        """
        from botocore.exceptions import ClientError

        kept = {} if is_new else self.parameters()
        request = {
            "StackName": self.name,
            "ChangeSetName": f"orders-{self._clock.now_ms()}",
            "ChangeSetType": "CREATE" if is_new else "UPDATE",
            **({"TemplateBody": template} if url is None else {"TemplateURL": url}),
            "Capabilities": ["CAPABILITY_NAMED_IAM"],
            "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
            + [{"ParameterKey": key, "UsePreviousValue": True} for key in kept if key not in parameters],
        }
        try:
            answer = self._cloudformation.create_change_set(**request)
        except ClientError as error:
            if NO_UPDATES in str(error):  # AWS itself says so in the change set that it made
                return None
            if error_code(error) == "ValidationError":
                reason = error.response.get("Error", {}).get("Message", "no reason given")
                raise OperatorError(f"CloudFormation refuses the deployment: {reason}") from error
            raise
        description = self._wait_for_change_set(answer["Id"])
        if description["Status"] == "FAILED":
            reason = description.get("StatusReason", "no reason given")
            self._cloudformation.delete_change_set(ChangeSetName=answer["Id"])
            if "didn't contain changes" in reason or NO_UPDATES in reason:
                return None
            raise OperatorError(f"CloudFormation refuses the template: {reason}")
        return ChangeSet(answer["Id"], [_read_change(change) for change in description["Changes"]])

    def apply(self, change_set: ChangeSet) -> None:
        self._cloudformation.execute_change_set(ChangeSetName=change_set.arn)

    def discard(self, change_set: ChangeSet, *, is_new: bool) -> None:
        """Delete a change set, and its stack if the stack holds nothing else."""
        self._cloudformation.delete_change_set(ChangeSetName=change_set.arn)
        if is_new:
            self._cloudformation.delete_stack(StackName=self.name)

    def find_resource_drift(self, logical_id: str) -> ResourceDrift | None:
        """Compare one resource; None where the stack has none of this id or the endpoint cannot compare."""
        from botocore.exceptions import ClientError
        from botocore.parsers import ResponseParserError

        try:
            answer = self._cloudformation.detect_stack_resource_drift(StackName=self.name, LogicalResourceId=logical_id)
        except (ClientError, ResponseParserError):
            return None
        drift = answer["StackResourceDrift"]
        return ResourceDrift(
            drift["StackResourceDriftStatus"],
            json.loads(drift.get("ExpectedProperties") or "{}"),
            drift.get("PropertyDifferences", []),
        )

    def delete(self) -> None:
        self._cloudformation.delete_stack(StackName=self.name)

    def moment(self) -> Moment:
        """The current position in the history, where `follow` starts. A deleted stack is found only by its id."""
        stack_id = (self._find() or {}).get("StackId", self.name)
        return Moment(stack_id, next((event.event_id for event in self._events(stack_id)), None))

    def follow(self, since: Moment, on_event: Callable[[StackEvent], None]) -> str | None:
        """Wait until the operation ends and report each event; returns the final status, None if deleted."""
        stack_id, after = since
        wait_ms = POLL_FIRST_MS
        while True:
            status = self._status_of(stack_id)
            fresh = list(self._events_after(stack_id, after))
            for event in reversed(fresh):
                on_event(event)
            after = fresh[0].event_id if fresh else after
            if status is None or status == "DELETE_COMPLETE":
                return None
            if not status.endswith("_IN_PROGRESS"):
                return status
            self._clock.wait_ms(wait_ms)
            wait_ms = min(POLL_LAST_MS, wait_ms * 1.5)

    # --- Calls --------------------------------------------------------------------------------------------------------

    def _find(self) -> dict[str, Any] | None:
        return self._describe(self.name)

    def _status_of(self, stack_id: str) -> str | None:
        stack = self._describe(stack_id)
        return None if stack is None else str(stack["StackStatus"])

    def _describe(self, name: str) -> dict[str, Any] | None:
        from botocore.exceptions import ClientError

        try:
            stacks: list[dict[str, Any]] = self._cloudformation.describe_stacks(StackName=name)["Stacks"]
        except ClientError as error:
            if error_code(error) == "ValidationError" and "does not exist" in str(error):
                return None
            raise
        return stacks[0] if stacks else None

    def _wait_for_change_set(self, arn: str) -> dict[str, Any]:
        wait_ms = POLL_FIRST_MS
        while True:
            description: dict[str, Any] = self._cloudformation.describe_change_set(ChangeSetName=arn)
            if description["Status"] in ("CREATE_COMPLETE", "FAILED"):
                while "NextToken" in description:
                    page = self._cloudformation.describe_change_set(
                        ChangeSetName=arn, NextToken=description.pop("NextToken")
                    )
                    description["Changes"] += page["Changes"]
                    description |= {"NextToken": page["NextToken"]} if "NextToken" in page else {}
                return description
            self._clock.wait_ms(wait_ms)
            wait_ms = min(POLL_LAST_MS, wait_ms * 1.5)

    def _events_after(self, stack_id: str, after: str | None) -> Iterator[StackEvent]:
        for event in self._events(stack_id):
            if event.event_id == after:
                return
            yield event

    def _events(self, stack_id: str) -> Iterator[StackEvent]:
        """Newest first."""
        from botocore.exceptions import ClientError

        request: dict[str, Any] = {"StackName": stack_id}
        while True:
            try:
                answer = self._cloudformation.describe_stack_events(**request)
            except ClientError as error:
                if error_code(error) == "ValidationError" and "does not exist" in str(error):
                    return
                raise
            yield from map(_read_event, answer["StackEvents"])
            if "NextToken" not in answer:
                return
            request["NextToken"] = answer["NextToken"]


def _read_change(change: dict[str, Any]) -> Change:
    resource = change["ResourceChange"]
    return Change(
        resource["Action"], resource["LogicalResourceId"], resource["ResourceType"], resource.get("Replacement", "")
    )


def _read_stack(stack: dict[str, Any]) -> StackState:
    updated = stack.get("LastUpdatedTime")
    return StackState(
        name=stack["StackName"],
        arn=stack["StackId"],
        status=stack["StackStatus"],
        reason=stack.get("StackStatusReason", ""),
        created_ms=int(stack["CreationTime"].timestamp() * 1000),
        updated_ms=None if updated is None else int(updated.timestamp() * 1000),
        outputs=[
            StackOutput(output["OutputKey"], output["OutputValue"], output.get("Description", ""))
            for output in stack.get("Outputs", [])
        ],
        parameters=[
            (parameter["ParameterKey"], parameter.get("ParameterValue", ""))
            for parameter in stack.get("Parameters", [])
        ],
    )


def _read_resource(resource: dict[str, Any]) -> StackResource:
    return StackResource(
        resource["LogicalResourceId"],
        resource["ResourceType"],
        resource.get("PhysicalResourceId", ""),
        resource["ResourceStatus"],
        resource.get("ResourceStatusReason", ""),
    )


def _read_event(event: dict[str, Any]) -> StackEvent:
    return StackEvent(
        event_id=event["EventId"],
        at=event["Timestamp"].isoformat(),
        logical_id=event["LogicalResourceId"],
        resource_type=event["ResourceType"],
        status=event["ResourceStatus"],
        reason=event.get("ResourceStatusReason", ""),
    )
