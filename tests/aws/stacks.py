"""What the tests of CloudFormation share: stacks and change sets whose operations are over."""

from __future__ import annotations

import json
from typing import Any


def template(**resources: Any) -> str:
    """A template of these resources."""
    return json.dumps({"Resources": resources})


def settle(cloudformation: Any, until: Any, name: str) -> dict[str, Any]:
    """Wait until nothing is in progress; the stack."""

    def look() -> dict[str, Any] | None:
        stack: dict[str, Any] = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
        return None if stack["StackStatus"].endswith("_IN_PROGRESS") else stack

    found: dict[str, Any] = until(look, f"stack {name} to settle")
    return found


def make_stack(cloudformation: Any, until: Any, name: str, body: str, **more: Any) -> dict[str, Any]:
    """A stack that was created."""
    cloudformation.create_stack(StackName=name, TemplateBody=body, **more)
    return settle(cloudformation, until, name)


def change_stack(cloudformation: Any, until: Any, name: str, body: str) -> dict[str, Any]:
    """A stack that was updated."""
    cloudformation.update_stack(StackName=name, TemplateBody=body)
    return settle(cloudformation, until, name)


def prepare(cloudformation: Any, until: Any, name: str, body: str, kind: str) -> dict[str, Any]:
    """The change set ``c`` of a stack, described when it is ready or failed."""
    answer = cloudformation.create_change_set(StackName=name, ChangeSetName="c", ChangeSetType=kind, TemplateBody=body)

    def look() -> dict[str, Any] | None:
        found: dict[str, Any] = cloudformation.describe_change_set(ChangeSetName=answer["Id"])
        return found if found["Status"] in ("CREATE_COMPLETE", "FAILED") else None

    described: dict[str, Any] = until(look, f"the change set of {name}")
    return described


def delete_stack(cloudformation: Any, until: Any, name: str) -> None:
    """Delete a stack and wait until it is gone."""
    stack_id = cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackId"]
    cloudformation.delete_stack(StackName=name)
    assert settle(cloudformation, until, stack_id)["StackStatus"] == "DELETE_COMPLETE"
