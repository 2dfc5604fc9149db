"""Access control lists, as AWS answers them where the bucket's owner owns every object.

The only list that is kept is that of the owner's full control. Where the bucket's ownership allows lists, putting that
one succeeds; anything more is refused, because grants to others and to the public are not evaluated.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
"""

from __future__ import annotations

from onebox.services.context import RequestContext, Wire
from onebox.services.s3.core import S3Core
from onebox.services.s3.errors import AccessControlListNotSupported, MalformedXML, NotOffered
from onebox.services.s3.model import Bucket, owner_id
from onebox.services.s3.refusals import GRANTS, is_private_acl

OWNER_ENFORCED = "BucketOwnerEnforced"


def get_bucket_acl(core: S3Core, context: RequestContext, request: Wire) -> Wire:
    """The owner's full control."""
    return _owner_acl(core.objects.load_bucket(request["Bucket"], context.account))


def get_object_acl(core: S3Core, context: RequestContext, request: Wire) -> Wire:
    """The same for an object."""
    bucket = core.objects.load_bucket(request["Bucket"], context.account)
    core.objects.load(bucket.name, request["Key"], request.get("VersionId"))
    return _owner_acl(bucket)


def put_bucket_acl(core: S3Core, context: RequestContext, request: Wire) -> Wire:
    """Accept the owner's full control, where lists are allowed."""
    _check_acl(core, core.objects.load_bucket(request["Bucket"], context.account), request)
    return {}


def put_object_acl(core: S3Core, context: RequestContext, request: Wire) -> Wire:
    """The same for an object."""
    bucket = core.objects.load_bucket(request["Bucket"], context.account)
    core.objects.load(bucket.name, request["Key"], request.get("VersionId"))
    _check_acl(core, bucket, request)
    return {}


def _check_acl(core: S3Core, bucket: Bucket, request: Wire) -> None:
    controls = core.buckets.find_setting(bucket.name, "ownership_controls")
    ownership = controls["Rules"][0]["ObjectOwnership"] if controls is not None else OWNER_ENFORCED
    policy = request.get("AccessControlPolicy") or {}
    is_private = is_private_acl(request) and _is_owner_only(policy.get("Grants"), bucket)
    if not (request.get("ACL") or policy or any(request.get(grant) for grant in GRANTS)):
        raise MalformedXML
    if ownership == OWNER_ENFORCED:
        if not is_private or request.get("ACL") == "private":
            raise AccessControlListNotSupported
    elif not is_private:
        raise NotOffered(Header="x-amz-acl")


def _is_owner_only(grants: list[Wire] | None, bucket: Bucket) -> bool:
    return grants is None or all(
        grant.get("Permission") == "FULL_CONTROL" and grant.get("Grantee", {}).get("ID") == owner_id(bucket.account)
        for grant in grants
    )


def _owner_acl(bucket: Bucket) -> Wire:
    owner = owner_id(bucket.account)
    grant = {"Grantee": {"ID": owner, "Type": "CanonicalUser"}, "Permission": "FULL_CONTROL"}
    return {"Owner": {"ID": owner}, "Grants": [grant]}
