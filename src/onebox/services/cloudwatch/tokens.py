"""Page tokens of CloudWatch: opaque to clients, JSON to us. Pure."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from onebox.services.cloudwatch.errors import InvalidNextToken


def encode_token(place: list[Any]) -> str:
    """A token for the place after which the next page begins."""
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def decode_token(token: str, *types: type) -> list[Any]:
    """The place of a token, if its parts have these types; raises InvalidNextToken otherwise."""
    try:
        text = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        place = json.loads(text)
    except (binascii.Error, ValueError) as error:
        raise InvalidNextToken() from error
    if not isinstance(place, list) or [type(part) for part in place] != list(types):
        raise InvalidNextToken()
    return place
