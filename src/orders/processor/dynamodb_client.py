"""DynamoDB's calls and what its refusals mean for an order.

Promises: throttling, 5xx and broken connections become OrderUnavailable, every other refusal DynamoDbRefusal.
AWS: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
Standard library only: this file travels with the function.
"""

from __future__ import annotations

from collections.abc import Mapping

from orders.errors import OrderUnavailable
from orders.processor.aws_json_client import AwsJsonClient, Service, Unreachable, read_error

DYNAMODB = Service("dynamodb", "DynamoDB_20120810")
TRANSIENT_CODES = frozenset(
    {
        "InternalServerError",
        "InternalServerErrorException",
        "LimitExceededException",
        "ProvisionedThroughputExceeded",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestLimitExceededException",
        "ServiceUnavailable",
        "ThrottlingError",
        "ThrottlingException",
        "TransactionConflict",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)
# The system is at fault and not the order: no attempt helps before somebody edited it.
PERMANENT_CODES = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "ExpiredTokenException",
        "IncompleteSignatureException",
        "InvalidSignatureException",
        "MissingAuthenticationTokenException",
        "ResourceNotFound",
        "ResourceNotFoundException",
        "UnknownOperationException",
        "UnrecognizedClientException",
    }
)


class DynamoDbRefusal(Exception):
    """DynamoDB understood the request and refuses it (ValidationException, ConditionalCheckFailedException,
    …).
    """

    def __init__(self, code: str, message: str, answer: Mapping[str, object]) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.answer = answer


class DynamoDbEndpoint:
    """DynamoDB as one client reaches it."""

    def __init__(self, client: AwsJsonClient) -> None:
        self._client = client

    def limit_wait(self, timeout_s: float) -> None:
        """How long the next calls may wait for an answer."""
        self._client.limit_wait(timeout_s)

    def call(self, operation: str, body: bytes, now_ms: int) -> bytes:
        """The answer to an operation. Raises OrderUnavailable or DynamoDbRefusal."""
        try:
            status, answer = self._client.call(operation, body, now_ms)
        except Unreachable as error:
            raise OrderUnavailable(f"DynamoDB cannot be reached: {error}", error.code) from error
        if status == 200:
            return answer
        raise read_refusal(status, answer)


def read_refusal(status: int, answer: bytes) -> OrderUnavailable | DynamoDbRefusal:
    """The error that an answer other than 200 means."""
    code, message, content = read_error(status, answer)
    if status >= 500 or code in TRANSIENT_CODES:
        return OrderUnavailable(f"{code}: {message}", code)
    if code in PERMANENT_CODES:
        return OrderUnavailable(f"{code}: {message}", code, transient=False)
    return DynamoDbRefusal(code, message, content)
