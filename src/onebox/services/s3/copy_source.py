"""The source that a copy names. Pure."""

from __future__ import annotations

from urllib.parse import unquote_plus

from onebox.services.s3.errors import InvalidArgument


def parse_copy_source(text: str) -> tuple[str, str, str | None]:
    """``bucket/key?versionId=…``, percent-encoded, in its parts. Raises InvalidArgument."""
    path, _, query = text.partition("?versionId=")
    bucket, _, key = unquote_plus(path).lstrip("/").partition("/")
    if not bucket or not key or bucket.startswith("arn:"):
        raise InvalidArgument(
            "Copy Source must mention the source bucket and key: sourcebucket/sourcekey",
            ArgumentName="x-amz-copy-source",
            ArgumentValue=text,
        )
    return bucket, key, unquote_plus(query) or None
