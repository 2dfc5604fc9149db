"""How a request names a function: by name, by partial or full ARN, with or without a qualifier.

Pure. AWS: https://docs.aws.amazon.com/lambda/latest/api/API_GetFunction.html (FunctionName)
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from onebox.services.context import RequestContext
from onebox.services.lambda_.errors import (
    AccessDeniedException,
    InvalidParameterValueException,
    ResourceNotFoundException,
    ValidationException,
)
from onebox.services.lambda_.limits import FUNCTION_NAME_CHARACTERS_MAX
from onebox.services.lambda_.model import FunctionKey

# As the service model has it; it goes into the error's words.
_MODEL_PATTERN = (
    r"(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?"
    r"(function:)?([a-zA-Z0-9-_\.]+)(:(\$LATEST(\.PUBLISHED)?|[a-zA-Z0-9-_]+))?"
)
_REFERENCE = re.compile(
    r"(?:arn:aws[a-zA-Z-]*:lambda:)?(?:(?P<region>(?:eusc-)?[a-z]{2}(?:-gov|-iso[a-z]?)?-[a-z]+-\d):)?"
    r"(?:(?P<account>\d{12}):)?(?:function:)?(?P<name>[a-zA-Z0-9_.-]+)(?::(?P<qualifier>\$LATEST|[a-zA-Z0-9_-]+))?"
)
_QUALIFIER = re.compile(r"\$LATEST|[a-zA-Z0-9_-]{1,128}")
VERSION_NUMBER = re.compile(r"[0-9]+")


@dataclass(frozen=True, slots=True)
class FunctionReference:
    """A function and, perhaps, the version or alias meant."""

    key: FunctionKey
    qualifier: str | None

    @property
    def arn(self) -> str:
        return f"{self.key.arn}:{self.qualifier}" if self.qualifier else self.key.arn


def parse_function_reference(
    context: RequestContext, text: str, qualifier: str | None = None, *, any_account: bool = False
) -> FunctionReference:
    """The function that ``text`` and the parameter Qualifier mean; of the caller's own account, unless the function's
    policy is asked later (``any_account``).

    Raises ValidationException for what is no function name, InvalidParameterValueException where both give a
    qualifier and differ, ResourceNotFoundException for another region's function, AccessDeniedException for another
    account's."""
    found = _REFERENCE.fullmatch(text)
    if found is None:
        raise ValidationException(
            f"1 validation error detected: Value '{text}' at 'functionName' failed to satisfy constraint: "
            f"Member must satisfy regular expression pattern: {_MODEL_PATTERN}"
        )
    name = found["name"]
    if len(name) > FUNCTION_NAME_CHARACTERS_MAX:
        raise ValidationException(
            f"1 validation error detected: Value '{name}' at 'functionName' failed to satisfy constraint: "
            f"Member must have length less than or equal to {FUNCTION_NAME_CHARACTERS_MAX}"
        )
    in_name = found["qualifier"]
    if qualifier is not None and not _QUALIFIER.fullmatch(qualifier):
        raise ValidationException(
            f"1 validation error detected: Value '{qualifier}' at 'qualifier' failed to satisfy constraint: "
            r"Member must satisfy regular expression pattern: \$(LATEST(\.PUBLISHED)?)|[a-zA-Z0-9-_$]+"
        )
    if in_name and qualifier and in_name != qualifier:
        raise InvalidParameterValueException(
            "The derived qualifier from the function name does not match the specified qualifier."
        )
    key = FunctionKey(found["account"] or context.account, found["region"] or context.region, name)
    if key.region != context.region:
        raise ResourceNotFoundException(
            f"Functions from '{key.region}' are not reachable in this region ('{context.region}')"
        )
    if key.account != context.account and not any_account:
        raise AccessDeniedException(
            f"User: {context.principal.arn} is not authorized to access this resource: {key.arn}"
        )
    return FunctionReference(key, in_name or qualifier)
