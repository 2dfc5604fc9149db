"""PostObject: the upload by an HTML form, which no service model has. From the form to the members of PutObject.

https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html. The policy of the form is judged by the service.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from urllib.parse import quote, urlencode, urlsplit

from onebox.errors import AwsError
from onebox.gateway.message import Request, Response
from onebox.gateway.protocols.codec import OperationCodec
from onebox.gateway.protocols.form_data import FIELDS_BYTES_MAX, FieldsTooLarge, Form, MalformedForm, parse_form
from onebox.gateway.protocols.protocols import find_codec
from onebox.gateway.protocols.rest import header_text
from onebox.gateway.protocols.s3_address import address_path
from onebox.gateway.protocols.xml_text import escape
from onebox.services.context import Wire

OPERATION = "PostObject"
_FORM_TYPE = "multipart/form-data"
_HEADER_FIELDS = frozenset(
    {
        "cache-control",
        "content-disposition",
        "content-encoding",
        "content-language",
        "content-type",
        "expires",
    }
)
_AMZ = "x-amz-"
_SIGNING_FIELDS = frozenset(
    {"x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-security-token", "x-amz-signature"}
)
_ORDER = "If it is specified, please check the order of the fields."
_FILE_NAME = "${filename}"
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]{1,1000}", re.ASCII)
"""What a header's name may consist of, in lower case: https://www.rfc-editor.org/rfc/rfc9110#name-tokens."""
_RESULT_MEMBERS = ("Location", "Bucket", "Key", "ETag")


class InvalidArgument(AwsError):
    """A field that is missing or wrong."""


class MalformedPOSTRequest(AwsError):
    """The body is not a form."""


class MaxPostPreDataLengthExceededError(AwsError):
    """The fields before the file are too large."""


class MethodNotAllowed(AwsError):
    """Forms go to buckets, not to objects."""

    status = 405


class PreconditionFailed(AwsError):
    """A POST to a bucket that is no form."""

    status = 412


@dataclass(frozen=True, slots=True)
class FormUpload:
    """A form that was read."""

    fields: dict[str, str]
    """By lower-case name; ``${filename}`` is replaced."""
    decoded: Wire
    """The operation's input: PutObject's members, and ``Form`` with the fields, which the policy is about."""


def is_form(request: Request) -> bool:
    """Whether a request is an upload by a form."""
    content_type = request.headers.get("content-type", "")
    return request.method == "POST" and content_type[: len(_FORM_TYPE)].lower() == _FORM_TYPE


def is_upload_without_form(request: Request) -> bool:
    """Whether a request that is none of S3's operations is a POST to a bucket."""
    bucket, _, rest = address_path(request).lstrip("/").partition("/")
    return request.method == "POST" and bool(bucket) and not rest


def not_a_form() -> PreconditionFailed:
    """What S3 answers to an upload without a form."""
    return PreconditionFailed(
        "At least one of the pre-conditions you specified did not hold",
        Condition="Bucket POST must be of the enclosure-type multipart/form-data",
    )


def read_upload(request: Request) -> FormUpload:
    """The upload in a request. Raises AwsError."""
    bucket, _, rest = address_path(request).lstrip("/").partition("/")
    if rest or not bucket:
        raise MethodNotAllowed(
            "The specified method is not allowed against this resource.", Method="POST", ResourceType="OBJECT"
        )
    try:
        form = parse_form(request.headers["content-type"], request.body)
        fields = _with_file_name(form)
    except FieldsTooLarge:
        raise MaxPostPreDataLengthExceededError(
            "Your POST request fields preceding the upload file were too large."
        ) from None
    except MalformedForm:
        raise MalformedPOSTRequest("The body of your POST request is not well-formed multipart/form-data.") from None
    if "key" not in form.fields:
        raise _missing("key")
    if form.file is None:
        raise _argument("POST requires exactly one file upload per request.", "file", "0")
    if not fields["key"]:
        raise _argument("User key must have a length greater than 0.", "key", "")
    decoded = _put_object_members(bucket, fields)
    location = f"{_origin(request, bucket)}/{quote(fields['key'].encode('utf-8', 'surrogatepass'), safe='')}"
    return FormUpload(fields, {**decoded, "Body": form.file, "Form": fields, "Location": location})


def codec_of(upload: FormUpload) -> OperationCodec:
    """The codec of this one upload, which is read already."""
    put = find_codec("s3", "rest-xml", "PutObject")
    assert put is not None
    return replace(put, decode=lambda _: upload.decoded, decode_beside=lambda _: upload.decoded, encode=_encode)


def check_present(fields: dict[str, str], *names: str) -> None:
    """Raise InvalidArgument for the first field that a form lacks; ``names`` are as AWS writes them."""
    for name in names:
        if name.lower() not in fields:
            raise _missing(name)


def _with_file_name(form: Form) -> dict[str, str]:
    """The fields, with the file's name where they ask for it, if it has one. Raises FieldsTooLarge."""
    file_name = form.file_name
    if file_name is None:
        return form.fields
    added = len(file_name) * sum(value.count(_FILE_NAME) for value in form.fields.values())
    if added > FIELDS_BYTES_MAX:  # a long name, many times, would be megabytes
        raise FieldsTooLarge("the fields with the name of the file are too large")
    return {
        name: value if name == "policy" else value.replace(_FILE_NAME, file_name) for name, value in form.fields.items()
    }


def _put_object_members(bucket: str, fields: dict[str, str]) -> Wire:
    """The fields as PutObject's headers, read as these are. Raises InvalidArgument for a name that no header has."""
    for name in fields:
        # Metadata is given back in headers: a line break in a name would begin another one.
        if name.startswith(_AMZ) and _HEADER_NAME.fullmatch(name) is None:
            raise _argument("The name of a field is not the name of a header.", name[:200], "")
    headers = {
        # Header values are bytes read as Latin-1; a form's are UTF-8.
        name: value.encode("utf-8", "surrogatepass").decode("latin-1")
        for name, value in fields.items()
        if name in _HEADER_FIELDS or (name.startswith(_AMZ) and name not in _SIGNING_FIELDS and name != "x-amz-tagging")
    }
    if "acl" in fields:
        headers["x-amz-acl"] = fields["acl"]
    put = find_codec("s3", "rest-xml", "PutObject")
    assert put is not None
    wire = put.decode(Request("PUT", f"/{bucket}/key", "", headers, b""))
    wire["Key"] = fields["key"]
    if "x-amz-checksum-algorithm" in fields:
        wire["ChecksumAlgorithm"] = fields["x-amz-checksum-algorithm"].upper()
    if "tagging" in fields:
        tagging = find_codec("s3", "rest-xml", "PutObjectTagging")
        assert tagging is not None
        body = fields["tagging"].encode("utf-8", "surrogatepass")
        wire["Tagging"] = tagging.decode(Request("PUT", f"/{bucket}/key", "tagging", {}, body))["Tagging"]
    return wire


def _origin(request: Request, bucket: str) -> str:
    """The bucket's address, as the client wrote it."""
    origin = f"http://{request.headers.get('host', 'localhost')}"
    return origin if address_path(request) != request.path else f"{origin}/{bucket}"


def _encode(result: Wire, request_id: str) -> Response:
    """The answer that the form asked for; 204 without a body if for none."""
    fields: dict[str, str] = result["Form"]
    put = find_codec("s3", "rest-xml", "PutObject")
    assert put is not None
    own = {name: value for name, value in result.items() if name not in ("Form", "Location", "Bucket", "Key")}
    headers = put.encode(own, request_id).headers
    target = fields.get("success_action_redirect", fields.get("redirect", ""))
    if _is_web_address(target):
        named = urlencode({"bucket": result["Bucket"], "key": result["Key"], "etag": result["ETag"]}, errors="replace")
        headers.append(("Location", f"{target}{'&' if '?' in target else '?'}{named}"))
        return Response(303, b"", headers)
    headers.append(("Location", header_text(result["Location"])))
    status = fields.get("success_action_status")
    if status == "201":
        members = "".join(f"<{name}>{escape(result[name])}</{name}>" for name in _RESULT_MEMBERS)
        body = f'<?xml version="1.0" encoding="UTF-8"?>\n<PostResponse>{members}</PostResponse>'
        return Response(201, body.encode("utf-8", "surrogatepass"), [*headers, ("Content-Type", "application/xml")])
    return Response(200 if status == "200" else 204, b"", headers)


def _is_web_address(text: str) -> bool:
    if not text.isascii() or not text.isprintable() or " " in text:
        return False
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)


def _missing(name: str) -> InvalidArgument:
    return _argument(f"Bucket POST must contain a field named '{name}'.  {_ORDER}", name, "")


def _argument(sentence: str, name: str, value: str) -> InvalidArgument:
    return InvalidArgument(sentence, ArgumentName=name, ArgumentValue=value)
