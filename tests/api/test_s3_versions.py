"""Goal: with versioning nothing is lost that was not deleted by its version; lifecycle rules are kept and checked.

What the rules do when due is tested in tests/unit/onebox/s3/test_expiring.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.api.test_s3_buckets import refused

Make = Callable[..., Any]


@pytest.fixture
def s3(client: Make) -> Any:
    return client("s3")


@pytest.fixture
def bucket(s3: Any, account: str) -> str:
    name = f"versions-{account}"
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="k", Body=b"before")
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


def test_lifecycle_rule_that_is_not_offered_is_refused(s3: Any, bucket: str) -> None:
    def put(**parts: Any) -> tuple[str, int]:
        rules = [{"Status": "Enabled", "Filter": {"Prefix": ""}, **parts}]
        return refused(s3.put_bucket_lifecycle_configuration, Bucket=bucket, LifecycleConfiguration={"Rules": rules})

    assert put(Transitions=[{"Days": 1, "StorageClass": "GLACIER"}]) == ("NotImplemented", 501)
    assert put(Expiration={"Days": 0}) == ("InvalidArgument", 400)
    assert put() == ("InvalidArgument", 400)
