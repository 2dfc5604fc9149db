"""What onebox's S3 does not offer is refused, never accepted and forgotten."""

from __future__ import annotations

from onebox.services.context import Wire
from onebox.services.s3.errors import AccessControlListNotSupported, NotOffered

_HARMLESS_ACLS = frozenset({"private", "bucket-owner-full-control"})
GRANTS = ("GrantFullControl", "GrantRead", "GrantReadACP", "GrantWrite", "GrantWriteACP")
UNSUPPORTED_CHECKSUMS = ("ChecksumSHA512", "ChecksumMD5", "ChecksumXXHASH64", "ChecksumXXHASH3", "ChecksumXXHASH128")
_UNSUPPORTED_ON_OBJECTS = (
    "WebsiteRedirectLocation",
    "SSECustomerAlgorithm",
    "SSECustomerKey",
    "SSEKMSEncryptionContext",
    "ObjectLockMode",
    "ObjectLockRetainUntilDate",
    "ObjectLockLegalHoldStatus",
    "WriteOffsetBytes",
    "CopySourceSSECustomerAlgorithm",
    *UNSUPPORTED_CHECKSUMS,
)


def refuse_members(request: Wire, *names: str) -> None:
    """Raises NotImplemented if the request has one of the members."""
    for name in names:
        if request.get(name):
            raise NotOffered(Header=name)


def is_private_acl(request: Wire) -> bool:
    """Whether a request gives rights to nobody but the owner."""
    return request.get("ACL", "private") in _HARMLESS_ACLS and not any(request.get(grant) for grant in GRANTS)


def refuse_acl(request: Wire) -> None:
    """Raises AccessControlListNotSupported: buckets have no ACLs unless their owner wants them, and we have none."""
    if not is_private_acl(request):
        raise AccessControlListNotSupported


def refuse_unsupported_on_objects(request: Wire) -> None:
    """The same for the members of the operations that write objects."""
    refuse_acl(request)
    refuse_members(request, *_UNSUPPORTED_ON_OBJECTS)
