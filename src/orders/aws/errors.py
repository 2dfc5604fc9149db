"""Describes AWS API errors for operators: what happened, and what to do next."""

from __future__ import annotations

import re
import sys
from typing import Any

from orders.errors import OperatorError

GARBLED_SHOWN = 200
GARBLED_ADVICE = "Check --endpoint-url: a proxy or another server may have answered instead of AWS."


def aws_errors() -> tuple[type[Exception], ...]:
    """botocore's errors; none where it was never imported, since nobody can then have raised one."""
    exceptions, parsers = sys.modules.get("botocore.exceptions"), sys.modules.get("botocore.parsers")
    named = () if exceptions is None else (exceptions.ClientError, exceptions.BotoCoreError)
    return named if parsers is None else (*named, parsers.ResponseParserError)


def load_client_errors() -> tuple[type[Exception], ...]:
    """The base classes of botocore's errors; imports botocore."""
    from botocore.exceptions import BotoCoreError, ClientError

    return ClientError, BotoCoreError


def reportable_errors() -> tuple[type[Exception], ...]:
    """All errors that `describe_error` can describe."""
    return (OperatorError, *aws_errors())


def describe_error(error: Exception) -> tuple[str, str]:
    """A sentence for an OperatorError or an error of botocore's, and advice, which may be empty."""
    if isinstance(error, OperatorError):
        return error.reason, error.advice
    name, given = type(error).__name__, getattr(error, "kwargs", {})
    if name == "ResponseParserError":
        return describe_garbled_answer(error), GARBLED_ADVICE
    if name in ("EndpointConnectionError", "ConnectTimeoutError", "ConnectionClosedError", "ReadTimeoutError"):
        return str(error), "Is it running? Start a onebox with `orders up` or `onebox serve`, or give --endpoint-url."
    if name == "ProxyConnectionError":
        return str(error), "Check HTTP_PROXY and HTTPS_PROXY; NO_PROXY=127.0.0.1 exempts this machine."
    if name == "SSLError":
        return str(error), "Check --endpoint-url: an endpoint that speaks HTTP only is given as http://…"
    if name == "ProfileNotFound":
        reason = f"there is no profile {given.get('profile')} in AWS's configuration files"
        return reason, "`aws configure list-profiles` lists them; give another with --profile."
    if name in ("InvalidRegionError", "UnknownRegionError"):
        return f"{given.get('region_name')!r} is no AWS region", "Give one such as eu-west-1 with --region."
    if name in ("NoCredentialsError", "PartialCredentialsError"):
        return str(error), "Configure AWS with `aws configure`, or start a onebox with `orders up`."
    reason = _describe_refusal(error) if hasattr(error, "operation_name") else str(error)
    if "AccessDenied" in reason or "UnrecognizedClient" in reason or "ExpiredToken" in reason:
        return (
            reason,
            "Check the credentials and their permissions: `aws sts get-caller-identity` shows their identity.",
        )
    if "ResourceNotFound" in reason or "QueueDoesNotExist" in reason or "NonExistentQueue" in reason:
        return reason, "`orders status` shows which part of the system is missing."
    return reason, ""


def _describe_refusal(error: Any) -> str:
    """The sentence for botocore's ClientError: the operation, AWS's message and code."""
    refusal = error.response.get("Error", {})
    retries = error.response.get("ResponseMetadata", {}).get("RetryAttempts", 0)
    after = f" after {retries} retries" if retries > 1 else ""
    said = (refusal.get("Message") or "no reason given").rstrip(".")
    return f"{error.operation_name} failed{after}: {said} ({refusal.get('Code', 'no code')})"


def explain_error(error: Exception) -> str:
    """The same as one text, for display in a line."""
    reason, advice = describe_error(error)
    return f"{reason.rstrip('.')}. {advice}".rstrip() if advice else reason


def describe_garbled_answer(error: Exception) -> str:
    """The sentence for botocore's ResponseParserError: what answered, a proxy or a server's bug, speaks no AWS."""
    answered = str(error).partition("\n")[2].removeprefix("b'").removesuffix("'")
    words = re.sub(r"<[^>]*>|\\[nrt]", " ", answered).replace("\\'", "'").split()
    return f"the endpoint's answer is in no AWS format: {' '.join(words)[:GARBLED_SHOWN]}"
