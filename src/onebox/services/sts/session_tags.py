"""The tags of a session: given with AssumeRole, or passed on from the calling session. Pure.

AWS: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html
"""

from __future__ import annotations

from onebox.errors import ValidationError
from onebox.services.context import Principal, Wire
from onebox.services.sts.errors import InvalidParameterValue, PackedPolicyTooLargeException
from onebox.services.sts.limits import SESSION_TAGS_MAX, TAG_KEY_CHARACTERS_MAX, TAG_VALUE_CHARACTERS_MAX

Tags = tuple[tuple[str, str], ...]


def merge_session_tags(calling: Principal, request: Wire) -> tuple[Tags, tuple[str, ...]]:
    """The tags of the new session, and the keys of those that pass on. Keys compare without case.

    Raises InvalidParameterValue, ValidationError or PackedPolicyTooLarge.
    """
    tags = _parse_tags(request.get("Tags") or [])
    transitive = tuple(request.get("TransitiveTagKeys") or ())
    given = {key.lower() for key in tags}
    if not {key.lower() for key in transitive} <= given:
        raise InvalidParameterValue("The specified transitive tag key must be included in the requested tags.")
    passed_on = {key.lower() for key in calling.transitive_tags}
    if passed_on & given:
        raise InvalidParameterValue(
            "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from"
            " the calling session."
        )
    inherited = {key: value for key, value in calling.session_tags if key.lower() in passed_on}
    return tuple({**inherited, **tags}.items()), (*calling.transitive_tags, *transitive)


def _parse_tags(listed: list[Wire]) -> dict[str, str]:
    if len(listed) > SESSION_TAGS_MAX:
        raise PackedPolicyTooLargeException(f"A session can have at most {SESSION_TAGS_MAX} tags")
    tags = {tag["Key"]: tag["Value"] for tag in listed}
    if len({tag["Key"].lower() for tag in listed}) < len(listed):
        raise InvalidParameterValue("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
    for key, value in tags.items():
        if not 1 <= len(key) <= TAG_KEY_CHARACTERS_MAX or len(value) > TAG_VALUE_CHARACTERS_MAX:
            raise ValidationError(
                f"A tag's key has 1 to {TAG_KEY_CHARACTERS_MAX} characters, its value at most"
                f" {TAG_VALUE_CHARACTERS_MAX}"
            )
    return tags
