"""Expression parameters and those that came before them: which of both an operation takes, and never in one request.

Pure. AWS: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/LegacyConditionalParameters.html
"""

from __future__ import annotations

from typing import NamedTuple

from onebox.errors import ValidationException
from onebox.services.context import Wire


class Styles(NamedTuple):
    """The parameters of an operation, in the order in which its messages list them."""

    legacy: tuple[str, ...]
    expressions: tuple[str, ...]
    with_values: tuple[str, ...]
    """The expressions that may hold placeholders of values."""


GET = Styles(("AttributesToGet",), ("ProjectionExpression",), ())
WRITE = Styles(("Expected", "ConditionalOperator"), ("ConditionExpression",), ("ConditionExpression",))
UPDATE = Styles(
    ("AttributeUpdates", "Expected", "ConditionalOperator"),
    ("UpdateExpression", "ConditionExpression"),
    ("UpdateExpression", "ConditionExpression"),
)
QUERY = Styles(
    ("AttributesToGet", "QueryFilter", "ConditionalOperator", "KeyConditions"),
    ("ProjectionExpression", "FilterExpression", "KeyConditionExpression"),
    ("FilterExpression", "KeyConditionExpression"),
)
SCAN = Styles(
    ("AttributesToGet", "ScanFilter", "ConditionalOperator"),
    ("ProjectionExpression", "FilterExpression"),
    ("FilterExpression",),
)


def check_styles(request: Wire, styles: Styles) -> None:
    """Refuse parameters of both ages, and names and values for expressions that are not there."""
    members = request.keys()
    has_expression = not members.isdisjoint(styles.expressions)
    if has_expression and not members.isdisjoint(styles.legacy):
        _refuse_mixture(request, styles)
    if "ExpressionAttributeNames" in request and not has_expression:
        raise ValidationException("ExpressionAttributeNames can only be specified when using expressions")
    if "ExpressionAttributeValues" in request and members.isdisjoint(styles.with_values):
        _refuse_values(styles, has_expression=has_expression)


def _refuse_mixture(request: Wire, styles: Styles) -> None:
    given = [member for member in styles.expressions if member in request]
    legacy = [member for member in styles.legacy if member in request]
    if "KeyConditions" in legacy and "KeyConditionExpression" not in given:
        legacy.remove("KeyConditions")  # it may stand beside the other expressions
    if legacy:
        raise ValidationException(
            "Can not use both expression and non-expression parameters in the same request: "
            f"Non-expression parameters: {{{', '.join(legacy)}}} Expression parameters: {{{', '.join(given)}}}"
        )


def _refuse_values(styles: Styles, *, has_expression: bool) -> None:
    words = "ExpressionAttributeValues can only be specified when using expressions"
    if styles.with_values:
        verb = "are" if len(styles.with_values) > 1 else "is"
        raise ValidationException(f"{words}: {' and '.join(styles.with_values)} {verb} null")
    if not has_expression:
        raise ValidationException(words)
