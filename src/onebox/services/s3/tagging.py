"""Tags of objects and buckets: their three wire forms, and what AWS allows. Pure.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from onebox.services.context import RequestContext
from onebox.services.s3.errors import BadRequest, InvalidArgument, InvalidTag
from onebox.services.s3.limits import BUCKET_TAGS_MAX, OBJECT_TAGS_MAX

_HEADER_CHARACTERS_MAX = 16 * 1024


def parse_tagging_header(context: RequestContext, text: str | None) -> dict[str, str]:
    """The tags of ``x-amz-tagging``: ``team=orders&stage=test``, percent-encoded. Raises InvalidArgument and so on."""
    if not text:
        return {}
    try:
        if len(text) > _HEADER_CHARACTERS_MAX:
            raise ValueError("the header is too long")
        pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=True, max_num_fields=BUCKET_TAGS_MAX)
    except ValueError:
        raise InvalidArgument(
            "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag "
            "name duplicates.",
            ArgumentName="x-amz-tagging",
            ArgumentValue=text[:_HEADER_CHARACTERS_MAX],
        ) from None
    return checked_object_tags(context, pairs)


def parse_tag_set(context: RequestContext, tagging: Mapping[str, Any]) -> dict[str, str]:
    """The tags of a Tagging element for an object. Raises InvalidTag or BadRequest."""
    return checked_object_tags(context, [(tag["Key"], tag["Value"]) for tag in tagging["TagSet"]])


def checked_object_tags(context: RequestContext, pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Tags for an object: at most ten."""
    if len(pairs) > OBJECT_TAGS_MAX:
        raise BadRequest(f"Object tags cannot be greater than {OBJECT_TAGS_MAX}")
    return checked_tags(context, pairs)


def checked_tags(context: RequestContext, pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Tags with keys and values that AWS allows, each key once. Raises InvalidTag."""
    tags: dict[str, str] = {}
    for key, value in pairs:
        if key in tags:
            raise InvalidTag("Cannot provide multiple Tags with the same key", TagKey=key)
        if not 1 <= len(key) <= 128:
            raise InvalidTag("The TagKey you have provided is invalid", TagKey=key)
        if not context.may_set_tag(key):
            raise InvalidTag("System tags cannot be added/updated by requester", TagKey=key)
        if len(value) > 256:
            raise InvalidTag("The TagValue you have provided is invalid", TagKey=key, TagValue=value)
        tags[key] = value
    return tags


def tag_set(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags as the API lists them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]
