"""The ARNs of backups: ``arn:aws:dynamodb:region:account:table/Orders/backup/01576616366715-b4e58d3a``.

The last part is the time of creation in milliseconds since the epoch, and eight digits: those of a system backup are
zeros. AWS: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BackupDetails.html
"""

from __future__ import annotations

from typing import NamedTuple

from onebox.arn import find_arn, make_arn, partition_of
from onebox.errors import AccessDeniedException, ValidationException

_SUFFIX_DIGITS = 8
_SYSTEM_DIGITS = "0" * _SUFFIX_DIGITS


class BackupName(NamedTuple):
    """What the ARN of a backup names."""

    account: str
    region: str
    table_name: str
    suffix: str


def make_suffix(created_at_ms: int, digits: str) -> str:
    """The last part of a backup's ARN; suffixes sort by the time of creation."""
    return f"{created_at_ms:014d}-{digits}"


def make_system_suffix(created_at_ms: int) -> str:
    """The same for a backup that DynamoDB makes by itself."""
    return make_suffix(created_at_ms, _SYSTEM_DIGITS)


def make_backup_arn(name: BackupName) -> str:
    """The ARN as text."""
    return make_arn("dynamodb", name.region, name.account, f"table/{name.table_name}/backup/{name.suffix}")


def parse_backup_arn(text: str, account: str) -> BackupName:
    """The parts of a backup's ARN, which is to be of ``account``.

    Raises ValidationException for other text, AccessDeniedException for another account's.
    """
    arn = find_arn(text)
    parts = () if arn is None else tuple(arn.resource.split("/"))
    if arn is None or len(parts) != 4 or (parts[0], parts[2]) != ("table", "backup") or not parts[1] or not parts[3]:
        raise ValidationException("Invalid Backup ARN")
    if arn.service != "dynamodb" or arn.partition != partition_of(arn.region):
        raise ValidationException("Invalid Request: BackupArn is not valid")
    if arn.account != account or not arn.region:
        raise AccessDeniedException("Access is denied")
    return BackupName(arn.account, arn.region, parts[1], parts[3])
