"""Values, types, tiers, labels and tags in requests, checked as the Parameter Store checks them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from onebox.errors import ValidationException
from onebox.services.context import RequestContext, Wire
from onebox.services.ssm.errors import (
    InvalidAllowedPatternException,
    InvalidNextToken,
    ParameterPatternMismatchException,
    TooManyTagsError,
    UnsupportedParameterType,
)
from onebox.services.ssm.limits import (
    ADVANCED_CHARACTERS_MAX,
    LABEL_CHARACTERS_MAX,
    STANDARD_CHARACTERS_MAX,
    TAGS_MAX,
)
from onebox.services.violations import Violations

TYPES = ("String", "StringList", "SecureString")
TIERS = ("Standard", "Advanced", "Intelligent-Tiering")
DATA_TYPES = ("text", "aws:ec2:image", "aws:ssm:integration")
_PATTERN_CHARACTERS_MAX = 1_024
_DESCRIPTION_CHARACTERS_MAX = 1_024
_LABEL = re.compile(r"[a-zA-Z_.-][a-zA-Z0-9_.-]*")
_TAG_KEY = re.compile(r"[\w\s.:/=+\-@]{1,128}")
_TAG_VALUE_CHARACTERS_MAX = 256
_UPGRADE_HINT = (
    " To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier. For more"
    " information, see"
    " https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html"
)


def check_put(request: Wire) -> None:
    """Raise ValidationException or UnsupportedParameterType for what breaks a constraint by itself."""
    violations = Violations()
    violations.check_length(request["Value"], "value", 1)
    violations.check_length(request.get("Description"), "description", 0, _DESCRIPTION_CHARACTERS_MAX)
    violations.check_length(request.get("AllowedPattern"), "allowedPattern", 0, _PATTERN_CHARACTERS_MAX)
    violations.check_enum(request.get("Tier"), "tier", TIERS)
    violations.raise_if_any()
    kind = request.get("Type")
    if kind is not None and kind not in TYPES:
        raise UnsupportedParameterType(f"The parameter type {kind} is not supported.")
    data_type = request.get("DataType", "text")
    if data_type not in DATA_TYPES:
        raise ValidationException(
            f"The following data type is not supported: {data_type} (Data type names are all lowercase.)"
        )
    if request.get("Policies") not in (None, "", "[]", "{}"):
        raise ValidationException("onebox does not offer parameter policies.")
    if request.get("Tags") and request.get("Overwrite"):
        raise ValidationException(
            "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please"
            " remove overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or"
            " RemoveTagsFromResource."
        )


def decide_tier(asked: str, value: str, current: str | None) -> str:
    """The tier of a new version. An advanced parameter stays one. Raises ValidationException for a long value."""
    tier = "Advanced" if "Advanced" in (asked, current) else "Standard"
    if asked == "Intelligent-Tiering" and len(value) > STANDARD_CHARACTERS_MAX:
        tier = "Advanced"
    most = ADVANCED_CHARACTERS_MAX if tier == "Advanced" else STANDARD_CHARACTERS_MAX
    if len(value.encode("utf-8", "surrogatepass")) > most:
        hint = "" if tier == "Advanced" else _UPGRADE_HINT
        refusal = f"{tier} tier parameters support a maximum parameter value of {most} characters."
        raise ValidationException(f"{refusal}{hint}")
    return tier


def check_pattern(pattern: str | None, value: str) -> None:
    """Raise InvalidAllowedPattern or ParameterPatternMismatch. Matching takes linear time."""
    if not pattern:
        return
    import re2  # here, because few ask for it

    options = re2.Options()
    options.log_errors = False
    try:
        matches = re2.compile(pattern, options).fullmatch(value) is not None
    except re2.error as error:
        raise InvalidAllowedPatternException(f"The regular expression {pattern} is not supported.") from error
    if not matches:
        raise ParameterPatternMismatchException(
            f"Parameter value, cannot be validated against allowedPattern: {pattern}"
        )


def is_label(text: str) -> bool:
    """Whether a version may be labelled so."""
    is_reserved = text.lower().startswith(("aws", "ssm"))
    return len(text) <= LABEL_CHARACTERS_MAX and not is_reserved and _LABEL.fullmatch(text) is not None


def parse_tags(context: RequestContext, tags: Sequence[Wire]) -> dict[str, str]:
    """Tags as a mapping. Raises ValidationException or TooManyTagsError."""
    parsed: dict[str, str] = {}
    for tag in tags:
        key, value = tag["Key"], tag["Value"]
        is_valid = _TAG_KEY.fullmatch(key) and context.may_set_tag(key) and len(value) <= _TAG_VALUE_CHARACTERS_MAX
        if not is_valid or key in parsed:
            raise ValidationException(f"The tag {key[:200]!r} is not valid, or is given twice.")
        parsed[key] = value
    check_tag_number(parsed)
    return parsed


def check_tag_number(tags: dict[str, str]) -> None:
    """Raise TooManyTagsError for more than 50."""
    if len(tags) > TAGS_MAX:
        raise TooManyTagsError(f"Number of tags for the resource exceeds the maximum allowed: {TAGS_MAX}")


def page_limit(request: Wire, most: int) -> int:
    """MaxResults, which is the most that is allowed if it is not given. Raises ValidationException."""
    limit: int = request.get("MaxResults", most)
    violations = Violations()
    violations.check_range(limit, "maxResults", 1, most)
    violations.raise_if_any()
    return limit


def invalid_token() -> InvalidNextToken:
    """The error of a token that no answer gave."""
    return InvalidNextToken("The specified token isn't valid.")
