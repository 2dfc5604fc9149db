"""AWS::Lambda::Url.

AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-lambda-url.html
"""

from __future__ import annotations

from onebox.errors import AwsError
from onebox.services.cloudformation.resources.existing import ResourceExists, means_exists, means_gone
from onebox.services.cloudformation.resources.shapes import BOOLEAN, INTEGER, TEXT, TEXTS, Record
from onebox.services.cloudformation.resources.types import (
    Attributes,
    Client,
    LiveResource,
    NewResource,
    ResourceType,
    pick,
)
from onebox.services.context import Wire

_NAME = "AWS::Lambda::Url"


class _Url:
    async def create(self, client: Client, new: NewResource) -> Attributes:
        request = _request(new.properties)
        try:
            url = await client.call("lambda", "CreateFunctionUrlConfig", request)
        except AwsError as error:
            if not means_exists(error):
                raise
            if not new.resumed:
                raise ResourceExists(_NAME, new.properties["TargetFunctionArn"]) from error
            url = await client.call("lambda", "UpdateFunctionUrlConfig", request)
        await new.initiated(url["FunctionArn"])
        return pick(url, "FunctionArn", "FunctionUrl")

    async def update(self, client: Client, old: LiveResource, properties: Wire, tags: dict[str, str]) -> Attributes:
        cleared = {"Cors": {}, "InvokeMode": "BUFFERED"}
        await client.call("lambda", "UpdateFunctionUrlConfig", cleared | _request(properties))
        return old.attributes

    async def delete(self, client: Client, old: LiveResource) -> None:
        await client.call("lambda", "DeleteFunctionUrlConfig", _function(old.properties))

    async def read(self, client: Client, old: LiveResource) -> Wire | None:
        try:
            live = await client.call("lambda", "GetFunctionUrlConfig", _function(old.properties))
        except AwsError as error:
            if means_gone(error):
                return None
            raise
        return pick(old.properties, "TargetFunctionArn", "Qualifier") | pick(live, "AuthType", "Cors", "InvokeMode")


def _function(properties: Wire) -> Wire:
    return {"FunctionName": properties["TargetFunctionArn"], **pick(properties, "Qualifier")}


def _request(properties: Wire) -> Wire:
    return _function(properties) | pick(properties, "AuthType", "Cors", "InvokeMode")


URL = ResourceType(
    name=_NAME,
    schema=Record(
        {
            "AuthType": TEXT,
            "Cors": Record(
                {
                    "AllowCredentials": BOOLEAN,
                    "AllowHeaders": TEXTS,
                    "AllowMethods": TEXTS,
                    "AllowOrigins": TEXTS,
                    "ExposeHeaders": TEXTS,
                    "MaxAge": INTEGER,
                }
            ),
            "InvokeMode": TEXT,
            "Qualifier": TEXT,
            "TargetFunctionArn": TEXT,
        },
        required=("AuthType", "TargetFunctionArn"),
    ),
    lifecycle=_Url(),
    create_only=frozenset({"Qualifier", "TargetFunctionArn"}),
    attributes=frozenset({"FunctionArn", "FunctionUrl"}),
)
