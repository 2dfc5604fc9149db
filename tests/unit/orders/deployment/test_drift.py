"""Goal: exactly what differs from the last deployment is found, however the services write the same value."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.deployment.drift import (
    CODE,
    FUNCTION_DEFAULTS,
    compare_function,
    compare_trigger,
    digest_of_key,
    queue_attributes,
)
from orders.deployment.drift import Difference as Drift

EXPECTED: dict[str, Any] = {
    "Description": "d",
    "Environment": {"Variables": {"TABLE_NAME": "Orders"}},
    "Handler": "h",
    "MemorySize": 512,
    "Role": "arn:role",
    "Runtime": "python3.13",
    "Timeout": 30,
}
LIVE: dict[str, Any] = {**EXPECTED, "CodeSha256": "sha", "Version": "$LATEST"}


def names(found: list[Drift]) -> list[str]:
    return [one.name for one in found]


def test_what_is_as_deployed_has_no_differences_whatever_types_cloudformation_uses() -> None:
    assert compare_function(LIVE, EXPECTED, "sha") == []
    assert compare_function(LIVE, {**EXPECTED, "MemorySize": "512", "Timeout": "30"}, "sha") == []
    assert compare_function({**LIVE, "Layers": []}, EXPECTED, None) == []


@pytest.mark.parametrize("name", list(FUNCTION_DEFAULTS))
def test_each_changed_setting_is_found(name: str) -> None:
    changed: Any = {"MemorySize": 1024, "Timeout": 3, "Layers": [{"Arn": "arn:layer"}]}.get(name, "other")
    if name == "Environment":
        changed = {"Variables": {"TABLE_NAME": "Orders", "EXTRA": "1"}}
    found = compare_function({**LIVE, name: changed}, EXPECTED, "sha")
    assert names(found) == [name]
    assert name in found[0].describe()


def test_other_code_is_found_also_where_cloudformation_tells_nothing() -> None:
    assert names(compare_function(LIVE, None, "other")) == [CODE]
    assert compare_function(LIVE, None, None) == []


@given(st.binary(max_size=50))
def test_the_key_of_a_package_tells_its_code_sha256(content: bytes) -> None:
    digest = hashlib.sha256(content)
    assert digest_of_key(f"OrderProcessor/{digest.hexdigest()}.zip") == base64.b64encode(digest.digest()).decode()
    assert digest_of_key(f"{digest.hexdigest()[:-1]}.zip") is None


def test_a_paused_trigger_is_no_drift_and_another_function_is() -> None:
    expected = {"BatchSize": 10, "FunctionName": "OrderProcessor:live", "FunctionResponseTypes": ["x"]}
    arn = "arn:aws:lambda:us-east-1:1:function:OrderProcessor"
    live = {"BatchSize": 10, "FunctionArn": f"{arn}:live", "FunctionResponseTypes": ["x"], "State": "Disabled"}
    assert compare_trigger(live, expected) == []
    assert names(compare_trigger({**live, "FunctionArn": arn}, expected)) == ["FunctionName"]
    assert names(compare_trigger({**live, "BatchSize": 3}, expected)) == ["BatchSize"]
    assert names(compare_trigger({**live, "ScalingConfig": {"MaximumConcurrency": 5}}, expected)) == ["ScalingConfig"]


def test_queue_settings_are_written_as_sqs_takes_them() -> None:
    differences = [
        Drift("OrderQueue", "VisibilityTimeout", "1", 180),
        Drift("OrderQueue", "SqsManagedSseEnabled", "false", True),
        Drift("OrderQueue", "RedrivePolicy", "null", {"maxReceiveCount": 3}),
    ]
    assert queue_attributes(differences) == {
        "VisibilityTimeout": "180",
        "SqsManagedSseEnabled": "true",
        "RedrivePolicy": '{"maxReceiveCount": 3}',
    }
