"""Signatures of notifications, as AWS's algorithm makes and verifies them: RSA 2048, PKCS #1 v1.5, base64.

The package ``cryptography`` is imported at the first use: it takes 11 MiB of memory and a tenth of a second.
AWS: https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import NamedTuple

from onebox.services.own_paths import CERTIFICATES_PATH

_KEY_BITS = 2048
_YEARS = 50
_REMEMBERED = 64
"""One message has the same signature for all subscriptions; a batch of 10 may have a text for each protocol."""


class KeyPair(NamedTuple):
    """A private key and its certificate, both PEM."""

    private_key: bytes
    certificate: bytes


def make_key_pair(now_ms: int) -> KeyPair:
    """A new key with a certificate that it signs itself. Takes up to half a second of a thread."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "onebox SNS")])
    begins = datetime.fromtimestamp(now_ms / 1000, timezone.utc) - timedelta(days=1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + timedelta(days=365 * _YEARS))
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private_key = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return KeyPair(private_key, certificate.public_bytes(pem))


class Signer:
    """Signs with one key."""

    def __init__(self, pair: KeyPair) -> None:
        self.certificate = pair.certificate
        self.certificate_path = (
            f"{CERTIFICATES_PATH}SimpleNotificationService-{hashlib.sha256(pair.certificate).hexdigest()[:32]}.pem"
        )
        self._sign_digest = lru_cache(maxsize=_REMEMBERED)(_make_sign(pair.private_key))

    def sign(self, to_sign: str, signature_version: str) -> str:
        """The signature of a string to sign, for SignatureVersion 1 (SHA-1, on AWS too) or 2 (SHA-256)."""
        algorithm = hashlib.sha256 if signature_version == "2" else hashlib.sha1
        return self._sign_digest(algorithm(to_sign.encode()).digest())


def _make_sign(private_key: bytes) -> Callable[[bytes], str]:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    key = load_pem_private_key(private_key, None)
    assert isinstance(key, RSAPrivateKey)
    sha1, sha256 = Prehashed(hashes.SHA1()), Prehashed(hashes.SHA256())  # noqa: S303 - AWS's SignatureVersion 1

    def sign(digest: bytes) -> str:
        return base64.b64encode(key.sign(digest, PKCS1v15(), sha256 if len(digest) == 32 else sha1)).decode()

    return sign
