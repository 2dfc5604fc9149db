"""Goal: an error of AWS's API becomes a sentence that names the operation, what AWS said, and the next step."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from orders.aws.errors import describe_error


def refused(operation: str, retries: int = 0, **error: str) -> ClientError:
    response: Any = {"Error": error, "ResponseMetadata": {"RetryAttempts": retries}}
    return ClientError(response, operation)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (
            refused("Subscribe", Code="InvalidParameter", Message="Invalid parameter: SQS endpoint ARN"),
            "Subscribe failed: Invalid parameter: SQS endpoint ARN (InvalidParameter)",
        ),
        (
            refused("Publish", Code="Throttling", Message="Rate exceeded.", retries=4),
            "Publish failed after 4 retries: Rate exceeded (Throttling)",
        ),
        (refused("HeadBucket", Code="404", Message=""), "HeadBucket failed: no reason given (404)"),
        (ClientError({}, "GetItem"), "GetItem failed: no reason given (no code)"),
    ],
)
def test_a_refusal_names_the_operation_and_what_aws_said(error: ClientError, reason: str) -> None:
    assert describe_error(error) == (reason, "")


@pytest.mark.parametrize("code", ["AccessDenied", "AccessDeniedException", "UnrecognizedClientException"])
def test_a_refusal_for_want_of_rights_names_the_command_that_shows_the_identity(code: str) -> None:
    reason, advice = describe_error(refused("GetItem", Code=code, Message="not authorized"))
    assert reason == f"GetItem failed: not authorized ({code})"
    assert "`aws sts get-caller-identity`" in advice
