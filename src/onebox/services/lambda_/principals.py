"""Requests that Lambda makes by itself, with the rights of a function's role."""

from __future__ import annotations

from functools import lru_cache

from onebox.arn import partition_of
from onebox.services.context import Principal, RequestContext
from onebox.services.lambda_.model import FunctionVersion


@lru_cache(maxsize=1024)
def role_principal(account: str, region: str, role_arn: str, session_name: str) -> Principal:
    """An execution role as it acts for a function, whose name the session bears."""
    role_name = role_arn.rpartition("/")[2]
    arn = f"arn:{partition_of(region)}:sts::{account}:assumed-role/{role_name}/{session_name}"
    return Principal(
        account=account, arn=arn, user_id=f"{role_name}:{session_name}", role_name=role_name, entity_arn=role_arn
    )


def session_name(function_name: str) -> str:
    """The session name of an execution role: the function's name. Session names have two characters at least."""
    return function_name if len(function_name) > 1 else f"{function_name}@lambda_function"


def role_context(function: FunctionVersion, now_ms: int, request_id: str, endpoint_url: str) -> RequestContext:
    """A request with the rights of the function's role."""
    key = function.key
    principal = role_principal(key.account, key.region, str(function.configuration["Role"]), session_name(key.name))
    return RequestContext(key.account, key.region, principal, now_ms, request_id, endpoint_url)
