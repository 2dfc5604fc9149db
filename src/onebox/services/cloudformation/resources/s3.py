"""AWS::S3::Bucket and AWS::S3::BucketPolicy.

AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_S3.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from onebox.arn import make_arn
from onebox.errors import AwsError
from onebox.services.cloudformation.resources.existing import create_or_adopt, ignore_gone, means_gone
from onebox.services.cloudformation.resources.shapes import BOOLEAN, INTEGER, JSON, TAGS, TEXT, ListOf, Record, Shape
from onebox.services.cloudformation.resources.types import (
    Attributes,
    Client,
    LiveResource,
    Naming,
    NewResource,
    ResourceType,
    changed,
    partition,
    pick,
    tag_list,
    tag_map,
)
from onebox.services.context import Wire


class _Bucket:
    async def create(self, client: Client, new: NewResource) -> Attributes:
        request: Wire = {"Bucket": new.name}
        if client.region != "us-east-1":
            request["CreateBucketConfiguration"] = {"LocationConstraint": client.region}
        await create_or_adopt(
            "AWS::S3::Bucket",
            new,
            lambda: client.call("s3", "CreateBucket", request),
            lambda: _live_tags(client, new.name),
        )
        await new.initiated(new.name)
        await _apply_settings(client, new.name, {}, new.properties)
        await _apply_acl(client, new.name, {}, new.properties)
        await _put_tags(client, new.name, new.tags)
        return _attributes(client, new.name)

    async def update(self, client: Client, old: LiveResource, properties: Wire, tags: dict[str, str]) -> Attributes:
        await _apply_settings(client, old.physical_id, old.properties, properties)
        await _apply_acl(client, old.physical_id, old.properties, properties)
        if old.tags != tags:
            await _put_tags(client, old.physical_id, tags)
        return old.attributes

    async def delete(self, client: Client, old: LiveResource) -> None:
        await client.call("s3", "DeleteBucket", {"Bucket": old.physical_id})

    async def read(self, client: Client, old: LiveResource) -> Wire | None:
        if not await ignore_gone(client.call("s3", "HeadBucket", {"Bucket": old.physical_id})):
            return None
        live: Wire = {"BucketName": old.physical_id}
        if "VersioningConfiguration" in old.properties:
            versioning = await client.call("s3", "GetBucketVersioning", {"Bucket": old.physical_id})
            live["VersioningConfiguration"] = {"Status": versioning.get("Status", "Suspended")}
        return live


class _BucketPolicy:
    async def create(self, client: Client, new: NewResource) -> Attributes:
        await new.initiated(new.properties["Bucket"])
        await _put_policy(client, new.properties)
        return {}

    async def update(self, client: Client, old: LiveResource, properties: Wire, tags: dict[str, str]) -> Attributes:
        await _put_policy(client, properties)
        return old.attributes

    async def delete(self, client: Client, old: LiveResource) -> None:
        await client.call("s3", "DeleteBucketPolicy", {"Bucket": old.physical_id})

    async def read(self, client: Client, old: LiveResource) -> Wire | None:
        try:
            answer = await client.call("s3", "GetBucketPolicy", {"Bucket": old.physical_id})
        except AwsError as error:
            if means_gone(error):
                return None
            raise
        return {"Bucket": old.physical_id, "PolicyDocument": json.loads(answer["Policy"])}


async def _apply_settings(client: Client, name: str, old: Wire, new: Wire) -> None:
    bucket = {"Bucket": name}
    if changed(old, new, "VersioningConfiguration"):
        versioning = new.get("VersioningConfiguration", {"Status": "Suspended"})
        await client.call("s3", "PutBucketVersioning", {**bucket, "VersioningConfiguration": versioning})
    for setting in _SETTINGS:
        if changed(old, new, setting.property):
            if setting.property in new:
                document = setting.translate(new[setting.property])
                await client.call("s3", setting.put, {**bucket, setting.member: document})
            else:
                await client.call("s3", setting.delete, bucket)
    if changed(old, new, "NotificationConfiguration"):
        document = _notifications(new.get("NotificationConfiguration", {}))
        await client.call("s3", _PUT_NOTIFICATIONS, {**bucket, "NotificationConfiguration": document})


@dataclass(frozen=True, slots=True)
class _Setting:
    """A property with operations of its own to put and to delete it."""

    property: str
    put: str
    member: str
    delete: str
    translate: Callable[[Wire], Wire] = dict


def _encryption(value: Wire) -> Wire:
    rules = []
    for rule in value["ServerSideEncryptionConfiguration"]:
        wire = pick(rule, "BucketKeyEnabled")
        if "ServerSideEncryptionByDefault" in rule:
            wire["ApplyServerSideEncryptionByDefault"] = rule["ServerSideEncryptionByDefault"]
        rules.append(wire)
    return {"Rules": rules}


def _lifecycle(value: Wire) -> Wire:
    return {"Rules": [_lifecycle_rule(rule) for rule in value["Rules"]]}


def _lifecycle_rule(rule: Wire) -> Wire:
    wire = pick(rule, "Status", "NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload")
    wire["Filter"] = _lifecycle_filter(rule)
    if "Id" in rule:
        wire["ID"] = rule["Id"]
    expiration = {}
    if "ExpirationInDays" in rule:
        expiration["Days"] = rule["ExpirationInDays"]
    if "ExpiredObjectDeleteMarker" in rule:
        expiration["ExpiredObjectDeleteMarker"] = rule["ExpiredObjectDeleteMarker"]
    if expiration:
        wire["Expiration"] = expiration
    return wire


def _lifecycle_filter(rule: Wire) -> Wire:
    """S3 takes one condition as it is, and several inside And."""
    conditions = pick(rule, "Prefix")
    for size in _SIZES:
        if size in rule:
            conditions[size] = int(rule[size])
    tags = [pick(tag, "Key", "Value") for tag in rule.get("TagFilters", ())]
    if len(conditions) + len(tags) < 2:
        return {"Tag": tags[0]} if tags else conditions or {"Prefix": ""}
    return {"And": {**conditions, **({"Tags": tags} if tags else {})}}


_SIZES = ("ObjectSizeGreaterThan", "ObjectSizeLessThan")


def _notifications(value: Wire) -> Wire:
    document: Wire = {}
    for name, arn_name, member, arn_member in _NOTIFICATION_LISTS:
        for entry in value.get(name, ()):
            wire = {arn_member: entry[arn_name], "Events": [entry["Event"]]}
            if "Filter" in entry:
                rules = [pick(rule, "Name", "Value") for rule in entry["Filter"]["S3Key"]["Rules"]]
                wire["Filter"] = {"Key": {"FilterRules": rules}}
            document.setdefault(member, []).append(wire)
    # Without EventBridgeEnabled the configuration means true.
    if value.get("EventBridgeConfiguration", {"EventBridgeEnabled": False}).get("EventBridgeEnabled", True):
        document["EventBridgeConfiguration"] = {}
    return document


_PUT_NOTIFICATIONS = "PutBucketNotificationConfiguration"
_NOTIFICATION_LISTS = (
    ("LambdaConfigurations", "Function", "LambdaFunctionConfigurations", "LambdaFunctionArn"),
    ("QueueConfigurations", "Queue", "QueueConfigurations", "QueueArn"),
    ("TopicConfigurations", "Topic", "TopicConfigurations", "TopicArn"),
)
"""Lists of destinations: the list and the ARN as the template has them, and as S3 has them."""
_SETTINGS = (
    _Setting(
        "BucketEncryption",
        "PutBucketEncryption",
        "ServerSideEncryptionConfiguration",
        "DeleteBucketEncryption",
        _encryption,
    ),
    _Setting(
        "LifecycleConfiguration",
        "PutBucketLifecycleConfiguration",
        "LifecycleConfiguration",
        "DeleteBucketLifecycle",
        _lifecycle,
    ),
    _Setting("OwnershipControls", "PutBucketOwnershipControls", "OwnershipControls", "DeleteBucketOwnershipControls"),
    _Setting(
        "PublicAccessBlockConfiguration",
        "PutPublicAccessBlock",
        "PublicAccessBlockConfiguration",
        "DeletePublicAccessBlock",
    ),
)


async def _apply_acl(client: Client, name: str, old: Wire, new: Wire) -> None:
    """A bucket is private already; any other canned ACL is for S3 to take or refuse."""
    acl = new.get("AccessControl", "Private")
    if acl != old.get("AccessControl", "Private"):
        canned = re.sub(r"(?<!^)(?=[A-Z])", "-", acl).lower()  # PublicRead: public-read
        await client.call("s3", "PutBucketAcl", {"Bucket": name, "ACL": canned})


async def _put_tags(client: Client, name: str, tags: dict[str, str]) -> None:
    if tags:
        await client.call("s3", "PutBucketTagging", {"Bucket": name, "Tagging": {"TagSet": tag_list(tags)}})


async def _put_policy(client: Client, properties: Wire) -> None:
    request = {"Bucket": properties["Bucket"], "Policy": json.dumps(properties["PolicyDocument"])}
    await client.call("s3", "PutBucketPolicy", request)


async def _live_tags(client: Client, name: str) -> dict[str, str]:
    try:
        answer = await client.call("s3", "GetBucketTagging", {"Bucket": name})
    except AwsError as error:
        if means_gone(error):
            return {}
        raise
    return tag_map(answer.get("TagSet", []))


def _attributes(client: Client, name: str) -> Attributes:
    suffix = "amazonaws.com.cn" if partition(client) == "aws-cn" else "amazonaws.com"
    return {
        "Arn": make_arn("s3", "", "", name, partition_region=client.region),
        "DomainName": f"{name}.s3.{suffix}",
        "DualStackDomainName": f"{name}.s3.dualstack.{client.region}.{suffix}",
        "RegionalDomainName": f"{name}.s3.{client.region}.{suffix}",
        "WebsiteURL": f"http://{name}.s3-website-{client.region}.{suffix}",
    }


_ENCRYPTION_RULE = Record(
    {
        "BucketKeyEnabled": BOOLEAN,
        "ServerSideEncryptionByDefault": Record(
            {"KMSMasterKeyID": TEXT, "SSEAlgorithm": TEXT}, required=("SSEAlgorithm",)
        ),
    }
)
_LIFECYCLE_RULE = Record(
    {
        "AbortIncompleteMultipartUpload": Record({"DaysAfterInitiation": INTEGER}, required=("DaysAfterInitiation",)),
        "ExpirationInDays": INTEGER,
        "ExpiredObjectDeleteMarker": BOOLEAN,
        "Id": TEXT,
        "NoncurrentVersionExpiration": Record(
            {"NewerNoncurrentVersions": INTEGER, "NoncurrentDays": INTEGER}, required=("NoncurrentDays",)
        ),
        **dict.fromkeys(_SIZES, INTEGER),
        "Prefix": TEXT,
        "Status": TEXT,
        "TagFilters": ListOf(Record({"Key": TEXT, "Value": TEXT}, required=("Key", "Value"))),
    },
    required=("Status",),
)

_NOTIFICATION_FILTER = Record(
    {
        "S3Key": Record(
            {"Rules": ListOf(Record({"Name": TEXT, "Value": TEXT}, required=("Name", "Value")))}, required=("Rules",)
        )
    },
    required=("S3Key",),
)


def _notification(arn_name: str) -> ListOf:
    entry: dict[str, Shape] = {"Event": TEXT, "Filter": _NOTIFICATION_FILTER, arn_name: TEXT}
    return ListOf(Record(entry, required=("Event", arn_name)))


BUCKET = ResourceType(
    name="AWS::S3::Bucket",
    schema=Record(
        {
            "AccessControl": TEXT,
            "BucketEncryption": Record(
                {"ServerSideEncryptionConfiguration": ListOf(_ENCRYPTION_RULE)},
                required=("ServerSideEncryptionConfiguration",),
            ),
            "BucketName": TEXT,
            "LifecycleConfiguration": Record({"Rules": ListOf(_LIFECYCLE_RULE)}, required=("Rules",)),
            "NotificationConfiguration": Record(
                {
                    "EventBridgeConfiguration": Record({"EventBridgeEnabled": BOOLEAN}),
                    **{name: _notification(arn_name) for name, arn_name, *_ in _NOTIFICATION_LISTS},
                }
            ),
            "OwnershipControls": Record({"Rules": ListOf(Record({"ObjectOwnership": TEXT}))}, required=("Rules",)),
            "PublicAccessBlockConfiguration": Record(
                {
                    "BlockPublicAcls": BOOLEAN,
                    "BlockPublicPolicy": BOOLEAN,
                    "IgnorePublicAcls": BOOLEAN,
                    "RestrictPublicBuckets": BOOLEAN,
                }
            ),
            "Tags": TAGS,
            "VersioningConfiguration": Record({"Status": TEXT}, required=("Status",)),
        }
    ),
    lifecycle=_Bucket(),
    create_only=frozenset({"BucketName"}),
    attributes=frozenset({"Arn", "DomainName", "DualStackDomainName", "RegionalDomainName", "WebsiteURL"}),
    naming=Naming("BucketName", characters_max=63, lower_case=True),
    taggable=True,
)

BUCKET_POLICY = ResourceType(
    name="AWS::S3::BucketPolicy",
    schema=Record({"Bucket": TEXT, "PolicyDocument": JSON}, required=("Bucket", "PolicyDocument")),
    lifecycle=_BucketPolicy(),
    create_only=frozenset({"Bucket"}),
)
