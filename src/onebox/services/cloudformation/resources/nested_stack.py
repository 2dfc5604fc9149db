"""AWS::CloudFormation::Stack: a stack within a stack.

The nested stack is created by CloudFormation's own operations, with the rights of the outer one. An update of the outer
stack always updates it, because the template behind its URL may have changed.
AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-cloudformation-stack.html
"""

from __future__ import annotations

from onebox.errors import AwsError
from onebox.services.cloudformation.resources.existing import ResourceExists, error_names
from onebox.services.cloudformation.resources.shapes import INTEGER, TAGS, TEXT, TEXTS, MapOf, Record
from onebox.services.cloudformation.resources.types import (
    Attributes,
    Client,
    LiveResource,
    Naming,
    NewResource,
    PlainFailure,
    ResourceType,
    pick,
    tag_list,
)
from onebox.services.cloudformation.states import STACK_STATES
from onebox.services.context import Wire

_NAME = "AWS::CloudFormation::Stack"
_SERVICE = "cloudformation"
_NO_UPDATES = "No updates are to be performed."


class _NestedStack:
    async def create(self, client: Client, new: NewResource) -> Attributes:
        request = {
            **_request(client, new.properties, new.tags),
            **pick(new.properties, "TimeoutInMinutes"),
            "StackName": new.name,
            "ParentId": client.stack_id,
        }
        try:
            stack_id = (await client.call(_SERVICE, "CreateStack", request))["StackId"]
        except AwsError as error:
            stack = await _find(client, new.name) if "AlreadyExists" in error_names(error) else None
            if stack is None:
                raise
            if not new.resumed or stack.get("ParentId") != client.stack_id:
                raise ResourceExists(_NAME, new.name) from error
            stack_id = stack["StackId"]
        await new.initiated(str(stack_id))
        return _outputs(await _wait(client, str(stack_id), "created", "CREATE_COMPLETE"))

    async def update(self, client: Client, old: LiveResource, properties: Wire, tags: dict[str, str]) -> Attributes:
        await _wait_until_idle(client, old.physical_id)
        try:
            await client.call(
                _SERVICE, "UpdateStack", {**_request(client, properties, tags), "StackName": old.physical_id}
            )
        except AwsError as error:
            if error.message != _NO_UPDATES:
                raise
            return _outputs(await _wait_until_idle(client, old.physical_id))
        return _outputs(await _wait(client, old.physical_id, "updated", "UPDATE_COMPLETE"))

    async def delete(self, client: Client, old: LiveResource) -> None:
        await client.call(_SERVICE, "DeleteStack", {"StackName": old.physical_id})
        await _wait(client, old.physical_id, "deleted", "DELETE_COMPLETE")

    async def read(self, client: Client, old: LiveResource) -> Wire | None:
        stack = await _find(client, old.physical_id)
        if stack is None or STACK_STATES[stack["StackStatus"]].is_deleted:
            return None
        given = old.properties.get("Parameters", {})
        live = {one["ParameterKey"]: one["ParameterValue"] for one in stack.get("Parameters", [])}
        return {
            "TemplateURL": old.properties["TemplateURL"],
            "Parameters": {name: live.get(name) for name in given},
            **pick(stack, "NotificationARNs", "TimeoutInMinutes"),
        }


def _request(client: Client, properties: Wire, tags: dict[str, str]) -> Wire:
    parameters = properties.get("Parameters", {})
    own = {key: value for key, value in tags.items() if not key.startswith("aws:")}
    return {
        **pick(properties, "NotificationARNs", "TemplateURL"),
        "Parameters": [{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()],
        "Capabilities": client.capabilities,
        "Tags": tag_list(own),
    }


async def _wait(client: Client, stack_id: str, verb: str, wanted: str) -> Wire:
    """Wait for the end of an operation. Raises PlainFailure unless it ended in ``wanted``."""
    stack = await _wait_until_idle(client, stack_id)
    if stack["StackStatus"] != wanted:
        reason = str(stack.get("StackStatusReason", "")).strip()
        raise PlainFailure(f"Embedded stack {stack_id} was not successfully {verb}: {reason}")
    return stack


async def _wait_until_idle(client: Client, stack_id: str) -> Wire:
    while True:
        stack = await _find(client, stack_id)
        if stack is None:
            raise PlainFailure(f"Embedded stack {stack_id} does not exist")
        if STACK_STATES[stack["StackStatus"]].operation is None:
            return stack
        await client.pause()


async def _find(client: Client, name: str) -> Wire | None:
    try:
        stacks: list[Wire] = (await client.call(_SERVICE, "DescribeStacks", {"StackName": name}))["Stacks"]
    except AwsError as error:
        if "does not exist" in error.message:
            return None
        raise
    return stacks[0]


def _outputs(stack: Wire) -> Attributes:
    return {f"Outputs.{output['OutputKey']}": output["OutputValue"] for output in stack.get("Outputs", [])}


NESTED_STACK = ResourceType(
    name=_NAME,
    schema=Record(
        {
            "NotificationARNs": TEXTS,
            "Parameters": MapOf(TEXT),
            "Tags": TAGS,
            "TemplateURL": TEXT,
            "TimeoutInMinutes": INTEGER,
        },
        required=("TemplateURL",),
    ),
    lifecycle=_NestedStack(),
    any_attribute=True,
    naming=Naming(None, characters_max=128),
    taggable=True,
    always_updated=True,
)
