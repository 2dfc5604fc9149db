"""Buckets themselves. https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html and its neighbours."""

from __future__ import annotations

from onebox.services.context import RequestContext, Wire
from onebox.services.s3.core import S3Core
from onebox.services.s3.errors import (
    BucketAlreadyExists,
    BucketAlreadyOwnedByYou,
    BucketNotEmpty,
    IllegalLocationConstraintException,
    IllegalVersioningConfigurationException,
    InvalidArgument,
    InvalidBucketName,
)
from onebox.services.s3.model import Bucket, owner_id
from onebox.services.s3.refusals import refuse_acl, refuse_members
from onebox.services.s3.rules import is_bucket_name, whole_seconds
from onebox.services.s3.tagging import checked_tags

_HOME_REGION = "us-east-1"
_PUBLIC_ACCESS_BLOCKED = dict.fromkeys(
    ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
)


def create_bucket(core: S3Core, context: RequestContext, request: Wire) -> Wire:
    """A new bucket, closed to the public and without ACLs, as AWS makes them since April 2023."""
    name = request["Bucket"]
    refuse_acl(request)
    refuse_members(request, "ObjectLockEnabledForBucket", "BucketNamespace")
    if not is_bucket_name(name):
        raise InvalidBucketName(BucketName=name)
    region = _checked_region(context, request)
    existing = core.buckets.find(name)
    if existing is not None:
        if existing.account != context.account:
            raise BucketAlreadyExists(BucketName=name)
        if context.region != _HOME_REGION or existing.region != _HOME_REGION:
            raise BucketAlreadyOwnedByYou(BucketName=name)
        return {"Location": f"/{name}"}  # in the first of all regions, and there alone, a second time is no error
    buckets = core.buckets
    buckets.insert(Bucket(name, context.account, region, whole_seconds(context.now_ms), versioning=""))
    buckets.put_setting(name, "public_access_block", _PUBLIC_ACCESS_BLOCKED)
    ownership = request.get("ObjectOwnership", "BucketOwnerEnforced")
    buckets.put_setting(name, "ownership_controls", {"Rules": [{"ObjectOwnership": ownership}]})
    tags = request.get("CreateBucketConfiguration", {}).get("Tags")
    if tags:
        checked_tags(context, [(tag["Key"], tag["Value"]) for tag in tags])
        buckets.put_setting(name, "tagging", {"TagSet": tags})
    return {"Location": f"/{name}"}


def _checked_region(context: RequestContext, request: Wire) -> str:
    constraint: str | None = request.get("CreateBucketConfiguration", {}).get("LocationConstraint")
    if constraint == "EU":
        constraint = "eu-west-1"
    if constraint is None and context.region == _HOME_REGION:
        return _HOME_REGION
    if constraint == context.region and constraint != _HOME_REGION:
        return constraint
    words = "unspecified" if constraint is None else constraint
    raise IllegalLocationConstraintException(
        f"The {words} location constraint is incompatible for the region specific endpoint this request was sent to."
    )


def head_bucket(core: S3Core, context: RequestContext, request: Wire) -> Wire:
    """Whether the bucket is there and ours."""
    bucket = core.objects.load_bucket(request["Bucket"], context.account)
    return {"BucketRegion": bucket.region, "AccessPointAlias": False}


def delete_bucket(core: S3Core, context: RequestContext, request: Wire) -> Wire:
    """Remove an empty bucket; uploads in progress go with it."""
    bucket = core.objects.load_bucket(request["Bucket"], context.account)
    if not core.versions.is_bucket_empty(bucket.name):
        raise BucketNotEmpty(BucketName=bucket.name)
    while uploads := core.uploads.page(bucket.name, ("", ""), None, 100):
        for upload in uploads:
            core.objects.discard_upload(upload.upload_id)
    core.buckets.delete(bucket.name)
    return {}


def list_buckets(core: S3Core, context: RequestContext, request: Wire) -> Wire:
    """The account's buckets, in every region."""
    limit = request.get("MaxBuckets", 10_000)
    if not 1 <= limit <= 10_000:
        raise InvalidArgument("Provided max-buckets not an integer or within integer range")
    prefix, after = request.get("Prefix", ""), request.get("ContinuationToken", "")
    found = core.buckets.page(context.account, prefix, after, limit + 1)
    region = request.get("BucketRegion")
    listed = [
        {"Name": bucket.name, "CreationDate": bucket.created_at_ms, "BucketRegion": bucket.region}
        for bucket in found[:limit]
        if region is None or bucket.region == region
    ]
    result: Wire = {"Buckets": listed, "Owner": {"ID": owner_id(context.account)}}
    if len(found) > limit:
        result["ContinuationToken"] = found[limit - 1].name
    if prefix:
        result["Prefix"] = prefix
    return result


def get_bucket_location(core: S3Core, context: RequestContext, request: Wire) -> Wire:
    """The bucket's region; empty for us-east-1."""
    bucket = core.objects.load_bucket(request["Bucket"], context.account)
    return {"LocationConstraint": "" if bucket.region == _HOME_REGION else bucket.region}


def get_bucket_versioning(core: S3Core, context: RequestContext, request: Wire) -> Wire:
    """Whether versions are kept; nothing for a bucket where they never were."""
    bucket = core.objects.load_bucket(request["Bucket"], context.account)
    return {"Status": bucket.versioning or None}


def put_bucket_versioning(core: S3Core, context: RequestContext, request: Wire) -> Wire:
    """Keep versions from now on, or no longer."""
    bucket = core.objects.load_bucket(request["Bucket"], context.account)
    configuration = request["VersioningConfiguration"]
    refuse_members(request, "MFA")
    if configuration.get("MFADelete") == "Enabled":
        refuse_members(configuration, "MFADelete")
    status = configuration.get("Status")
    if status not in ("Enabled", "Suspended"):
        raise IllegalVersioningConfigurationException
    core.buckets.set_versioning(bucket.name, status)
    return {}
