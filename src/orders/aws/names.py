"""The resource names of one order system: its prefix, and the names that template.yaml makes of it.

Several systems in one account and region have different prefixes. Without a prefix the names are the seed's.
A prefix has lower-case letters only, and every part's own name begins with a capital or with ``orders``: so no name of
one system is the beginning of a name of another, and a list by the beginning of a name holds one system alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from orders.errors import OperatorError

TABLE = "Orders"
TOPIC = "OrderTopic"
QUEUE = "OrderQueue"
DEAD_LETTER_QUEUE = "OrderDLQ"
FUNCTION = "OrderProcessor"
CANARY_ALARM = "OrderProcessor-canary"
INDEX_BY_USER = "byUser"
INDEX_BY_STATUS = "byStatus"

# The archive bucket's name is the longest for its service: S3 takes 63 characters, and
# orders-archive-123456789012-ap-southeast-1 has 42.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
PREFIX_MAX = 20
# S3 takes no bucket and Parameter Store no parameter whose name begins so.
RESERVED = ("aws", "ssm", "sthree-", "amzn-")
_is_prefix = re.compile(r"([a-z][a-z0-9-]*-)?", re.ASCII).fullmatch


class _Named:
    """The name of one part: what stands before the prefix, and what after it."""

    def __init__(self, name: str, before: str = "") -> None:
        self._name = name
        self._before = before

    def __get__(self, names: Names, _owner: type[Names]) -> str:
        return f"{self._before}{names.prefix}{self._name}"


@dataclass(frozen=True, slots=True)
class Names:
    """The names of the system with this prefix. Raises OperatorError for a prefix that is none."""

    prefix: str = ""

    stack = _Named("orders")
    table = _Named(TABLE)
    topic = _Named(TOPIC)
    queue = _Named(QUEUE)
    dead_letter_queue = _Named(DEAD_LETTER_QUEUE)
    function = _Named(FUNCTION)
    log_group = _Named(FUNCTION, "/aws/lambda/")
    audit_log_group = _Named("orders/audit", "/")
    canary_guard = _Named("OrderCanaryGuard")
    canary_alarm = _Named(CANARY_ALARM)
    alarm_topic = _Named("OrderAlarms")
    # What the names of all alarms in template.yaml begin with.
    alarms = _Named("Order")
    metrics = _Named(TABLE)
    """The namespace of OrderProcessor's metrics in CloudWatch."""
    events_table = _Named("OrderEvents")
    changes_topic = _Named("OrderChanged")
    history_function = _Named("OrderHistory")
    history_dead_letter_queue = _Named("OrderHistoryDLQ")
    archive_queue = _Named("OrderArchiveQueue")
    archive_function = _Named("OrderArchive")
    intake_function = _Named("OrderIntake")
    intake_keys_table = _Named("OrderIntakeKeys")
    intake_callers = _Named("orders/intake/callers", "/")
    """The path of the callers in Parameter Store."""

    def __post_init__(self) -> None:
        if len(self.prefix) > PREFIX_MAX or not _is_prefix(self.prefix) or "--" in self.prefix:
            raise OperatorError(
                f"{self.prefix[:60]!r} is not a name prefix",
                f"Write up to {PREFIX_MAX} lower-case letters, digits and single hyphens, a letter first and a hyphen "
                "last: staging-.",
            )
        if self.prefix.startswith(RESERVED):
            raise OperatorError(f"AWS reserves names that begin with {self.prefix!r}", "Choose another prefix.")

    def of(self, part: str) -> str:
        """The name of a part that is named so in a system without prefix."""
        return f"{self.prefix}{part}"

    def part_of(self, name: str) -> str:
        """The part that has this name: the reverse of `of`."""
        return name.removeprefix(self.prefix)

    def log_group_of(self, function: str) -> str:
        """The log group of a function of this name."""
        return f"/aws/lambda/{function}"

    def archive_bucket(self, account: str, region: str) -> str:
        """The bucket of the archive. Bucket names are unique in all accounts."""
        return f"{self.prefix}orders-archive-{account}-{region}"

    def claims_bucket(self, account: str, region: str) -> str:
        """The bucket of orders that are too large for a message or for the table."""
        return f"{self.prefix}orders-claims-{account}-{region}"

    def dashboard(self, region: str) -> str:
        """Dashboards belong to all regions of an account."""
        return f"{self.prefix}Orders-{region}"


SEED_NAMES = Names()
"""The names of a system without prefix."""
