"""Names, documents and tags in requests, checked as the container registry checks them. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from onebox.services.context import RequestContext, Wire
from onebox.services.ecr.errors import (
    InvalidParameterException,
    InvalidTagParameterException,
    TooManyTagsException,
)
from onebox.services.ecr.limits import (
    LIFECYCLE_POLICY_CHARACTERS,
    NAME_CHARACTERS,
    PAGE_DEFAULT,
    PAGE_MAX,
    POLICY_CHARACTERS_MAX,
    TAGS_MAX,
)
from onebox.text.documents import parse_document

_PART_RULE = "[a-z0-9]+(?:[._-][a-z0-9]+)*"
_NAME_RULE = f"(?:{_PART_RULE}/)*{_PART_RULE}"
_PART = re.compile(_PART_RULE)
_MUTABILITY = ("MUTABLE", "IMMUTABLE", "MUTABLE_WITH_EXCLUSION", "IMMUTABLE_WITH_EXCLUSION")
_ENCRYPTION = ("AES256", "KMS", "KMS_DSSE")
_TAG_KEY_CHARACTERS_MAX = 128
_TAG_VALUE_CHARACTERS_MAX = 256


def invalid(member: str, rule: str) -> InvalidParameterException:
    """The error for a member that breaks a rule."""
    return InvalidParameterException(f"Invalid parameter at '{member}' failed to satisfy constraint: '{rule}'")


def check_name(name: str) -> None:
    """Raise InvalidParameterException unless a repository may have this name."""
    if len(name) < NAME_CHARACTERS.start:
        raise invalid("repositoryName", f"Member must have length greater than or equal to {NAME_CHARACTERS.start}")
    if len(name) >= NAME_CHARACTERS.stop:
        raise invalid("repositoryName", f"Member must have length less than or equal to {NAME_CHARACTERS.stop - 1}")
    if not all(map(_PART.fullmatch, name.split("/"))):
        raise invalid("repositoryName", f"must satisfy regular expression '{_NAME_RULE}'")


def check_settings(request: Wire) -> Wire:
    """The settings of a new repository, with AWS's defaults. Raises InvalidParameterException."""
    mutability = request.get("imageTagMutability", "MUTABLE")
    if mutability not in _MUTABILITY:
        raise invalid("imageTagMutability", f"Member must satisfy enum value set: [{', '.join(_MUTABILITY)}]")
    encryption = request.get("encryptionConfiguration") or {"encryptionType": "AES256"}
    if encryption["encryptionType"] not in _ENCRYPTION:
        rule = f"Member must satisfy enum value set: [{', '.join(_ENCRYPTION)}]"
        raise invalid("encryptionConfiguration.encryptionType", rule)
    settings: Wire = {
        "imageTagMutability": mutability,
        "imageScanningConfiguration": {
            "scanOnPush": (request.get("imageScanningConfiguration") or {}).get("scanOnPush", False)
        },
        "encryptionConfiguration": encryption,
    }
    filters = request.get("imageTagMutabilityExclusionFilters")
    if bool(filters) != mutability.endswith("_WITH_EXCLUSION"):
        rule = "Exclusion filters are given with MUTABLE_WITH_EXCLUSION or IMMUTABLE_WITH_EXCLUSION, and only then"
        raise invalid("imageTagMutabilityExclusionFilters", rule)
    if filters:
        settings["imageTagMutabilityExclusionFilters"] = filters
    return settings


def check_policy(text: str) -> None:
    """Raise InvalidParameterException unless the text is a policy document."""
    if not 0 < len(text) <= POLICY_CHARACTERS_MAX:
        raise invalid("PolicyText", f"Member must have length between 1 and {POLICY_CHARACTERS_MAX}")
    if not isinstance(_document(text).get("Statement"), (list, dict)):
        raise invalid("PolicyText", "Invalid repository policy provided")


def check_lifecycle_policy(text: str) -> None:
    """Raise InvalidParameterException unless the text is a document of rules."""
    if len(text) not in LIFECYCLE_POLICY_CHARACTERS:
        least, most = LIFECYCLE_POLICY_CHARACTERS.start, LIFECYCLE_POLICY_CHARACTERS.stop - 1
        raise invalid("LifecyclePolicyText", f"Member must have length between {least} and {most}")
    rules = _document(text).get("rules")
    if not isinstance(rules, list) or not rules or not all(isinstance(rule, dict) for rule in rules):
        raise invalid("LifecyclePolicyText", "Lifecycle policy validation failure: object has missing required rules")


def _document(text: str) -> Wire:
    try:
        document = parse_document(text)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def parse_tags(context: RequestContext, tags: Sequence[Wire]) -> dict[str, str]:
    """Tags as a mapping. Raises InvalidTagParameterException or TooManyTagsException."""
    parsed: dict[str, str] = {}
    for tag in tags:
        key, value = tag["Key"], tag["Value"]
        is_valid = 0 < len(key) <= _TAG_KEY_CHARACTERS_MAX and len(value) <= _TAG_VALUE_CHARACTERS_MAX
        if not is_valid or not context.may_set_tag(key) or key in parsed:
            raise InvalidTagParameterException("The tag key or value is not valid, or the key is given twice.")
        parsed[key] = value
    check_tag_number(parsed)
    return parsed


def check_tag_number(tags: dict[str, str]) -> None:
    """Raise TooManyTagsException for more than 50."""
    if len(tags) > TAGS_MAX:
        raise TooManyTagsException(f"The repository would have {len(tags)} tags; at most {TAGS_MAX} are allowed.")


def page_limit(request: Wire) -> int:
    """``maxResults``, 100 if it is not given. Raises InvalidParameterException."""
    limit: int = request.get("maxResults", PAGE_DEFAULT)
    if not 1 <= limit <= PAGE_MAX:
        raise invalid("maxResults", f"Member must have value between 1 and {PAGE_MAX}")
    return limit


def invalid_token() -> InvalidParameterException:
    """The error of a token that no answer gave."""
    return invalid("nextToken", "The token is not valid")
