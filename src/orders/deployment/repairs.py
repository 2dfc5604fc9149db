"""Finds what was changed outside of the stack, and changes it back: function, trigger and queues.

CloudFormation itself does neither: an update with the same template and parameters is «No updates are to be performed».
So each setting that differs is set by the service's own call, to the value that CloudFormation expects.
AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DetectStackResourceDrift.html
"""

from __future__ import annotations

import base64
import hashlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from orders.aws.clients import Aws
from orders.deployment.cloudformation import ResourceDrift, Stack
from orders.deployment.drift import (
    CODE,
    COMPARED,
    PROCESSOR,
    QUEUES,
    TRIGGER,
    Difference,
    compare_function,
    compare_queue,
    compare_trigger,
    digest_of_key,
    queue_attributes,
)
from orders.deployment.function import DeployedFunction

# Lambda's limit for a package in S3. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
PACKAGE_BYTES_MAX = 250 * 1024 * 1024


class Repairs:
    """One deployed stack. Raises botocore's errors."""

    def __init__(self, aws: Aws, stack: Stack, function: DeployedFunction) -> None:
        self._aws = aws
        self._stack = stack
        self._function = function

    def find(self) -> list[Difference]:
        """The differences; what the endpoint does not tell is not compared."""
        with ThreadPoolExecutor(len(COMPARED), "drift") as pool:
            drifts = dict(zip(COMPARED, pool.map(self._stack.find_resource_drift, COMPARED), strict=True))
        found: list[Difference] = []
        configuration = self._function.find_configuration()
        if configuration is not None:
            processor = drifts[PROCESSOR]
            found += compare_function(
                configuration, None if processor is None else processor.expected, self.find_code_sha256()
            )
        trigger, mapping = drifts[TRIGGER], self._function.find_trigger()
        if trigger is not None and mapping is not None:
            found += compare_trigger(mapping, trigger.expected)
        for name in QUEUES:
            found += _queue_differences(name, drifts[name])
        return found

    def undo(self, differences: list[Difference]) -> None:
        """Set what differs to what was deployed."""
        by_resource: dict[str, list[Difference]] = {}
        for one in differences:
            by_resource.setdefault(one.resource, []).append(one)
        # The queues first: Lambda takes no trigger on a queue whose visibility timeout is below the function's timeout.
        for name in QUEUES:
            if name in by_resource:
                sqs = self._aws.client("sqs")
                url = sqs.get_queue_url(QueueName=self._aws.names.of(name))["QueueUrl"]
                sqs.set_queue_attributes(QueueUrl=url, Attributes=queue_attributes(by_resource[name]))
        processor = by_resource.get(PROCESSOR, [])
        if any(one.name == CODE for one in processor):
            bucket, key = self._find_package()
            self._function.restore_code(bucket, key)
        settings = {one.name: one.expected for one in processor if one.name != CODE}
        if settings:
            self._function.restore_configuration(settings)
        trigger = by_resource.get(TRIGGER, [])
        if trigger:
            self._function.change_trigger(**{one.name: one.expected for one in trigger})

    def _find_package(self) -> tuple[str, str]:
        parameters = self._stack.parameters()
        return parameters.get("ArtifactBucket", ""), parameters.get("ArtifactKey", "")

    def find_code_sha256(self) -> str | None:
        """The CodeSha256 of the last deployment's package; None if nobody can tell."""
        bucket, key = self._find_package()
        if not bucket or not key:
            return None
        return digest_of_key(key) or self._hash_package(bucket, key)

    def _hash_package(self, bucket: str, key: str) -> str | None:
        from botocore.exceptions import ClientError

        digest = hashlib.sha256()
        try:
            answer = self._aws.client("s3").get_object(Bucket=bucket, Key=key)
        except ClientError:  # deleted, or not ours to read
            return None
        if answer["ContentLength"] > PACKAGE_BYTES_MAX:
            return None
        for chunk in answer["Body"].iter_chunks(1 << 20):
            digest.update(chunk)
        return base64.b64encode(digest.digest()).decode()


def _queue_differences(name: str, drift: ResourceDrift | None) -> list[Difference]:
    if drift is None or drift.status != "MODIFIED":
        return []
    return compare_queue(name, drift.expected, drift.differences)


def undone(differences: list[Difference]) -> dict[str, Any]:
    """The differences as the audit log records their undoing: values before, by setting."""
    return {f"{one.resource}.{one.name}": one.actual for one in differences}
