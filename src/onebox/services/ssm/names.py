"""Names of parameters: plain, as paths, as ARNs, with a version or label behind a colon. Pure.

AWS: https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-su-create.html
"""

from __future__ import annotations

import re
from typing import NamedTuple

from onebox.arn import find_arn, make_arn
from onebox.errors import ValidationException
from onebox.services.ssm.errors import AccessDeniedException, HierarchyLevelLimitExceededException
from onebox.services.ssm.limits import LEVELS_MAX, NAME_CHARACTERS_MAX

_NAME = re.compile(r"[a-zA-Z0-9_.\-/]+")
_RULES = (
    'Parameter name: can\'t be prefixed with "ssm" (case-insensitive). If formed as a path, it can consist of sub-paths'
    " divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 symbols .-_"
)


class Reference(NamedTuple):
    """What a request asks for: a name, and a version or label or neither."""

    name: str
    selector: str | None

    @property
    def version(self) -> int | None:
        """The version number, if the selector is one."""
        selector = self.selector
        is_number = selector is not None and selector.isascii() and selector.isdecimal() and len(selector) < 10
        return int(selector) if selector is not None and is_number else None


def check_new_name(account: str, region: str, name: str) -> None:
    """Raise ValidationException, AccessDenied or HierarchyLevelLimitExceeded unless a parameter may be called so."""
    if not _NAME.fullmatch(name) or name.endswith("/") or "//" in name:
        raise ValidationException(_RULES)
    if "/" in name and not name.startswith("/"):
        raise ValidationException("Parameter name must be a fully qualified name.")
    first = name.lstrip("/").lower()
    if first.startswith("aws"):
        raise AccessDeniedException(f"No access to reserved parameter name: {name}.")
    if first.startswith("ssm"):
        raise ValidationException(_RULES)
    if name.count("/") > LEVELS_MAX:
        raise HierarchyLevelLimitExceededException(
            f"Hierarchy level for {name} is greater than the maximum allowed: {LEVELS_MAX}"
        )
    if len(parameter_arn(account, region, name)) > NAME_CHARACTERS_MAX:
        raise ValidationException(
            f"The parameter's name and the ARN before it have at most {NAME_CHARACTERS_MAX} characters."
        )


def parse_reference(text: str) -> Reference:
    """The parts of ``name``, ``name:3``, ``name:label`` or an ARN with the same."""
    name = parse_name(text)
    plain, colon, selector = name.partition(":")
    return Reference(plain, selector if colon else None)


def parse_name(text: str) -> str:
    """The name in a text that may be the ARN of a parameter."""
    arn = find_arn(text)
    if arn is None or arn.service != "ssm" or not arn.resource.startswith("parameter/"):
        return text
    name = arn.resource.removeprefix("parameter/")
    # Paths lose their first slash in an ARN.
    return f"/{name}" if "/" in name else name


def parameter_arn(account: str, region: str, name: str) -> str:
    """The ARN of a parameter."""
    return make_arn("ssm", region, account, f"parameter/{name.removeprefix('/')}")


def check_path(path: str) -> str:
    """The path without a slash at its end. Raises ValidationException."""
    if not path.startswith("/") or not _NAME.fullmatch(path):
        raise ValidationException(
            "The parameter doesn't meet the parameter name requirements. The parameter name must begin with a forward"
            ' slash "/". It can\'t be prefixed with "aws" or "ssm" (case-insensitive). It must use only letters,'
            " numbers, or the following symbols: . (period), - (hyphen), _ (underscore). Special characters are not"
            ' allowed. All sub-paths, if specified, must use the forward slash symbol "/". Valid example:'
            " /get/parameters2-/by1./path0_."
        )
    return path.rstrip("/")


def is_below(name: str, path: str, *, recursive: bool) -> bool:
    """Whether a name lies under a path, at any depth or just below it."""
    if not name.startswith(f"{path}/"):
        return False
    return recursive or "/" not in name[len(path) + 1 :]
