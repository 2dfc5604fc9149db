"""The policy of an upload by a form: until when, which fields, how large a file. Pure.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
"""

from __future__ import annotations

import binascii
import json
import re
from base64 import b64decode
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any, NamedTuple

from onebox.services.s3.errors import AccessDenied, EntityTooLarge, EntityTooSmall, InvalidPolicyDocument
from onebox.text.documents import parse_document

_POLICY_BYTES_MAX = 20 * 1024
_EXPIRATION = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d{1,9})?Z", re.ASCII)
_SIZE = re.compile(r"\d{1,18}", re.ASCII)
_RANGE = "content-length-range"
_WITHOUT_CONDITION = frozenset({"awsaccesskeyid", "file", "policy", "signature", "x-amz-signature"})
"""Fields that need no condition; so do those whose names begin with ``x-ignore-``."""
_CONTENT_TYPE = "content-type"


class _Condition(NamedTuple):
    """One condition on a field."""

    operator: str
    """``eq`` or ``starts-with``; ``content-length-range`` with what is no size, which nothing meets."""
    name: str
    """As the policy has it, with its ``$``."""
    value: str

    @property
    def field(self) -> str:
        """The field's name; empty for a name without ``$``, which is no field's: nothing meets such a condition."""
        return self.name[1:].lower() if self.name.startswith("$") else ""

    def holds(self, fields: Mapping[str, str]) -> bool:
        """Whether the form has it so."""
        given = fields.get(self.field)
        if given is None or not self.field or self.operator == _RANGE:
            return False
        if self.operator == "eq":
            return given == self.value
        if self.field == _CONTENT_TYPE:  # a list of types must begin so as a whole
            return all(one.strip().startswith(self.value) for one in given.split(","))
        return given.startswith(self.value)

    def __str__(self) -> str:
        return json.dumps([self.operator, self.name, self.value], ensure_ascii=False)


class _Range(NamedTuple):
    """How many bytes the file may have."""

    least: int
    most: int


def check_post_policy(encoded: str, fields: Mapping[str, str], bucket: str, file_bytes: int, now_ms: int) -> None:
    """``fields`` are the form's, by lower-case name. Raises InvalidPolicyDocument, AccessDenied with the reason,
    EntityTooLarge or EntityTooSmall."""
    expires_at_ms, conditions, ranges = _parse(encoded)
    if expires_at_ms < now_ms:
        raise AccessDenied("Invalid according to Policy: Policy expired.")
    judged = {**fields, "bucket": bucket}
    for condition in conditions:
        if not condition.holds(judged):
            raise AccessDenied(f"Invalid according to Policy: Policy Condition failed: {condition}")
    known = {condition.field for condition in conditions} | _WITHOUT_CONDITION
    extra = [name for name in judged if name not in known and not name.startswith("x-ignore-")]
    if extra:
        raise AccessDenied(f"Invalid according to Policy: Extra input fields: {', '.join(extra)}")
    for least, most in ranges:
        if file_bytes > most:
            raise EntityTooLarge(ProposedSize=file_bytes, MaxSizeAllowed=most)
        if file_bytes < least:
            raise EntityTooSmall(ProposedSize=file_bytes, MinSizeAllowed=least)


def _parse(encoded: str) -> tuple[int, list[_Condition], list[_Range]]:
    try:
        document = parse_document(b64decode(encoded, validate=True), bytes_max=_POLICY_BYTES_MAX)
    except (ValueError, binascii.Error):
        document = None
    if not isinstance(document, dict):
        raise _invalid("Invalid JSON.")
    if "expiration" not in document:
        raise _invalid("Policy missing expiration.")
    listed = document.get("conditions")
    if not isinstance(listed, list):
        raise _invalid(
            "Policy missing conditions." if listed is None else "Invalid 'conditions' value: must be a List."
        )
    conditions: list[_Condition] = []
    ranges: list[_Range] = []
    for one in listed:
        condition = _parse_condition(one)
        if isinstance(condition, _Range):
            ranges.append(condition)
        else:
            conditions.append(condition)
    return _parse_expiration(document["expiration"]), conditions, ranges


def _parse_expiration(value: Any) -> int:
    match = _EXPIRATION.fullmatch(value) if isinstance(value, str) else None
    if match is not None:
        try:
            moment = datetime.strptime(match[1], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc)
        except ValueError:
            match = None
    if match is None:
        raise _invalid(f"Invalid 'expiration' value: '{value}'")
    return int(moment.timestamp()) * 1000


def _parse_condition(value: Any) -> _Condition | _Range:
    if isinstance(value, dict):
        if len(value) != 1:
            raise _invalid("Invalid Simple-Condition: Simple-Conditions must have exactly one property specified.")
        ((name, wanted),) = value.items()
        if not isinstance(wanted, str):
            raise _invalid("Invalid Simple-Condition: value must be a string.")
        return _Condition("eq", f"${name}", wanted)
    if not isinstance(value, list) or len(value) != 3 or not isinstance(value[0], str):
        raise _invalid("Invalid Condition: must be an object with one property or a list of three values.")
    operator = value[0].lower()
    if operator == _RANGE:
        least, most = _find_size(value[1]), _find_size(value[2])
        if least is None or most is None:
            return _Condition(operator, str(value[1]), str(value[2]))
        return _Range(least, most)
    if operator not in ("eq", "starts-with") or not all(isinstance(part, str) for part in value[1:]):
        raise _invalid(f"Invalid Condition: unknown operation '{value[0][:100]}' or a value that is no string.")
    return _Condition(operator, value[1], value[2])


def _find_size(value: Any) -> int | None:
    """A number of bytes, as a number or as text; None for anything else."""
    text = str(value) if isinstance(value, (int, str)) and not isinstance(value, bool) else ""
    return int(text) if _SIZE.fullmatch(text) else None


def _invalid(detail: str) -> InvalidPolicyDocument:
    return InvalidPolicyDocument(f"Invalid Policy: {detail}")
