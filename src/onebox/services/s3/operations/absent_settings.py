"""What a bucket without websites, replication, logging and so on answers: tools ask for all settings of a bucket, and
onebox offers none of these. https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketReplication.html and so on.
"""

from __future__ import annotations

from onebox.services.context import RequestContext, Wire
from onebox.services.iam.policy import Statement, compile_policy
from onebox.services.registry import Operation
from onebox.services.s3.core import S3Core
from onebox.services.s3.errors import (
    NoSuchBucketPolicy,
    NoSuchWebsiteConfiguration,
    ObjectLockConfigurationNotFoundError,
    ReplicationConfigurationNotFoundError,
    S3Error,
)

_Handler = Operation[S3Core]


def _missing(error: type[S3Error]) -> _Handler:
    def get(core: S3Core, context: RequestContext, request: Wire) -> Wire:
        bucket = core.objects.load_bucket(request["Bucket"], context.account)
        raise error(BucketName=bucket.name)

    return Operation(get, reads_only=True)


def _answer(members: Wire) -> _Handler:
    def get(core: S3Core, context: RequestContext, request: Wire) -> Wire:
        core.objects.load_bucket(request["Bucket"], context.account)
        return dict(members)

    return Operation(get, reads_only=True)


def _get_policy_status(core: S3Core, context: RequestContext, request: Wire) -> Wire:
    """Whether the policy lets everybody in, as AWS would judge it: a statement for all without a condition."""
    bucket = core.objects.load_bucket(request["Bucket"], context.account)
    policy = core.buckets.find_setting(bucket.name, "policy")
    if policy is None:
        raise NoSuchBucketPolicy(BucketName=bucket.name)
    is_public = any(
        statement.allows and not statement.conditions and _names_everybody(statement)
        for statement in compile_policy(policy)
    )
    return {"PolicyStatus": {"IsPublic": is_public}}


def _names_everybody(statement: Statement) -> bool:
    principals = statement.principals
    if principals is None or principals.excluded:
        return False
    return principals.anyone or ("AWS", "*") in principals.names


ABSENT: dict[str, _Handler] = {
    "GetBucketAccelerateConfiguration": _answer({}),
    "GetBucketLogging": _answer({}),
    "GetBucketPolicyStatus": Operation(_get_policy_status, reads_only=True),
    "GetBucketReplication": _missing(ReplicationConfigurationNotFoundError),
    "GetBucketRequestPayment": _answer({"Payer": "BucketOwner"}),
    "GetBucketWebsite": _missing(NoSuchWebsiteConfiguration),
    "GetObjectLockConfiguration": _missing(ObjectLockConfigurationNotFoundError),
    "ListBucketAnalyticsConfigurations": _answer({"IsTruncated": False}),
    "ListBucketIntelligentTieringConfigurations": _answer({"IsTruncated": False}),
    "ListBucketInventoryConfigurations": _answer({"IsTruncated": False}),
    "ListBucketMetricsConfigurations": _answer({"IsTruncated": False}),
}
