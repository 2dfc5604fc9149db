"""The credential of an upload by a form: its fields sign the policy, and the policy says what may be uploaded.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTForms.html, and version 2, which boto3 still makes unless
it is told otherwise. Reading only; ``sigv4.verify`` checks the signature.
"""

from __future__ import annotations

from onebox.errors import AccessDenied
from onebox.gateway.denials import AuthorizationQueryParametersError
from onebox.gateway.protocols.post_object import check_present
from onebox.gateway.sigv4 import Credential, make_form_credential

_ALGORITHM = "AWS4-HMAC-SHA256"


def find_form_credential(fields: dict[str, str]) -> Credential:
    """Who signed the form's policy. Raises AccessDenied for a form that nobody signed, and InvalidArgument or
    AuthorizationQueryParametersError for one that is signed badly."""
    if "x-amz-signature" in fields or "x-amz-credential" in fields or "x-amz-algorithm" in fields:
        return _version_4(fields)
    if "signature" in fields or "awsaccesskeyid" in fields:
        check_present(fields, "AWSAccessKeyId", "policy", "signature")
        return Credential(
            fields["awsaccesskeyid"],
            "",
            "us-east-1",  # version 2 names no region; it belongs to the oldest one
            "s3",
            "",
            fields["signature"],
            "",
            fields.get("x-amz-security-token"),
            True,
            fields["policy"],
        )
    raise AccessDenied("Access Denied")


def _version_4(fields: dict[str, str]) -> Credential:
    check_present(fields, "policy", "X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Signature")
    if fields["x-amz-algorithm"] != _ALGORITHM:
        raise AuthorizationQueryParametersError(f'X-Amz-Algorithm only supports "{_ALGORITHM}"')
    credential = make_form_credential(
        fields["x-amz-credential"],
        fields["x-amz-signature"],
        timestamp=fields["x-amz-date"],
        session_token=fields.get("x-amz-security-token"),
        policy=fields["policy"],
    )
    if credential is None or credential.service != "s3":
        raise AuthorizationQueryParametersError(
            "Error parsing the X-Amz-Credential parameter; the Credential is mal-formed; expecting "
            '"<YOUR-AKID>/YYYYMMDD/REGION/s3/aws4_request".'
        )
    if credential.timestamp[:8] != credential.date:
        raise AuthorizationQueryParametersError(
            f'Invalid credential date "{credential.date}". This date is not the same as X-Amz-Date: '
            f'"{credential.timestamp[:8]}".'
        )
    return credential
