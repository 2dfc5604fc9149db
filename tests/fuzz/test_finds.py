"""Goal: what the fuzzer found stays found: each of these inputs once got a 500."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from onebox.testing import EngineThread


@pytest.fixture(scope="module")
def engine() -> Iterator[EngineThread]:
    with EngineThread() as running:
        running.client("s3").create_bucket(Bucket="bucket")
        running.client("s3").create_multipart_upload(Bucket="bucket", Key="key")
        yield running


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "code"),
    [
        ("s3", "list_multipart_uploads", {"Bucket": "bucket", "MaxUploads": -1}, "InvalidArgument"),
        (
            "lambda",
            "list_functions",
            {"FunctionVersion": "ALL", "Marker": "https://[::1"},
            "InvalidParameterValueException",
        ),
        (
            "lambda",
            "get_runtime_management_config",
            {"FunctionName": "f", "Qualifier": "9" * 30},
            "ResourceNotFoundException",
        ),
    ],
)
def test_a_find_gets_the_clients_error(
    engine: EngineThread, service: str, operation: str, parameters: dict[str, Any], code: str
) -> None:
    with pytest.raises(ClientError) as caught:
        getattr(engine.client(service, parameter_validation=False), operation)(**parameters)
    assert caught.value.response["Error"]["Code"] == code


def test_a_page_of_no_uploads_is_empty(engine: EngineThread) -> None:
    answer = engine.client("s3").list_multipart_uploads(Bucket="bucket", MaxUploads=0)
    assert "Uploads" not in answer
