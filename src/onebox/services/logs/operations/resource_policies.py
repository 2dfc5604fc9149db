"""Resource policies of an account: kept, checked and given back. Nothing in onebox writes logs under one.

AWS: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutResourcePolicy.html
"""

from __future__ import annotations

from onebox.services.context import RequestContext, Wire
from onebox.services.logs.core import LogsCore
from onebox.services.logs.errors import (
    InvalidParameterException,
    LimitExceededException,
    ResourceNotFoundException,
)
from onebox.services.logs.limits import DESCRIBE_ITEMS_MAX, POLICY_CHARACTERS_MAX, RESOURCE_POLICIES_MAX
from onebox.services.logs.model import ResourcePolicy
from onebox.services.logs.tokens import invalid_token
from onebox.services.logs.validation import check_length, parse_limit
from onebox.services.paging import make_token, read_token
from onebox.text.documents import parse_object


def put_resource_policy(core: LogsCore, context: RequestContext, request: Wire) -> Wire:
    """Create a policy, or replace the one of that name."""
    _refuse_resource(request)
    name, document = request.get("policyName", ""), request.get("policyDocument", "")
    check_length(name, "policyName", 1, 255)
    check_length(document, "policyDocument", 1, POLICY_CHARACTERS_MAX)
    try:
        parse_object(document)
    except ValueError:
        raise InvalidParameterException("Policy document has syntax errors.") from None
    store = core.resource_policies
    is_new = store.find(context.account, context.region, name) is None
    if is_new and store.count(context.account, context.region) >= RESOURCE_POLICIES_MAX:
        raise LimitExceededException("Resource limit exceeded.")
    policy = ResourcePolicy(name, document, context.now_ms)
    store.put(context.account, context.region, policy)
    return {"resourcePolicy": _item(policy)}


def describe_resource_policies(core: LogsCore, context: RequestContext, request: Wire) -> Wire:
    """The account's policies by name."""
    _refuse_resource(request)
    limit = parse_limit(request, DESCRIBE_ITEMS_MAX)
    (after,) = read_token(request.get("nextToken"), invalid_token, str) or ("",)
    found = core.resource_policies.page(context.account, context.region, after, limit + 1)
    return {
        "resourcePolicies": [_item(policy) for policy in found[:limit]],
        "nextToken": make_token(found[limit - 1].name) if len(found) > limit else None,
    }


def delete_resource_policy(core: LogsCore, context: RequestContext, request: Wire) -> Wire:
    """Delete a policy."""
    _refuse_resource(request)
    name = request.get("policyName", "")
    check_length(name, "policyName", 1, 255)
    if not core.resource_policies.delete(context.account, context.region, name):
        raise ResourceNotFoundException(f"Policy with name [{name}] does not exist.")
    return {}


def _refuse_resource(request: Wire) -> None:
    if request.get("resourceArn") is not None or request.get("policyScope") == "RESOURCE":
        raise InvalidParameterException("Policies of single log groups are not supported; put one for the account.")


def _item(policy: ResourcePolicy) -> Wire:
    return {
        "policyName": policy.name,
        "policyDocument": policy.document,
        "lastUpdatedTime": policy.updated_at_ms,
        "policyScope": "ACCOUNT",
    }
