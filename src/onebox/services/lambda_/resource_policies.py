"""Who may invoke a function besides its own account: what its resource policy says.
AWS: https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html"""

from __future__ import annotations

from collections.abc import Mapping

import orjson

from onebox.services.context import Principal, RequestContext, Wire
from onebox.services.iam.policy import (
    Caller,
    PolicyRequest,
    Statement,
    compile_policy,
    condition_keys,
    evaluate,
    principal_caller,
    service_caller,
)
from onebox.services.lambda_.errors import AccessDeniedException
from onebox.services.lambda_.naming import FunctionReference
from onebox.services.lambda_.store.policies import PolicyStore

_INVOKE = "lambda:InvokeFunction"


def policy_document(statements: list[Wire]) -> str:
    """The statements as a policy document."""
    return orjson.dumps({"Version": "2012-10-17", "Id": "default", "Statement": statements}).decode()


def load_policy(policies: PolicyStore, reference: FunctionReference) -> tuple[Statement, ...]:
    """The statements of the policy of a function, version or alias."""
    statements = policies.find_policy(reference.key, reference.qualifier or "")
    return compile_policy(policy_document(statements)) if statements else ()


def check_service(
    policies: PolicyStore, reference: FunctionReference, *, service: str, source_arn: str, account: str
) -> None:
    """Raise AccessDeniedException unless the policy lets ``service`` invoke the function for ``source_arn``."""
    keys = {"aws:SourceArn": source_arn, "aws:SourceAccount": account}
    _check(policies, reference, service_caller(service), service, keys)


def check_account(
    policies: PolicyStore, reference: FunctionReference, context: RequestContext, action: str = _INVOKE
) -> None:
    """Raise AccessDeniedException unless the caller is of the function's account or the policy lets him in."""
    if reference.key.account != context.account:
        caller = principal_caller(context.principal)
        _check(policies, reference, caller, context.principal.arn, {}, action)


def allows_url(policies: PolicyStore, reference: FunctionReference, caller: Principal, auth_type: str) -> bool:
    """Whether the policy lets a caller, perhaps an anonymous one, send requests to the function's URL."""
    statements = load_policy(policies, reference)
    keys = condition_keys({"lambda:FunctionUrlAuthType": auth_type})
    request = PolicyRequest("lambda:InvokeFunctionUrl", reference.arn, principal_caller(caller), keys)
    return evaluate(statements, request).allowed


def _check(
    policies: PolicyStore,
    reference: FunctionReference,
    caller: Caller,
    name: str,
    keys: Mapping[str, str],
    action: str = _INVOKE,
) -> None:
    statements = load_policy(policies, reference)
    request = PolicyRequest(action, reference.arn, caller, condition_keys(keys))
    if not evaluate(statements, request).allowed:
        raise not_authorized(name, action, reference.arn)


def not_authorized(caller: str, action: str, arn: str) -> AccessDeniedException:
    """A refusal in AWS's words."""
    return AccessDeniedException(
        f"User: {caller} is not authorized to perform: {action} on resource: {arn} because no resource-based "
        f"policy allows the {action} action"
    )
