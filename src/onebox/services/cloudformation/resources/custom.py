"""AWS::CloudFormation::CustomResource and Custom::*: a Lambda function or SNS topic of the user creates the resource.

The function or topic gets a request with an address, and answers there by HTTP PUT.
AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-custom-resources.html
"""

from __future__ import annotations

import json
from typing import Any

from onebox.services.cloudformation.resources.shapes import INTEGER, TEXT, Record
from onebox.services.cloudformation.resources.types import (
    Attributes,
    Client,
    LiveResource,
    NewResource,
    PlainFailure,
    ReplacedAttributes,
    ResourceType,
)
from onebox.services.cloudformation.template.intrinsics import scalar_text
from onebox.services.context import Wire

CUSTOM_PREFIX = "Custom::"
_TIMEOUT_S = 3_600
"""AWS waits an hour, unless ServiceTimeout says less."""


class _Custom:
    async def create(self, client: Client, new: NewResource) -> Attributes:
        request = {"RequestType": "Create", "LogicalResourceId": new.logical_id, "ResourceType": new.type}
        answer = await _ask(client, request, new.properties)
        physical_id = str(answer.get("PhysicalResourceId") or new.name)
        # Also after a failure: the rollback sends a Delete for it, as AWS does.
        await new.initiated(physical_id)
        _refuse_failure(answer)
        return dict(answer.get("Data") or {})

    async def update(self, client: Client, old: LiveResource, properties: Wire, tags: dict[str, str]) -> Attributes:
        request = {
            "RequestType": "Update",
            "LogicalResourceId": old.logical_id,
            "ResourceType": old.type,
            "PhysicalResourceId": old.physical_id,
            "OldResourceProperties": _texts(old.properties),
        }
        answer = await _ask(client, request, properties)
        _refuse_failure(answer)
        data = dict(answer.get("Data") or {})
        physical_id = str(answer.get("PhysicalResourceId") or old.physical_id)
        return data if physical_id == old.physical_id else ReplacedAttributes(data, physical_id)

    async def delete(self, client: Client, old: LiveResource) -> None:
        request = {
            "RequestType": "Delete",
            "LogicalResourceId": old.logical_id,
            "ResourceType": old.type,
            "PhysicalResourceId": old.physical_id,
        }
        _refuse_failure(await _ask(client, request, old.properties))

    async def read(self, client: Client, old: LiveResource) -> Wire | None:
        return old.properties


async def _ask(client: Client, request: Wire, properties: Wire) -> Wire:
    """Send the request and wait for its answer. Raises AwsError."""
    url = await client.open_callback()
    request_id = client.token(32)
    event = {
        **request,
        "RequestId": request_id,
        "ResponseURL": url,
        "StackId": client.stack_id,
        "ServiceToken": properties["ServiceToken"],
        "ResourceProperties": _texts(properties),
    }
    await _send(client, properties["ServiceToken"], json.dumps(event))
    timeout_s = min(int(properties.get("ServiceTimeout", _TIMEOUT_S)), _TIMEOUT_S)
    answers = await client.wait_for_callback(url, 1, timeout_s)
    await client.close_callback(url)
    if not answers:
        raise PlainFailure(
            "CloudFormation did not receive a response from your Custom Resource. Please check your logs for requestId "
            f"[{request_id}]. If you are using the Python cfn-response module, you may need to update your Lambda "
            "function code so that CloudFormation can attach the updated version."
        )
    return {**answers[0], "RequestId": request_id}


async def _send(client: Client, service_token: str, message: str) -> None:
    parts = service_token.split(":")
    if len(parts) >= 6 and parts[2] == "lambda":
        request: Wire = {"FunctionName": service_token, "InvocationType": "Event", "Payload": message.encode()}
        await client.call("lambda", "Invoke", request)
    elif len(parts) >= 6 and parts[2] == "sns":
        request = {"TopicArn": service_token, "Subject": "AWS CloudFormation custom resource request"}
        await client.call("sns", "Publish", {**request, "Message": message})
    else:
        raise PlainFailure("Invalid service token: the ARN of a Lambda function or an SNS topic is needed.")


def _refuse_failure(answer: Wire) -> None:
    if answer.get("Status") == "SUCCESS":
        return
    raise PlainFailure(
        f"Received response status [{answer.get('Status')}] from custom resource. Message returned: "
        f"{answer.get('Reason', '')} (RequestId: {answer['RequestId']})"
    )


def _texts(value: Any) -> Any:
    """Numbers and truth values reach the function as text, as on AWS."""
    if isinstance(value, dict):
        return {name: _texts(member) for name, member in value.items()}
    return [_texts(item) for item in value] if isinstance(value, list) else scalar_text(value)


CUSTOM_RESOURCE = ResourceType(
    name="AWS::CloudFormation::CustomResource",
    schema=Record({"ServiceTimeout": INTEGER, "ServiceToken": TEXT}, required=("ServiceToken",), is_open=True),
    lifecycle=_Custom(),
    create_only=frozenset({"ServiceToken"}),
    any_attribute=True,
)
