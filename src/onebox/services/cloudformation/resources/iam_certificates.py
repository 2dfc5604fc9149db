"""AWS::IAM::ServerCertificate.

AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-iam-servercertificate.html
"""

from __future__ import annotations

from onebox.errors import AwsError
from onebox.services.cloudformation.resources.existing import create_or_adopt, means_gone
from onebox.services.cloudformation.resources.iam_principals import tags_of
from onebox.services.cloudformation.resources.shapes import TAGS, TEXT, Record
from onebox.services.cloudformation.resources.tagging import apply_tags
from onebox.services.cloudformation.resources.types import (
    Attributes,
    Client,
    LiveResource,
    Naming,
    NewResource,
    ResourceType,
    pick,
    tag_list,
)
from onebox.services.context import Wire


class _ServerCertificate:
    async def create(self, client: Client, new: NewResource) -> Attributes:
        given = pick(new.properties, "CertificateBody", "CertificateChain", "Path", "PrivateKey")
        request = {**given, "ServerCertificateName": new.name, "Tags": tag_list(new.tags)}
        await create_or_adopt(
            "AWS::IAM::ServerCertificate",
            new,
            lambda: client.call("iam", "UploadServerCertificate", request),
            lambda: _tags(client, new.name),
        )
        await new.initiated(new.name)
        return {"Arn": (await _load(client, new.name))["ServerCertificateMetadata"]["Arn"]}

    async def update(self, client: Client, old: LiveResource, properties: Wire, tags: dict[str, str]) -> Attributes:
        certificate = {"ServerCertificateName": old.physical_id}
        if old.properties.get("Path", "/") != properties.get("Path", "/"):
            request = {**certificate, "NewPath": properties.get("Path", "/")}
            await client.call("iam", "UpdateServerCertificate", request)
        await apply_tags(
            old.tags,
            tags,
            lambda fresh: client.call("iam", "TagServerCertificate", {**certificate, "Tags": tag_list(fresh)}),
            lambda keys: client.call("iam", "UntagServerCertificate", {**certificate, "TagKeys": keys}),
        )
        return {"Arn": (await _load(client, old.physical_id))["ServerCertificateMetadata"]["Arn"]}

    async def delete(self, client: Client, old: LiveResource) -> None:
        await client.call("iam", "DeleteServerCertificate", {"ServerCertificateName": old.physical_id})

    async def read(self, client: Client, old: LiveResource) -> Wire | None:
        try:
            live = await _load(client, old.physical_id)
        except AwsError as error:
            if means_gone(error):
                return None
            raise
        metadata = pick(live["ServerCertificateMetadata"], "Path", "ServerCertificateName")
        return metadata | pick(live, "CertificateBody", "CertificateChain")


async def _load(client: Client, name: str) -> Wire:
    answer = await client.call("iam", "GetServerCertificate", {"ServerCertificateName": name})
    certificate: Wire = answer["ServerCertificate"]
    return certificate


async def _tags(client: Client, name: str) -> dict[str, str]:
    return tags_of(await client.call("iam", "ListServerCertificateTags", {"ServerCertificateName": name}))


SERVER_CERTIFICATE = ResourceType(
    name="AWS::IAM::ServerCertificate",
    schema=Record(
        {
            "CertificateBody": TEXT,
            "CertificateChain": TEXT,
            "Path": TEXT,
            "PrivateKey": TEXT,
            "ServerCertificateName": TEXT,
            "Tags": TAGS,
        },
    ),
    lifecycle=_ServerCertificate(),
    create_only=frozenset({"CertificateBody", "CertificateChain", "PrivateKey", "ServerCertificateName"}),
    attributes=frozenset({"Arn"}),
    naming=Naming("ServerCertificateName", characters_max=128),
    taggable=True,
)
