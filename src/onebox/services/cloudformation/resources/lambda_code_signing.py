"""AWS::Lambda::CodeSigningConfig.

AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-codesigningconfig.html
"""

from __future__ import annotations

from onebox.errors import AwsError
from onebox.services.cloudformation.resources.existing import means_gone
from onebox.services.cloudformation.resources.shapes import TEXT, TEXTS, Record
from onebox.services.cloudformation.resources.types import (
    Attributes,
    Client,
    LiveResource,
    NewResource,
    ResourceType,
    pick,
)
from onebox.services.context import Wire

_PROPERTIES = ("AllowedPublishers", "CodeSigningPolicies", "Description")


class _CodeSigningConfig:
    async def create(self, client: Client, new: NewResource) -> Attributes:
        answer = await client.call("lambda", "CreateCodeSigningConfig", pick(new.properties, *_PROPERTIES))
        attributes = pick(answer["CodeSigningConfig"], "CodeSigningConfigArn", "CodeSigningConfigId")
        await new.initiated(attributes["CodeSigningConfigArn"])
        return attributes

    async def update(self, client: Client, old: LiveResource, properties: Wire, tags: dict[str, str]) -> Attributes:
        cleared = {"Description": "", "CodeSigningPolicies": {"UntrustedArtifactOnDeployment": "Warn"}}
        request = _named(old) | cleared | pick(properties, *_PROPERTIES)
        await client.call("lambda", "UpdateCodeSigningConfig", request)
        return old.attributes

    async def delete(self, client: Client, old: LiveResource) -> None:
        await client.call("lambda", "DeleteCodeSigningConfig", _named(old))

    async def read(self, client: Client, old: LiveResource) -> Wire | None:
        try:
            live = await client.call("lambda", "GetCodeSigningConfig", _named(old))
        except AwsError as error:
            if means_gone(error):
                return None
            raise
        return pick(live["CodeSigningConfig"], *_PROPERTIES)


def _named(old: LiveResource) -> Wire:
    return {"CodeSigningConfigArn": old.physical_id}


CODE_SIGNING_CONFIG = ResourceType(
    name="AWS::Lambda::CodeSigningConfig",
    schema=Record(
        {
            "AllowedPublishers": Record({"SigningProfileVersionArns": TEXTS}, required=("SigningProfileVersionArns",)),
            "CodeSigningPolicies": Record(
                {"UntrustedArtifactOnDeployment": TEXT}, required=("UntrustedArtifactOnDeployment",)
            ),
            "Description": TEXT,
        },
        required=("AllowedPublishers",),
    ),
    lifecycle=_CodeSigningConfig(),
    attributes=frozenset({"CodeSigningConfigArn", "CodeSigningConfigId"}),
)
