"""The bucket that holds the function's code, made and locked down at the first deployment.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html
"""

from __future__ import annotations

import json

from orders.adapters.aws import Aws, error_code
from orders.errors import OperatorError
from orders.package import Package

# S3 itself has no region of this name in its requests: it is where a bucket is if none is said.
DEFAULT_REGION = "us-east-1"


class ArtifactBucket:
    def __init__(self, aws: Aws) -> None:
        self._aws = aws
        self._s3 = aws.client("s3")
        self.name = f"orders-artifacts-{aws.account}-{aws.region}"

    def upload(self, package: Package) -> str:
        """Put the zip file there if it is not; its key, which is named after its content."""
        from botocore.exceptions import ClientError

        self._ensure()
        key = f"OrderProcessor/{package.digest}.zip"
        try:
            self._s3.head_object(Bucket=self.name, Key=key)
        except ClientError as error:
            if error_code(error) not in ("404", "NoSuchKey", "NotFound"):
                raise
            self._s3.put_object(Bucket=self.name, Key=key, Body=package.content)
        return key

    def _ensure(self) -> None:
        from botocore.exceptions import ClientError

        try:
            self._s3.head_bucket(Bucket=self.name, ExpectedBucketOwner=self._aws.account)
            return
        except ClientError as error:
            if error_code(error) in ("403", "AccessDenied"):
                raise OperatorError(
                    f"the bucket {self.name} belongs to another account, or the credentials may not read it",
                    "Check the rights to S3 of the credentials.",
                ) from error
            if error_code(error) not in ("404", "NoSuchBucket", "NotFound"):
                raise
        if self._aws.region == DEFAULT_REGION:
            self._s3.create_bucket(Bucket=self.name)
        else:
            self._s3.create_bucket(Bucket=self.name, CreateBucketConfiguration={"LocationConstraint": self._aws.region})
        self._lock_down()

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
