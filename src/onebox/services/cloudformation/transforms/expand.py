"""The transforms of a template, in AWS's order: ``Fn::Transform`` from the inside out, then the section ``Transform``.

A macro is a Lambda function that a resource AWS::CloudFormation::Macro of the account names. It is called with the
caller's rights and gets a part of the template.
AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-macros-author.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from onebox.errors import AwsError
from onebox.services.cloudformation import limits
from onebox.services.cloudformation.blueprint import StackIdentity
from onebox.services.cloudformation.core import Core
from onebox.services.cloudformation.errors import ValidationError
from onebox.services.cloudformation.template.intrinsics import UNKNOWN, Scope, evaluate
from onebox.services.cloudformation.template.parse import parse_template_text
from onebox.services.cloudformation.template_text import fetch_text
from onebox.services.cloudformation.transforms.language_extensions import LANGUAGE_EXTENSIONS, extend
from onebox.services.cloudformation.transforms.serverless import SERVERLESS, translate_serverless
from onebox.services.context import RequestContext, Wire
from onebox.text.documents import parse_object

INCLUDE = "AWS::Include"
_MACRO_CALLS_MAX = 100
"""Calls of macros for one template. onebox's own limit: each call runs a function."""


def has_transforms(document: Mapping[str, Any]) -> bool:
    """Whether the template asks for any transform."""
    if document.get("Transform"):
        return True
    pending: list[Any] = [document]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            if "Fn::Transform" in value:
                return True
            pending.extend(value.values())
        elif isinstance(value, list):
            pending.extend(value)
    return False


@dataclass(slots=True)
class Expansion:
    """One template on its way through its transforms."""

    core: Core
    context: RequestContext
    identity: StackIdentity
    parameters: Mapping[str, Any]
    """The values that Ref yields, by parameter."""
    calls_left: int = _MACRO_CALLS_MAX

    def scope(self, document: Mapping[str, Any]) -> Scope:
        """The scope of what is known before deployment."""
        values = {**self.identity.pseudo_parameters(), **self.parameters}
        return Scope(
            values,
            document.get("Mappings", {}),
            {},
            self.identity.region,
            extended=True,
            resource=_unknown,
            attribute=_unknown,
            import_value=_unknown,
        )


async def expand(run: Expansion, document: dict[str, Any]) -> str:
    """The text of the processed template. Raises ValidationError, and AwsError of the services that it calls."""
    declared = document.get("Transform", [])
    names = declared if isinstance(declared, list) else [declared]
    body = {name: section for name, section in document.items() if name != "Transform"}
    body = await _expand_inner(run, body, body)
    for one in names:
        body = await _apply(run, *_name_and_parameters(one), body, whole=body)
        if not isinstance(body, dict):
            raise ValidationError("Template format error: a transform must yield an object.")
    if LANGUAGE_EXTENSIONS in names:
        # Kept for the evaluation at deployment; GetTemplate leaves it out.
        body = {"Transform": LANGUAGE_EXTENSIONS, **body}
    text = json.dumps(body, separators=(",", ":"), ensure_ascii=False)
    if len(text.encode("utf-8", "replace")) > limits.TEMPLATE_URL_BYTES:
        raise ValidationError(f"The processed template may not exceed {limits.TEMPLATE_URL_BYTES} bytes in size.")
    return text


async def _expand_inner(run: Expansion, value: Any, whole: Mapping[str, Any]) -> Any:
    if isinstance(value, list):
        return [await _expand_inner(run, item, whole) for item in value]
    if not isinstance(value, dict):
        return value
    members = {
        name: member if name == "Fn::Transform" else await _expand_inner(run, member, whole)
        for name, member in value.items()
    }
    if "Fn::Transform" not in members:
        return members
    name, parameters = _name_and_parameters(members.pop("Fn::Transform"))
    return await _apply(run, name, parameters, members, whole=whole)


def _name_and_parameters(transform: Any) -> tuple[str, dict[str, Any]]:
    if isinstance(transform, str):
        return transform, {}
    if isinstance(transform, dict) and isinstance(transform.get("Name"), str):
        parameters = transform.get("Parameters", {})
        if isinstance(parameters, dict):
            return transform["Name"], parameters
    raise ValidationError("Template format error: a transform is a name, or an object with Name and Parameters.")


async def _apply(
    run: Expansion, name: str, parameters: dict[str, Any], fragment: dict[str, Any], *, whole: Mapping[str, Any]
) -> Any:
    if name == LANGUAGE_EXTENSIONS:
        return await run.core.workbench.run(lambda: extend(fragment, run.scope(whole)))
    if name == SERVERLESS:
        values = {key: value for key, value in run.parameters.items() if key in fragment.get("Parameters", {})}
        region = run.identity.region
        return await run.core.workbench.run(lambda: translate_serverless(fragment, values, region))
    known = evaluate(parameters, run.scope(whole))
    if name == INCLUDE:
        return {**await _include(run, known), **fragment}
    return await _call_macro(run, name, known, fragment)


async def _include(run: Expansion, parameters: dict[str, Any]) -> dict[str, Any]:
    location = parameters.get("Location")
    if not isinstance(location, str):
        raise ValidationError(f"Transform {INCLUDE} failed with: The location parameter is missing.")
    bucket, _, key = location.removeprefix("s3://").partition("/")
    url = f"https://s3.amazonaws.com/{bucket}/{key}" if location.startswith("s3://") else location
    text = await fetch_text(run.core, run.context, url, limits.TEMPLATE_URL_BYTES)
    return await run.core.workbench.run(lambda: parse_template_text(text))


async def _call_macro(run: Expansion, name: str, parameters: dict[str, Any], fragment: dict[str, Any]) -> Any:
    account, region = run.identity.account, run.identity.region
    macro = run.core.store.resources.find_macro(account, region, name)
    if macro is None:
        raise ValidationError(f"No transform named {account}::{name} found.")
    run.calls_left -= 1
    if run.calls_left < 0:
        raise ValidationError(f"A template may call macros {_MACRO_CALLS_MAX} times.")
    transform_id = f"{account}::{name}"
    event = {
        "region": region,
        "accountId": account,
        "fragment": fragment,
        "transformId": transform_id,
        "params": parameters,
        "requestId": run.core.deps.ids.uuid(),
        "templateParameterValues": dict(run.parameters),
    }
    answer = await _invoke(run, macro, event, transform_id)
    if str(answer.get("status", "")).lower() != "success":
        reason = answer.get("errorMessage")
        words = f"failed with: {str(reason)[:2_000]}" if reason else "failed without an error message."
        raise ValidationError(f"Transform {transform_id} {words}")
    if "fragment" not in answer:
        raise ValidationError(f"Transform {transform_id} failed with: the answer has no fragment.")
    return answer["fragment"]


async def _invoke(run: Expansion, function: str, event: Wire, transform_id: str) -> dict[str, Any]:
    context = replace(run.context, called_via="cloudformation.amazonaws.com")
    request = {"FunctionName": function, "Payload": json.dumps(event).encode()}
    try:
        answer = await run.core.caller.call(context, "lambda", "Invoke", request)
    except AwsError as error:
        raise ValidationError(f"Transform {transform_id} failed with: {error.message}") from error
    try:
        payload = parse_object(bytes(answer["Payload"]), bytes_max=6 * limits.TEMPLATE_URL_BYTES)
    except ValueError as error:
        raise ValidationError(f"Transform {transform_id} failed with: {error}.") from None
    if "FunctionError" in answer:
        raise ValidationError(f"Transform {transform_id} failed with: {str(payload.get('errorMessage'))[:2_000]}")
    return payload


def _unknown(*_names: str) -> Any:
    return UNKNOWN
