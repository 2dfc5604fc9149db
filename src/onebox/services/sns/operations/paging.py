"""Page tokens: where the next page of a list begins, opaque to the client."""

from __future__ import annotations

import base64
import binascii

from onebox.services.sns.errors import InvalidParameterException


def page_token(last_key: str) -> str:
    """The token of the page after ``last_key``."""
    return base64.urlsafe_b64encode(last_key.encode()).decode()


def parse_page_token(token: str | None) -> str:
    """The key after which the page begins; empty for the first page. Raises InvalidParameter."""
    if not token:
        return ""
    try:
        return base64.b64decode(token, altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise InvalidParameterException("Invalid parameter: NextToken") from error


def parse_page_number(token: str | None) -> int:
    """The same for lists ordered by a number."""
    key = parse_page_token(token)
    if not key:
        return 0
    if not key.isdecimal():
        raise InvalidParameterException("Invalid parameter: NextToken")
    return int(key)
