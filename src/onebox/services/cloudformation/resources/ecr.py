"""AWS::ECR::Repository.

AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-ecr-repository.html
"""

from __future__ import annotations

import json
from typing import Any

from onebox.errors import AwsError
from onebox.services.cloudformation.resources.existing import create_or_adopt, error_names, means_gone
from onebox.services.cloudformation.resources.shapes import BOOLEAN, JSON, TAGS, TEXT, ListOf, Record
from onebox.services.cloudformation.resources.tagging import apply_tags
from onebox.services.cloudformation.resources.types import (
    Attributes,
    Client,
    LiveResource,
    Naming,
    NewResource,
    ResourceType,
    arn,
    changed,
    pick,
    tag_list,
    tag_map,
)
from onebox.services.context import Wire

_TYPE = "AWS::ECR::Repository"


class _Repository:
    async def create(self, client: Client, new: NewResource) -> Attributes:
        request = {"repositoryName": new.name, **_settings(new.properties), "tags": tag_list(new.tags)}
        await create_or_adopt(
            _TYPE,
            new,
            lambda: client.call("ecr", "CreateRepository", request),
            lambda: _live_tags(client, new.name),
        )
        await new.initiated(new.name)
        await _apply_policies(client, new.name, {}, new.properties)
        return {
            "Arn": _arn(client, new.name),
            "RepositoryUri": f"{client.account}.dkr.ecr.{client.region}.amazonaws.com/{new.name}",
        }

    async def update(self, client: Client, old: LiveResource, properties: Wire, tags: dict[str, str]) -> Attributes:
        named, settings = {"repositoryName": old.physical_id}, _settings(properties)
        if changed(old.properties, properties, "ImageScanningConfiguration"):
            scanning = settings.get("imageScanningConfiguration", {"scanOnPush": False})
            request = {**named, "imageScanningConfiguration": scanning}
            await client.call("ecr", "PutImageScanningConfiguration", request)
        if changed(old.properties, properties, "ImageTagMutability", "ImageTagMutabilityExclusionFilters"):
            chosen = {name: value for name, value in settings.items() if name.startswith("imageTagMutability")}
            await client.call("ecr", "PutImageTagMutability", {**named, "imageTagMutability": "MUTABLE", **chosen})
        await _apply_policies(client, old.physical_id, old.properties, properties)
        resource = {"resourceArn": _arn(client, old.physical_id)}
        await apply_tags(
            old.tags,
            tags,
            lambda fresh: client.call("ecr", "TagResource", {**resource, "tags": tag_list(fresh)}),
            lambda keys: client.call("ecr", "UntagResource", {**resource, "tagKeys": keys}),
        )
        return old.attributes

    async def delete(self, client: Client, old: LiveResource) -> None:
        await client.call("ecr", "DeleteRepository", {"repositoryName": old.physical_id})

    async def read(self, client: Client, old: LiveResource) -> Wire | None:
        try:
            answer = await client.call("ecr", "DescribeRepositories", {"repositoryNames": [old.physical_id]})
        except AwsError as error:
            if means_gone(error):
                return None
            raise
        (live,) = answer["repositories"]
        named = {"repositoryName": old.physical_id}
        policy = await _live_text(client, "GetRepositoryPolicy", named, "policyText")
        lifecycle = await _live_text(client, "GetLifecyclePolicy", named, "lifecyclePolicyText")
        registry = pick(old.properties.get("LifecyclePolicy", {}), "RegistryId")
        return {
            "RepositoryName": live["repositoryName"],
            "ImageTagMutability": live["imageTagMutability"],
            "ImageScanningConfiguration": {"ScanOnPush": live["imageScanningConfiguration"]["scanOnPush"]},
            "RepositoryPolicyText": None if policy is None else json.loads(policy),
            "LifecyclePolicy": None if lifecycle is None else {"LifecyclePolicyText": lifecycle, **registry},
        }


def _arn(client: Client, name: str) -> str:
    return arn(client, "ecr", f"repository/{name}")


def _settings(properties: Wire) -> Wire:
    """The members of CreateRepository for the properties."""
    settings: Wire = {}
    if "ImageTagMutability" in properties:
        settings["imageTagMutability"] = properties["ImageTagMutability"]
    if "ImageTagMutabilityExclusionFilters" in properties:
        settings["imageTagMutabilityExclusionFilters"] = [
            {
                "filterType": one["ImageTagMutabilityExclusionFilterType"],
                "filter": one["ImageTagMutabilityExclusionFilterValue"],
            }
            for one in properties["ImageTagMutabilityExclusionFilters"]
        ]
    if "ImageScanningConfiguration" in properties:
        settings["imageScanningConfiguration"] = {
            "scanOnPush": properties["ImageScanningConfiguration"].get("ScanOnPush", False)
        }
    if "EncryptionConfiguration" in properties:
        given = properties["EncryptionConfiguration"]
        key = {"kmsKey": given["KmsKey"]} if "KmsKey" in given else {}
        settings["encryptionConfiguration"] = {"encryptionType": given["EncryptionType"], **key}
    return settings


async def _apply_policies(client: Client, name: str, old: Wire, new: Wire) -> None:
    """Set or remove the policy and the lifecycle policy where they changed."""
    named = {"repositoryName": name}
    if changed(old, new, "RepositoryPolicyText"):
        if "RepositoryPolicyText" in new:
            text = json.dumps(new["RepositoryPolicyText"])
            await client.call("ecr", "SetRepositoryPolicy", {**named, "policyText": text})
        else:
            await client.call("ecr", "DeleteRepositoryPolicy", named)
    before, after = _lifecycle_text(old), _lifecycle_text(new)
    if after != before:
        if after is None:
            await client.call("ecr", "DeleteLifecyclePolicy", named)
        else:
            await client.call("ecr", "PutLifecyclePolicy", {**named, "lifecyclePolicyText": after})


def _lifecycle_text(properties: Wire) -> str | None:
    text: Any = properties.get("LifecyclePolicy", {}).get("LifecyclePolicyText")
    return None if text is None else str(text)


async def _live_text(client: Client, operation: str, named: Wire, member: str) -> str | None:
    """A policy of a repository; None if it has none."""
    try:
        answer = await client.call("ecr", operation, named)
    except AwsError as error:
        if error_names(error) & {"RepositoryPolicyNotFound", "LifecyclePolicyNotFound"}:
            return None
        raise
    return str(answer[member])


async def _live_tags(client: Client, name: str) -> dict[str, str]:
    answer = await client.call("ecr", "ListTagsForResource", {"resourceArn": _arn(client, name)})
    return tag_map(answer["tags"])


REPOSITORY = ResourceType(
    name=_TYPE,
    schema=Record(
        {
            "EmptyOnDelete": BOOLEAN,
            "EncryptionConfiguration": Record({"EncryptionType": TEXT, "KmsKey": TEXT}, required=("EncryptionType",)),
            "ImageScanningConfiguration": Record({"ScanOnPush": BOOLEAN}),
            "ImageTagMutability": TEXT,
            "ImageTagMutabilityExclusionFilters": ListOf(
                Record(
                    {
                        "ImageTagMutabilityExclusionFilterType": TEXT,
                        "ImageTagMutabilityExclusionFilterValue": TEXT,
                    },
                    required=("ImageTagMutabilityExclusionFilterType", "ImageTagMutabilityExclusionFilterValue"),
                )
            ),
            "LifecyclePolicy": Record({"LifecyclePolicyText": TEXT, "RegistryId": TEXT}),
            "RepositoryName": TEXT,
            "RepositoryPolicyText": JSON,
            "Tags": TAGS,
        }
    ),
    lifecycle=_Repository(),
    create_only=frozenset({"EncryptionConfiguration", "RepositoryName"}),
    attributes=frozenset({"Arn", "RepositoryUri"}),
    naming=Naming("RepositoryName", characters_max=256, lower_case=True),
    taggable=True,
)
