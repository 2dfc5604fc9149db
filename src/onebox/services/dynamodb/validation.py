"""Checks of request members that need no table, in the words of AWS's parameter validation.

Promises: finds what the service model's constraints forbid (the codec has checked types and required members only).
"""

from __future__ import annotations

import re

from onebox.services.context import Wire
from onebox.services.dynamodb.limits import TOTAL_SEGMENTS_MAX
from onebox.services.violations import Violations

NAME = re.compile(r"[a-zA-Z0-9_.-]+")
_NAME_MIN, _NAME_MAX = 3, 255

RETURN_CAPACITY = ("INDEXES", "TOTAL", "NONE")
RETURN_METRICS = ("SIZE", "NONE")
RETURN_ON_FAILURE = ("ALL_OLD", "NONE")
RETURN_VALUES = ("ALL_NEW", "UPDATED_OLD", "ALL_OLD", "NONE", "UPDATED_NEW")
SELECT = ("SPECIFIC_ATTRIBUTES", "COUNT", "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES")
_ENUMS = {
    "ReturnConsumedCapacity": RETURN_CAPACITY,
    "ReturnItemCollectionMetrics": RETURN_METRICS,
    "ReturnValues": RETURN_VALUES,
    "ReturnValuesOnConditionCheckFailure": RETURN_ON_FAILURE,
    "Select": SELECT,
    "ConditionalOperator": ("AND", "OR"),
}


def check_name(violations: Violations, value: str | None, member: str) -> None:
    """A table or index name."""
    violations.check_pattern(value, member, NAME)
    violations.check_length(value, member, _NAME_MIN, _NAME_MAX)


def check_table_name(name: str) -> None:
    """Refuse a TableName that no table can have."""
    if _NAME_MIN <= len(name) <= _NAME_MAX and NAME.fullmatch(name):
        return
    violations = Violations()
    if not name:
        violations.add(name, "tableName", "Member must have length greater than or equal to 1")
    else:
        check_name(violations, name, "tableName")
    violations.raise_if_any()


def check_options(request: Wire) -> None:
    """Refuse unknown values of the options that item operations share."""
    violations = Violations()
    for member, allowed in _ENUMS.items():
        if member in request:
            violations.check_enum(request[member], member[0].lower() + member[1:], allowed)
    violations.check_range(request.get("Limit"), "limit", 1)
    violations.check_range(request.get("TotalSegments"), "totalSegments", 1, TOTAL_SEGMENTS_MAX)
    violations.check_range(request.get("Segment"), "segment", 0, TOTAL_SEGMENTS_MAX - 1)
    violations.raise_if_any()
