"""AWS::Lambda::Version, AWS::Lambda::Alias and AWS::Lambda::Permission.

AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_Lambda.html
"""

from __future__ import annotations

import json

from onebox.errors import AwsError
from onebox.services.cloudformation.resources.existing import ResourceExists, means_exists, means_gone
from onebox.services.cloudformation.resources.lambda_provisioned import (
    PROPERTY,
    SHAPE,
    apply_provisioned,
    read_provisioned,
)
from onebox.services.cloudformation.resources.shapes import BOOLEAN, NUMBER, TEXT, ListOf, Record
from onebox.services.cloudformation.resources.types import (
    Attributes,
    Client,
    LiveResource,
    Naming,
    NewResource,
    ResourceType,
    pick,
)
from onebox.services.context import Wire


class _Version:
    async def create(self, client: Client, new: NewResource) -> Attributes:
        request = pick(new.properties, "FunctionName", "CodeSha256", "Description")
        published = await client.call("lambda", "PublishVersion", request)
        await new.initiated(published["FunctionArn"])
        await apply_provisioned(client, new.properties["FunctionName"], published["Version"], {}, new.properties)
        return {"Version": published["Version"], "FunctionArn": published["FunctionArn"]}

    async def update(self, client: Client, old: LiveResource, properties: Wire, tags: dict[str, str]) -> Attributes:
        function, version = old.physical_id.rsplit(":", 1)
        await apply_provisioned(client, function, version, old.properties, properties)
        return old.attributes

    async def delete(self, client: Client, old: LiveResource) -> None:
        function, version = old.physical_id.rsplit(":", 1)
        await client.call("lambda", "DeleteFunction", {"FunctionName": function, "Qualifier": version})

    async def read(self, client: Client, old: LiveResource) -> Wire | None:
        request = {"FunctionName": old.physical_id}
        try:
            live = await client.call("lambda", "GetFunctionConfiguration", request)
        except AwsError as error:
            if means_gone(error):
                return None
            raise
        provisioned = await read_provisioned(client, *old.physical_id.rsplit(":", 1))
        return {"FunctionName": old.properties["FunctionName"]} | pick(live, "Description") | provisioned


class _Alias:
    async def create(self, client: Client, new: NewResource) -> Attributes:
        request = _alias_request(new.properties)
        try:
            alias = await client.call("lambda", "CreateAlias", request)
        except AwsError as error:
            if not means_exists(error):
                raise
            if not new.resumed:
                identifier = f"{new.properties['FunctionName']}:{new.properties['Name']}"
                raise ResourceExists("AWS::Lambda::Alias", identifier) from error
            alias = await client.call("lambda", "UpdateAlias", request)
        await new.initiated(alias["AliasArn"])
        await apply_provisioned(client, request["FunctionName"], request["Name"], {}, new.properties)
        return {"AliasArn": alias["AliasArn"]}

    async def update(self, client: Client, old: LiveResource, properties: Wire, tags: dict[str, str]) -> Attributes:
        cleared = {"Description": "", "RoutingConfig": {"AdditionalVersionWeights": {}}}
        await client.call("lambda", "UpdateAlias", cleared | _alias_request(properties))
        names = (properties["FunctionName"], properties["Name"])
        await apply_provisioned(client, *names, old.properties, properties)
        return old.attributes

    async def delete(self, client: Client, old: LiveResource) -> None:
        await client.call("lambda", "DeleteAlias", pick(old.properties, "FunctionName", "Name"))

    async def read(self, client: Client, old: LiveResource) -> Wire | None:
        request = pick(old.properties, "FunctionName", "Name")
        try:
            live = await client.call("lambda", "GetAlias", request)
        except AwsError as error:
            if means_gone(error):
                return None
            raise
        described = {k: live[k] for k in ("Description",) if live.get(k)}
        provisioned = await read_provisioned(client, request["FunctionName"], request["Name"])
        return request | pick(live, "FunctionVersion") | described | provisioned


class _Permission:
    async def create(self, client: Client, new: NewResource) -> Attributes:
        request = pick(
            new.properties,
            "Action",
            "EventSourceToken",
            "FunctionName",
            "FunctionUrlAuthType",
            "InvokedViaFunctionUrl",
            "Principal",
            "PrincipalOrgID",
            "SourceAccount",
            "SourceArn",
        )
        try:
            await client.call("lambda", "AddPermission", {**request, "StatementId": new.name})
        except AwsError as error:
            # The statement's name is generated, so one of this name can only be our own.
            if not (new.resumed and means_exists(error)):
                raise
        await new.initiated(new.name)
        return {"Id": new.name}

    async def update(self, client: Client, old: LiveResource, properties: Wire, tags: dict[str, str]) -> Attributes:
        return old.attributes

    async def delete(self, client: Client, old: LiveResource) -> None:
        request = {"FunctionName": old.properties["FunctionName"], "StatementId": old.physical_id}
        await client.call("lambda", "RemovePermission", request)

    async def read(self, client: Client, old: LiveResource) -> Wire | None:
        try:
            answer = await client.call("lambda", "GetPolicy", pick(old.properties, "FunctionName"))
        except AwsError as error:
            if means_gone(error):
                return None
            raise
        statements = json.loads(answer["Policy"])["Statement"]
        there = any(statement.get("Sid") == old.physical_id for statement in statements)
        return old.properties if there else None


def _alias_request(properties: Wire) -> Wire:
    request = pick(properties, "Description", "FunctionName", "FunctionVersion", "Name")
    if "RoutingConfig" in properties:
        weights = properties["RoutingConfig"].get("AdditionalVersionWeights", [])
        request["RoutingConfig"] = {
            "AdditionalVersionWeights": {item["FunctionVersion"]: item["FunctionWeight"] for item in weights}
        }
    return request


_WEIGHT = Record({"FunctionVersion": TEXT, "FunctionWeight": NUMBER}, required=("FunctionVersion", "FunctionWeight"))

VERSION = ResourceType(
    name="AWS::Lambda::Version",
    schema=Record(
        {"CodeSha256": TEXT, "Description": TEXT, "FunctionName": TEXT, PROPERTY: SHAPE}, required=("FunctionName",)
    ),
    lifecycle=_Version(),
    create_only=frozenset({"CodeSha256", "Description", "FunctionName"}),
    attributes=frozenset({"Version", "FunctionArn"}),
)

ALIAS = ResourceType(
    name="AWS::Lambda::Alias",
    schema=Record(
        {
            "Description": TEXT,
            "FunctionName": TEXT,
            "FunctionVersion": TEXT,
            "Name": TEXT,
            PROPERTY: SHAPE,
            "RoutingConfig": Record({"AdditionalVersionWeights": ListOf(_WEIGHT)}),
        },
        required=("FunctionName", "FunctionVersion", "Name"),
    ),
    lifecycle=_Alias(),
    create_only=frozenset({"FunctionName", "Name"}),
    attributes=frozenset({"AliasArn"}),
)

PERMISSION = ResourceType(
    name="AWS::Lambda::Permission",
    schema=Record(
        {
            "Action": TEXT,
            "EventSourceToken": TEXT,
            "FunctionName": TEXT,
            "FunctionUrlAuthType": TEXT,
            "InvokedViaFunctionUrl": BOOLEAN,
            "Principal": TEXT,
            "PrincipalOrgID": TEXT,
            "SourceAccount": TEXT,
            "SourceArn": TEXT,
        },
        required=("Action", "FunctionName", "Principal"),
    ),
    lifecycle=_Permission(),
    create_only=frozenset(
        [
            "Action",
            "EventSourceToken",
            "FunctionName",
            "FunctionUrlAuthType",
            "InvokedViaFunctionUrl",
            "Principal",
            "PrincipalOrgID",
            "SourceAccount",
            "SourceArn",
        ]
    ),
    attributes=frozenset({"Id"}),
    naming=Naming(None, characters_max=100),
)
