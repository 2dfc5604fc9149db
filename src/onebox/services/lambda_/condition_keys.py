"""The condition keys of Lambda's requests. Pure.
AWS: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from onebox.services.context import Wire

CONDITION_KEYS = (
    "aws:RequestTag/…",
    "aws:ResourceTag/…",
    "aws:TagKeys",
    "lambda:FunctionArn",
    "lambda:FunctionUrlAuthType",
    "lambda:Layer",
    "lambda:Principal",
)


def find_condition_keys(
    function_arn: str | None, resource_tags: Mapping[str, str], request: Wire
) -> dict[str, str | Iterable[str]]:
    """The keys of a request about a resource with these tags. ``function_arn`` is the function that an event source
    mapping invokes; None for other requests."""
    keys: dict[str, str | Iterable[str]] = {f"aws:ResourceTag/{name}": value for name, value in resource_tags.items()}
    tags: Mapping[str, str] = request.get("Tags") or {}
    keys.update({f"aws:RequestTag/{name}": value for name, value in tags.items()})
    names = [*tags, *(request.get("TagKeys") or ())]
    if names:
        keys["aws:TagKeys"] = names
    if function_arn is not None:
        keys["lambda:FunctionArn"] = function_arn
    for member, key in (("AuthType", "FunctionUrlAuthType"), ("FunctionUrlAuthType", "FunctionUrlAuthType")):
        if request.get(member):
            keys[f"lambda:{key}"] = request[member]
    if request.get("Layers"):
        keys["lambda:Layer"] = request["Layers"]
    if request.get("Principal"):
        keys["lambda:Principal"] = request["Principal"]
    return keys
