"""Goal: an error of AWS's API becomes a sentence that names the operation, what AWS said, and the next step."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError, InvalidRegionError, ProfileNotFound, UnknownRegionError

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


@pytest.mark.parametrize("code", ["ResourceNotFoundException", "AWS.SimpleQueueService.NonExistentQueue"])
def test_a_part_that_is_gone_leads_to_the_command_that_names_it(code: str) -> None:
    assert "`orders status`" in describe_error(refused("Scan", Code=code, Message="not found"))[1]


@pytest.mark.parametrize(
    ("error", "reason", "option"),
    [
        (ProfileNotFound(profile="nope"), "there is no profile nope in AWS's configuration files", "--profile"),
        (UnknownRegionError(region_name="mars-1", error_msg="No partition"), "'mars-1' is no AWS region", "--region"),
        (InvalidRegionError(region_name="!!"), "'!!' is no AWS region", "--region"),
    ],
)
def test_a_wrong_profile_or_region_is_named_with_the_option_that_gives_another(
    error: Exception, reason: str, option: str
) -> None:
    said, advice = describe_error(error)
    assert said == reason
    assert option in advice
