"""Marker and MaxItems, which all lists of Lambda share."""

from __future__ import annotations

from onebox.services.context import Wire
from onebox.services.lambda_.errors import ValidationException

ASKED_MOST = 10_000
"""The largest MaxItems of most lists."""


def page_size(request: Wire, most: int, asked_most: int = ASKED_MOST) -> int:
    """How many items to answer with: at most ``most``, though a request may ask for up to ``asked_most``."""
    wanted = request.get("MaxItems", most)
    if not 1 <= wanted <= asked_most:
        bound = "greater than or equal to 1" if wanted < 1 else f"less than or equal to {asked_most}"
        raise ValidationException(
            f"1 validation error detected: Value '{wanted}' at 'maxItems' failed to satisfy constraint: "
            f"Member must have value {bound}"
        )
    return int(min(wanted, most))


def parse_marker(request: Wire) -> str:
    """The item after which the page begins; '' for the first."""
    return str(request.get("Marker") or "")
