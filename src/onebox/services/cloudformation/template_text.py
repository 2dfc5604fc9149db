"""The text of a template or stack policy: in the request, in S3, or the stack's own.

A URL is read through S3's GetObject with the caller's rights, so it shows nobody an object that he may not read.
"""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import unquote, urlsplit

from onebox.errors import AwsError
from onebox.services.cloudformation import limits
from onebox.services.cloudformation.core import Core
from onebox.services.cloudformation.errors import ValidationError
from onebox.services.cloudformation.model import Source
from onebox.services.context import RequestContext, Wire

_NO_OBJECT = "TemplateURL must reference a valid S3 object to which you have access."
_ECHOED_CHARACTERS = 1_000
"""How much of a refused text an error message repeats."""


async def load_template_text(core: Core, context: RequestContext, request: Wire, previous: Source | None = None) -> str:
    """The template that the request gives or names. Raises ValidationError."""
    body, url = request.get("TemplateBody"), request.get("TemplateURL")
    if request.get("UsePreviousTemplate"):
        if body is not None or url is not None:
            raise ValidationError("Invalid request. UsePreviousTemplate cannot be combined with a template.")
        if previous is None or not previous.template:
            raise ValidationError("UsePreviousTemplate cannot be true for a new stack.")
        return previous.original_template
    if (body is None) == (url is None):
        raise ValidationError("Either Template URL or Template Body must be specified.")
    if body is not None:
        check_length(body, "templateBody", limits.TEMPLATE_BODY_BYTES)
        return str(body)
    return await fetch_text(core, context, str(url), limits.TEMPLATE_URL_BYTES)


async def load_policy_text(core: Core, context: RequestContext, request: Wire) -> str | None:
    """The stack policy that the request gives or names, None without one. Raises ValidationError."""
    body, url = request.get("StackPolicyBody"), request.get("StackPolicyURL")
    if body is not None and url is not None:
        raise ValidationError("You cannot specify both StackPolicyURL and StackPolicyBody")
    if url is not None:
        return await fetch_text(core, context, url, limits.STACK_POLICY_BYTES)
    if body is not None:
        check_length(body, "stackPolicyBody", limits.STACK_POLICY_BYTES)
    return body


def check_length(text: str, member: str, bytes_max: int) -> None:
    """Raise ValidationError unless ``text`` is 1 to ``bytes_max`` long."""
    if not text:
        raise ValidationError(
            f"1 validation error detected: Value '' at '{member}' failed to satisfy constraint: Member must have "
            "length greater than or equal to 1"
        )
    if len(text.encode()) > bytes_max:
        raise ValidationError(
            f"1 validation error detected: Value '{text[:_ECHOED_CHARACTERS]}' at '{member}' failed to satisfy "
            f"constraint: Member must have length less than or equal to {bytes_max}"
        )


async def fetch_text(core: Core, context: RequestContext, url: str, bytes_max: int) -> str:
    """The text of an object in S3. Raises ValidationError, also where the caller may not read it."""
    bucket, key = parse_template_url(url)
    forwarded = replace(context, called_via="cloudformation.amazonaws.com")
    # One byte more than is allowed: a larger object is never read whole.
    request = {"Bucket": bucket, "Key": key, "Range": f"bytes=0-{bytes_max}"}
    try:
        content = bytes((await core.caller.call(forwarded, "s3", "GetObject", request))["Body"])
    except AwsError as error:
        more = "For more information check http://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html"
        raise ValidationError(f"S3 error: {error.message}\n{more}") from error
    if len(content) > bytes_max:
        raise ValidationError(f"Template may not exceed {bytes_max} bytes in size.")
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise ValidationError("Template format error: unsupported structure.") from None


def parse_template_url(url: str) -> tuple[str, str]:
    """Bucket and key of a URL in path style (``…/bucket/key``) or with the bucket in the host name."""
    try:
        parts = urlsplit(url)
        host, path = parts.hostname or "", unquote(parts.path, errors="strict").lstrip("/")
    except ValueError:  # an unfinished IPv6 address, a path that is no UTF-8
        raise ValidationError("TemplateURL must be a supported URL.") from None
    if parts.scheme not in ("http", "https") or not host:
        raise ValidationError("TemplateURL must be a supported URL.")
    bucket, dot, domain = host.partition(".s3")
    if dot and bucket and domain[:1] in (".", "-"):
        key = path
    else:
        bucket, _, key = path.partition("/")
    if not bucket or not key:
        raise ValidationError(_NO_OBJECT)
    return bucket, key
