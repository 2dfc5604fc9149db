"""The error for a page token that SNS did not make."""

from __future__ import annotations

from onebox.services.sns.errors import InvalidParameterException


def invalid_token() -> InvalidParameterException:
    """AWS's words for it."""
    return InvalidParameterException("Invalid parameter: NextToken")
