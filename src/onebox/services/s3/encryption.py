"""Server-side encryption as S3 answers it. Pure.

onebox keeps bytes as they are: whoever may read the data folder may read them. What a client asks for is checked,
stored and given back, so that the same configuration works here and on AWS.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/serv-side-encryption.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from onebox.arn import make_arn
from onebox.services.context import RequestContext
from onebox.services.s3.errors import InvalidArgument, InvalidEncryptionAlgorithmError

KMS_ALGORITHMS = ("aws:kms", "aws:kms:dsse")
ALGORITHMS = ("AES256", *KMS_ALGORITHMS)
DEFAULT: dict[str, Any] = {
    "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": False}]
}
MEMBERS = ("ServerSideEncryption", "SSEKMSKeyId", "BucketKeyEnabled")
"""What a write and a read answer."""


def encryption_of(context: RequestContext, request: Mapping[str, Any], configuration: Any) -> dict[str, Any]:
    """The members of an object that is written, from its request, else from the bucket's configuration.

    Raises InvalidEncryptionAlgorithmError or InvalidArgument."""
    rule: dict[str, Any] = (configuration or DEFAULT)["Rules"][0]
    default = rule.get("ApplyServerSideEncryptionByDefault", {})
    algorithm = request.get("ServerSideEncryption")
    key = request.get("SSEKMSKeyId")
    if algorithm is None:
        algorithm = default.get("SSEAlgorithm", "AES256")
        key = key or default.get("KMSMasterKeyID")
    check_algorithm(algorithm)
    if algorithm not in KMS_ALGORITHMS:
        if request.get("SSEKMSKeyId"):
            raise InvalidArgument(
                "Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : "
                "aws:kms",
                ArgumentName="x-amz-server-side-encryption-aws-kms-key-id",
            )
        return {"ServerSideEncryption": algorithm}
    members = {"ServerSideEncryption": algorithm, "SSEKMSKeyId": _key_arn(context, key)}
    if request.get("BucketKeyEnabled", rule.get("BucketKeyEnabled", False)):
        members["BucketKeyEnabled"] = True
    return members


def check_algorithm(algorithm: str) -> None:
    """Raises InvalidEncryptionAlgorithmError."""
    if algorithm not in ALGORITHMS:
        raise InvalidEncryptionAlgorithmError(
            "The Encryption request you specified is not valid. Supported value: AES256.",
            ArgumentName="x-amz-server-side-encryption",
            ArgumentValue=algorithm,
        )


def _key_arn(context: RequestContext, key: str | None) -> str:
    """The key's ARN: the given one, the given id's, or that of the account's key for S3."""
    if key is not None and key.startswith("arn:"):
        return key
    if key is None:
        key = str(uuid5(NAMESPACE_URL, f"{context.account}/{context.region}/alias/aws/s3"))
    resource = key if key.startswith("alias/") else f"key/{key}"
    return make_arn("kms", context.region, context.account, resource)
