"""Marker and MaxItems, which all lists of Lambda share."""

from __future__ import annotations

from onebox.services.context import Wire
from onebox.services.lambda_.errors import ValidationException


def page_size(request: Wire, most: int) -> int:
    """How many items to answer with; Lambda gives fewer than MaxItems allows, never more than ``most``."""
    wanted = request.get("MaxItems", most)
    if not 1 <= wanted <= 10_000:
        bound = "greater than or equal to 1" if wanted < 1 else "less than or equal to 10000"
        raise ValidationException(
            f"1 validation error detected: Value '{wanted}' at 'maxItems' failed to satisfy constraint: "
            f"Member must have value {bound}"
        )
    return int(min(wanted, most))


def parse_marker(request: Wire) -> str:
    """The item after which the page begins; '' for the first."""
    return str(request.get("Marker") or "")
