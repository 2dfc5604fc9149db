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
)
from onebox.services.lambda_.limits import FUNCTION_NAME_CHARACTERS_MAX, FUNCTION_REFERENCE_CHARACTERS_MAX
from onebox.services.lambda_.model import FunctionKey
from onebox.services.lambda_.validation import broken, constraint_errors, length_at_most, must_match

# As the service model has them; they go into the errors' words.
_ARN_START = (
    r"(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?"
)
_MODEL_PATTERN = _ARN_START + r"([a-zA-Z0-9-_\.]+)(:(\$LATEST(\.PUBLISHED)?|[a-zA-Z0-9-_]+))?"
_NEW_MODEL_PATTERN = _ARN_START + r"([a-zA-Z0-9-_]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?"
_QUALIFIER_PATTERN = r"\$(LATEST(\.PUBLISHED)?)|[a-zA-Z0-9-_$]+"
_QUALIFIER_CHARACTERS_MAX = 128
_REFERENCE = re.compile(
    r"(?:arn:aws[a-zA-Z-]*:lambda:)?(?:(?P<region>(?:eusc-)?[a-z]{2}(?:-gov|-iso[a-z]?)?-[a-z]+-\d):)?"
    r"(?:(?P<account>\d{12}):)?(?:function:)?(?P<name>[a-zA-Z0-9_.-]+)"
    r"(?::(?P<qualifier>\$LATEST(?:\.PUBLISHED)?|[a-zA-Z0-9_-]+))?"
)
_QUALIFIER = re.compile(r"\$LATEST(\.PUBLISHED)?|[a-zA-Z0-9_$-]+")
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
    problems = [] if found else [broken("functionName", text, must_match(_MODEL_PATTERN))]
    problems += qualifier_problems(qualifier)
    if found is None or problems:
        raise constraint_errors(problems)
    return _resolve(context, found, qualifier, any_account=any_account)


def parse_new_function(context: RequestContext, text: str) -> FunctionReference:
    """The name of a function to be made. Raises ValidationException or InvalidParameterValueException."""
    found = _REFERENCE.fullmatch(text)
    problems = []
    if len(text) > FUNCTION_REFERENCE_CHARACTERS_MAX:
        problems.append(broken("functionName", text, length_at_most(FUNCTION_REFERENCE_CHARACTERS_MAX)))
    if found is None or "." in found["name"] or (found["qualifier"] or "").endswith(".PUBLISHED"):
        problems.append(broken("functionName", text, must_match(_NEW_MODEL_PATTERN)))
    if found is None or problems:
        raise constraint_errors(problems)
    name = found["name"]
    if len(name) > FUNCTION_NAME_CHARACTERS_MAX:
        problem = broken("functionName", name, length_at_most(FUNCTION_NAME_CHARACTERS_MAX))
        raise InvalidParameterValueException(f"1 validation error detected: {problem}")
    return _resolve(context, found, None, any_account=False)


def qualifier_problems(qualifier: str | None) -> list[str]:
    """The constraints that the parameter Qualifier breaks."""
    problems = []
    if qualifier is not None and len(qualifier) > _QUALIFIER_CHARACTERS_MAX:
        problems.append(broken("qualifier", qualifier, length_at_most(_QUALIFIER_CHARACTERS_MAX)))
    if qualifier is not None and not _QUALIFIER.fullmatch(qualifier):
        problems.append(broken("qualifier", qualifier, must_match(_QUALIFIER_PATTERN)))
    return problems


def _resolve(
    context: RequestContext, found: re.Match[str], qualifier: str | None, *, any_account: bool
) -> FunctionReference:
    in_name = found["qualifier"]
    if in_name and qualifier and in_name != qualifier:
        raise InvalidParameterValueException(
            "The derived qualifier from the function name does not match the specified qualifier."
        )
    key = FunctionKey(found["account"] or context.account, found["region"] or context.region, found["name"])
    if key.region != context.region:
        raise ResourceNotFoundException(
            f"Functions from '{key.region}' are not reachable in this region ('{context.region}')"
        )
    if key.account != context.account and not any_account:
        raise AccessDeniedException(
            f"User: {context.principal.arn} is not authorized to access this resource: {key.arn}"
        )
    return FunctionReference(key, in_name or qualifier)
