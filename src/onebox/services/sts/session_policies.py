"""The policies that restrict a session further: one in the request, and managed ones by ARN."""

from __future__ import annotations

from onebox.services.context import RequestContext, Wire
from onebox.services.sts.core import Core
from onebox.services.sts.errors import MalformedPolicyDocumentException, PackedPolicyTooLargeException
from onebox.services.sts.limits import POLICY_ARNS_MAX, POLICY_CHARACTERS_MAX


def load_session_policies(core: Core, context: RequestContext, request: Wire) -> list[str]:
    """The documents. Raises MalformedPolicyDocument or PackedPolicyTooLarge."""
    policies = []
    if "Policy" in request:
        if len(request["Policy"]) > POLICY_CHARACTERS_MAX:
            raise PackedPolicyTooLargeException(
                f"Packed size of session policies exceeds the limit of {POLICY_CHARACTERS_MAX} characters"
            )
        core.iam.check_policy_document(request["Policy"])
        policies.append(request["Policy"])
    arns = [entry.get("arn", "") for entry in request.get("PolicyArns") or []]
    if len(arns) > POLICY_ARNS_MAX:
        raise PackedPolicyTooLargeException(f"At most {POLICY_ARNS_MAX} session policy ARNs are allowed")
    for arn in arns:
        document = core.iam.find_policy_document(context.account, arn)
        if document is None:
            raise MalformedPolicyDocumentException(f"Policy {arn} does not exist or is not attachable.")
        policies.append(document)
    return policies


def packed_size(policies: list[str]) -> int:
    """How much of the limit the policies take, in per cent."""
    return max(1, sum(map(len, policies)) * 100 // POLICY_CHARACTERS_MAX)
