"""AWS::Lambda::LayerVersion and AWS::Lambda::LayerVersionPermission.

AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-layerversion.html
"""

from __future__ import annotations

import json

from onebox.errors import AwsError, ValidationException
from onebox.services.cloudformation.resources.existing import means_exists, means_gone
from onebox.services.cloudformation.resources.shapes import TEXT, TEXTS, Record
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

_SETTINGS = ("CompatibleArchitectures", "CompatibleRuntimes", "Description", "LicenseInfo")
_DIGITS_MAX = 19
_GRANT = ("Action", "OrganizationId", "Principal")


class _LayerVersion:
    async def create(self, client: Client, new: NewResource) -> Attributes:
        if new.resumed and (made := await self._find_made(client, new)) is not None:
            await new.initiated(made["LayerVersionArn"])
            return pick(made, "LayerVersionArn")
        properties = new.properties
        content = pick(properties["Content"], "S3Bucket", "S3Key", "S3ObjectVersion")
        request = {"LayerName": new.name, "Content": content, **pick(properties, *_SETTINGS)}
        published = await client.call("lambda", "PublishLayerVersion", request)
        await new.initiated(published["LayerVersionArn"])
        return pick(published, "LayerVersionArn")

    async def _find_made(self, client: Client, new: NewResource) -> Wire | None:
        """The version that an interrupted attempt made; a layer with a generated name has none but ours."""
        if "LayerName" in new.properties:
            return None
        answer = await client.call("lambda", "ListLayerVersions", {"LayerName": new.name})
        versions: list[Wire] = answer["LayerVersions"]
        return versions[0] if versions else None

    async def update(self, client: Client, old: LiveResource, properties: Wire, tags: dict[str, str]) -> Attributes:
        return old.attributes

    async def delete(self, client: Client, old: LiveResource) -> None:
        await client.call("lambda", "DeleteLayerVersion", _version(old.physical_id))

    async def read(self, client: Client, old: LiveResource) -> Wire | None:
        try:
            live = await client.call("lambda", "GetLayerVersionByArn", {"Arn": old.physical_id})
        except AwsError as error:
            if means_gone(error):
                return None
            raise
        return pick(old.properties, "Content", "LayerName") | pick(live, *_SETTINGS)


class _Permission:
    async def create(self, client: Client, new: NewResource) -> Attributes:
        request = _version(new.properties["LayerVersionArn"]) | pick(new.properties, *_GRANT)
        try:
            await client.call("lambda", "AddLayerVersionPermission", {**request, "StatementId": new.name})
        except AwsError as error:
            # The statement's name is generated, so one of this name can only be our own.
            if not (new.resumed and means_exists(error)):
                raise
        identifier = f"{new.properties['LayerVersionArn']}#{new.name}"
        await new.initiated(identifier)
        return {"Id": identifier}

    async def update(self, client: Client, old: LiveResource, properties: Wire, tags: dict[str, str]) -> Attributes:
        return old.attributes

    async def delete(self, client: Client, old: LiveResource) -> None:
        arn, _, sid = old.physical_id.partition("#")
        await client.call("lambda", "RemoveLayerVersionPermission", _version(arn) | {"StatementId": sid})

    async def read(self, client: Client, old: LiveResource) -> Wire | None:
        arn, _, sid = old.physical_id.partition("#")
        try:
            answer = await client.call("lambda", "GetLayerVersionPolicy", _version(arn))
        except AwsError as error:
            if means_gone(error):
                return None
            raise
        statements = json.loads(answer["Policy"])["Statement"]
        there = any(statement["Sid"] == sid for statement in statements)
        return old.properties if there else None


def _version(arn: str) -> Wire:
    """The layer and the number that a version's ARN names."""
    layer, _, number = arn.rpartition(":")
    if not (number.isascii() and number.isdecimal() and len(number) < _DIGITS_MAX):
        raise ValidationException(f"{arn} is no ARN of a layer's version.")
    return {"LayerName": layer, "VersionNumber": int(number)}


LAYER_VERSION = ResourceType(
    name="AWS::Lambda::LayerVersion",
    schema=Record(
        {
            "CompatibleArchitectures": TEXTS,
            "CompatibleRuntimes": TEXTS,
            "Content": Record(
                {"S3Bucket": TEXT, "S3Key": TEXT, "S3ObjectVersion": TEXT}, required=("S3Bucket", "S3Key")
            ),
            "Description": TEXT,
            "LayerName": TEXT,
            "LicenseInfo": TEXT,
        },
        required=("Content",),
    ),
    lifecycle=_LayerVersion(),
    create_only=frozenset({"Content", "LayerName", *_SETTINGS}),
    attributes=frozenset({"LayerVersionArn"}),
    naming=Naming("LayerName", characters_max=140),
)

LAYER_VERSION_PERMISSION = ResourceType(
    name="AWS::Lambda::LayerVersionPermission",
    schema=Record(
        {"Action": TEXT, "LayerVersionArn": TEXT, "OrganizationId": TEXT, "Principal": TEXT},
        required=("Action", "LayerVersionArn", "Principal"),
    ),
    lifecycle=_Permission(),
    create_only=frozenset({"LayerVersionArn", *_GRANT}),
    attributes=frozenset({"Id"}),
    naming=Naming(None, characters_max=100),
)
