"""Who calls: from the credential in a request to a Principal.

Plain credentials act as the root of an account, the one the access key names if it is a 12-digit account id, else
000000000000. Credentials that onebox issued (a Lambda role's, AssumeRole's) act as that role: their signature and
token are verified and their end is kept. Knows nothing of policies.
"""

from __future__ import annotations

from onebox.errors import AwsError
from onebox.gateway.message import Request
from onebox.gateway.sigv4 import Credential, verify
from onebox.services.context import Principal
from onebox.services.iam.internal import IamInternal
from onebox.services.iam.model import Session

DEFAULT_ACCOUNT = "000000000000"


class MissingAuthenticationToken(AwsError):
    status = 403


class InvalidClientTokenId(AwsError):
    status = 403


class SignatureDoesNotMatch(AwsError):
    status = 403


class ExpiredToken(AwsError):
    status = 403


def authenticate(
    request: Request, credential: Credential | None, iam: IamInternal, now_ms: int, partition: str
) -> Principal:
    """The caller. Raises AwsError if the credentials are missing, expired or wrongly signed."""
    if credential is None:
        raise MissingAuthenticationToken("Request is missing Authentication Token")
    # Only keys that begin so are ever issued; a plain key needs no look-up.
    session = iam.find_session(credential.access_key_id) if credential.access_key_id.startswith("ASIA") else None
    if session is None:
        return _root(credential.access_key_id, partition)
    _verify(request, credential, session, now_ms)
    return session.principal


def _root(access_key_id: str, partition: str) -> Principal:
    names_account = len(access_key_id) == 12 and access_key_id.isdecimal() and access_key_id.isascii()
    account = access_key_id if names_account else DEFAULT_ACCOUNT
    return Principal(account=account, arn=f"arn:{partition}:iam::{account}:root", user_id=account)


def _verify(request: Request, credential: Credential, session: Session, now_ms: int) -> None:
    if session.expiration_at_ms <= now_ms:
        raise ExpiredToken("The security token included in the request is expired")
    if credential.session_token != session.session_token:
        raise InvalidClientTokenId("The security token included in the request is invalid.")
    if not verify(request, credential, session.secret_access_key):
        raise SignatureDoesNotMatch(
            "The request signature we calculated does not match the signature you provided. "
            "Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
        )
