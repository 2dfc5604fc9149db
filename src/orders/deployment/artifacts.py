"""Manages the bucket for the function's code: the shop's own bucket, or one that is created and secured here.

Promises: a bucket provided by the shop is not changed. A created bucket is private, encrypted, versioned and accepts
TLS only. If a deployment is interrupted while it secures the bucket, the next deployment completes the work.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from orders.aws.clients import Aws, error_code
from orders.deployment.package import Package
from orders.errors import OperatorError

# S3 itself has no region of this name in its requests: it is where a bucket is if none is said.
DEFAULT_REGION = "us-east-1"
MISSING_CODES = frozenset({"404", "NoSuchBucket", "NoSuchKey", "NotFound"})
DENIED_CODES = frozenset({"403", "AccessDenied", "Forbidden"})
# A zip file is named after its content and never changed, so only those that somebody deleted are ever expired.
DELETED_ARE_KEPT_DAYS = 30
UNFINISHED_ARE_KEPT_DAYS = 7


class ArtifactBucket:
    def __init__(self, aws: Aws, own: str | None = None) -> None:
        self._aws = aws
        self._s3 = aws.client("s3")
        self._is_own = own is not None
        self.name = own or f"orders-artifacts-{aws.account}-{aws.region}"

    def upload(self, package: Package) -> str:
        """Upload the zip file if it is missing; returns its key, a digest of its content. Raises OperatorError."""
        self._make_ready()
        key = f"OrderProcessor/{package.digest}.zip"
        self._put_if_missing(key, package.content)
        return key

    def upload_template(self, template: str) -> str:
        """Upload a template that is too long for a request; returns its URL. Raises OperatorError."""
        self._make_ready()
        content = template.encode()
        key = f"template/{hashlib.sha256(content).hexdigest()}.yaml"
        self._put_if_missing(key, content)
        return f"{self._s3.meta.endpoint_url}/{self.name}/{key}"

    def _make_ready(self) -> None:
        if not self._exists():
            if self._is_own:
                raise OperatorError(f"there is no bucket {self.name}", "Create it, or omit --artifact-bucket.")
            self._create()
            self._lock_down()
        elif not self._is_own and not self._is_locked_down():
            self._lock_down()

    def _put_if_missing(self, key: str, content: bytes) -> None:
        if self._find(self._s3.head_object, Key=key) is None:
            self._ask(self._s3.put_object, Key=key, Body=content)

    def _exists(self) -> bool:
        # Anybody may have made a bucket of our name, and would then run our function with code of theirs.
        owner = {} if self._is_own else {"ExpectedBucketOwner": self._aws.account}
        return self._find(self._s3.head_bucket, **owner) is not None

    def _create(self) -> None:
        if self._aws.region == DEFAULT_REGION:
            self._s3.create_bucket(Bucket=self.name)
        else:
            self._s3.create_bucket(Bucket=self.name, CreateBucketConfiguration={"LocationConstraint": self._aws.region})

    def _is_locked_down(self) -> bool:
        """Whether the bucket is secured. The policy is set last, so its presence proves the rest."""
        from botocore.exceptions import ClientError

        try:
            self._s3.get_bucket_policy(Bucket=self.name)
        except ClientError as error:
            # The deployer may lack permission to read policies; a policy that cannot be read is not changed.
            return error_code(error) != "NoSuchBucketPolicy"
        return True

    def _lock_down(self) -> None:
        self._s3.put_public_access_block(
            Bucket=self.name,
            PublicAccessBlockConfiguration={
                "BlockPublicAcls": True,
                "IgnorePublicAcls": True,
                "BlockPublicPolicy": True,
                "RestrictPublicBuckets": True,
            },
        )
        self._s3.put_bucket_encryption(
            Bucket=self.name,
            ServerSideEncryptionConfiguration={
                "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
            },
        )
        self._s3.put_bucket_versioning(Bucket=self.name, VersioningConfiguration={"Status": "Enabled"})
        self._s3.put_bucket_lifecycle_configuration(
            Bucket=self.name,
            LifecycleConfiguration={
                "Rules": [
                    {
                        "ID": "TidyUp",
                        "Status": "Enabled",
                        "Filter": {"Prefix": ""},
                        "NoncurrentVersionExpiration": {"NoncurrentDays": DELETED_ARE_KEPT_DAYS},
                        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": UNFINISHED_ARE_KEPT_DAYS},
                    }
                ]
            },
        )
        arn = f"arn:{self._aws.partition}:s3:::{self.name}"
        policy = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "TlsOnly",
                    "Effect": "Deny",
                    "Principal": "*",
                    "Action": "s3:*",
                    "Resource": [arn, f"{arn}/*"],
                    # As in template.yaml: an endpoint on the own machine needs no TLS.
                    "Condition": {
                        "Bool": {"aws:SecureTransport": "false"},
                        "NotIpAddress": {"aws:SourceIp": ["127.0.0.0/8", "::1/128"]},
                    },
                }
            ],
        }
        self._s3.put_bucket_policy(Bucket=self.name, Policy=json.dumps(policy))

    def _find(self, operation: Any, **request: Any) -> Any:
        """The answer; None if the resource does not exist."""
        from botocore.exceptions import ClientError

        try:
            return self._ask(operation, **request)
        except ClientError as error:
            if error_code(error) in MISSING_CODES:
                return None
            raise

    def _ask(self, operation: Any, **request: Any) -> Any:
        from botocore.exceptions import ClientError

        try:
            return operation(Bucket=self.name, **request)
        except ClientError as error:
            if error_code(error) in DENIED_CODES:
                raise OperatorError(
                    f"S3 refuses {operation.__name__} in the bucket {self.name}",
                    "Check their rights to S3, the bucket's policy, and that the bucket is of your account; or give "
                    "a bucket of your own with --artifact-bucket.",
                ) from error
            raise
