"""Who may use a version of a layer: its own account's callers as IAM allows, others as its resource policy does.
AWS: https://docs.aws.amazon.com/lambda/latest/dg/permissions-layer-cross-account.html"""

from __future__ import annotations

from onebox.services.context import RequestContext
from onebox.services.iam.policy import (
    PolicyRequest,
    Statement,
    compile_policy,
    condition_keys,
    evaluate,
    principal_caller,
)
from onebox.services.lambda_.model import LayerVersion
from onebox.services.lambda_.resource_policies import not_authorized, policy_document

GET = "lambda:GetLayerVersion"


def compiled_policy(version: LayerVersion | None) -> tuple[Statement, ...]:
    """The statements of a version's policy; none for a version that does not exist."""
    if version is None or not version.statements:
        return ()
    return compile_policy(policy_document(list(version.statements)))


def check_other_account(context: RequestContext, account: str, arn: str, version: LayerVersion | None) -> None:
    """Raise AccessDeniedException unless the caller is of the layer's account or the version's policy lets him use
    it. Whether there is such a version is no other account's business."""
    if account == context.account:
        return
    request = PolicyRequest(GET, arn, principal_caller(context.principal), condition_keys({}))
    if not evaluate(compiled_policy(version), request).allowed:
        raise not_authorized(context.principal.arn, GET, arn)
