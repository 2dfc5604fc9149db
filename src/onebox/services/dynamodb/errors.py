"""The errors of DynamoDB, named as its service model names them, with the words that never vary.

AWS: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
"""

from __future__ import annotations

from typing import Any

from onebox.errors import AwsError, ValidationException

Item = dict[str, Any]


class ResourceNotFoundException(AwsError):
    """No such table, index or resource."""


class TableNotFoundException(AwsError):
    """Backups and continuous backups: no such table."""


class TableAlreadyExistsException(AwsError):
    """Restores: the target's name is taken."""


class TableInUseException(AwsError):
    """Restores: the target is being restored already."""


class BackupNotFoundException(AwsError):
    """No such backup."""


class BackupInUseException(AwsError):
    """The backup is being made or restored."""


class PointInTimeRecoveryUnavailableException(AwsError):
    """Point-in-time recovery of the table is off."""


class InvalidRestoreTimeException(AwsError):
    """The table cannot be restored to that point in time."""


class GlobalTableNotFoundException(AwsError):
    """No such global table of the first version."""


class ExportNotFoundException(AwsError):
    """No such export."""


class ImportNotFoundException(AwsError):
    """No such import."""


class PolicyNotFoundException(AwsError):
    """The table or stream has no resource-based policy."""


class ResourceInUseException(AwsError):
    """The table exists already, or is in a state that forbids the call."""


class LimitExceededException(AwsError):
    """Too many tables or index changes at once."""


class ConditionalCheckFailedException(AwsError):
    """The condition was false; ``Item`` is the stored item where the caller asked for it."""

    def __init__(self, item: Item | None = None) -> None:
        super().__init__("The conditional request failed", **({} if item is None else {"Item": item}))


class DuplicateItemException(AwsError):
    """PartiQL INSERT of a key that is taken."""

    def __init__(self, item: Item | None = None) -> None:
        super().__init__("Duplicate primary key exists in table", **({} if item is None else {"Item": item}))


class TransactionCanceledException(AwsError):
    """One or more actions failed; nothing was written."""

    def __init__(self, reasons: list[dict[str, Any]]) -> None:
        codes = ", ".join(reason["Code"] for reason in reasons)
        super().__init__(
            f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]",
            CancellationReasons=reasons,
        )


class IdempotentParameterMismatchException(AwsError):
    """A client request token came back with another request."""

    def __init__(self) -> None:
        super().__init__("The provided ClientRequestToken has already been used with different parameters")


def invalid_values(detail: str) -> ValidationException:
    """The commonest refusal of a parameter."""
    return ValidationException(f"One or more parameter values were invalid: {detail}")


def resource_not_found() -> ResourceNotFoundException:
    """What item operations say of a missing table."""
    return ResourceNotFoundException("Requested resource not found")


def key_mismatch() -> ValidationException:
    """What lookups say of a key of another shape than the table's."""
    return ValidationException("The provided key element does not match the schema")
