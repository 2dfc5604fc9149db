"""X.509 certificates in PEM, read as far as IAM shows them: when one expires. Pure.

RFC 5280. Signatures, names and keys are not looked at.
"""

from __future__ import annotations

import base64
import binascii
from datetime import datetime, timezone

_BEGIN, _END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
_SEQUENCE, _UTC_TIME, _GENERALIZED_TIME, _VERSION = 0x30, 0x17, 0x18, 0xA0


def parse_expiration_ms(pem: str) -> int:
    """The end of the first certificate's validity, in milliseconds since the epoch. Raises ValueError."""
    _, begin, rest = pem.partition(_BEGIN)
    text, end, _ = rest.partition(_END)
    if not begin or not end:
        raise ValueError("no certificate in PEM format")
    try:
        der = base64.b64decode("".join(text.split()), validate=True)
    except binascii.Error as error:
        raise ValueError("no certificate in PEM format") from error
    certificate = _content(der, 0, _SEQUENCE)
    return _moment_ms(_validity_end(_content(certificate, 0, _SEQUENCE)))


def is_private_key(pem: str) -> bool:
    """Whether the text has the form of a private key in PEM."""
    lines = pem.strip().splitlines()
    return len(lines) > 2 and lines[0].startswith("-----BEGIN ") and lines[0].endswith("PRIVATE KEY-----")


def _validity_end(fields: bytes) -> tuple[int, bytes]:
    """Kind and text of ``notAfter`` among the fields of a TBSCertificate."""
    place = 0
    if fields[:1] == bytes([_VERSION]):
        place = _element(fields, 0)[2]
    for _ in range(3):  # serial number, signature algorithm, issuer
        place = _element(fields, place)[2]
    validity = _content(fields, place, _SEQUENCE)
    kind, start, end = _element(validity, _element(validity, 0)[2])
    return kind, validity[start:end]


def _content(data: bytes, place: int, kind: int) -> bytes:
    found, start, end = _element(data, place)
    if found != kind:
        raise ValueError("the certificate is malformed")
    return data[start:end]


def _element(data: bytes, place: int) -> tuple[int, int, int]:
    """Kind, start and end of the DER element at a place."""
    if place + 2 > len(data):
        raise ValueError("the certificate is cut short")
    kind, length, start = data[place], data[place + 1], place + 2
    if length >= 0x80:
        digits = length & 0x7F
        length = int.from_bytes(data[start : start + digits], "big")
        start += digits
    if start + length > len(data):
        raise ValueError("the certificate is cut short")
    return kind, start, start + length


def _moment_ms(value: tuple[int, bytes]) -> int:
    kind, text = value
    if kind not in (_UTC_TIME, _GENERALIZED_TIME):
        raise ValueError("the certificate is malformed")
    written = text.decode("ascii")
    if kind == _UTC_TIME:
        written = ("19" if written[:2] >= "50" else "20") + written
    moment = datetime.strptime(written, "%Y%m%d%H%M%SZ").replace(tzinfo=timezone.utc)
    return int(moment.timestamp() * 1000)
