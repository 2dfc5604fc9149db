"""From a request to a stack's source: template, parameters, tags; checked before anything is written.

Promises: a source that is accepted parses, has no unresolved reference, and every parameter has an allowed value.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from onebox.errors import AccessDenied
from onebox.services.cloudformation import limits
from onebox.services.cloudformation.blueprint import Blueprint, StackIdentity, draw_blueprint
from onebox.services.cloudformation.capabilities import check_capabilities
from onebox.services.cloudformation.choices import check_choice, check_choices
from onebox.services.cloudformation.core import Core
from onebox.services.cloudformation.errors import InsufficientCapabilitiesException, ValidationError
from onebox.services.cloudformation.model import Source, StackSettings
from onebox.services.cloudformation.stored_parameters import find_stored_values
from onebox.services.cloudformation.template.document import Template, parse_outline, parse_template
from onebox.services.cloudformation.template.parameters import decide_parameters, parameter_value
from onebox.services.cloudformation.template.parse import parse_template_text
from onebox.services.cloudformation.template.validate import check_template
from onebox.services.cloudformation.template_text import load_template_text
from onebox.services.cloudformation.transforms.expand import Expansion, expand, has_transforms
from onebox.services.context import Principal, RequestContext, Wire
from onebox.text.globs import compile_glob

_STACK_NAME = "[a-zA-Z][-a-zA-Z0-9]*"
_ROLE_ARN = re.compile(r"arn:[^:/]+:iam::[0-9]{12}:role/[\w+=,.@/-]+", re.ASCII)
SERVICE_PRINCIPAL = "cloudformation.amazonaws.com"
_CAPABILITIES = ("CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND")


@dataclass(frozen=True, slots=True)
class Draft:
    """An accepted source with what was made of it on the way."""

    source: Source
    template: Template
    blueprint: Blueprint


async def draft(
    core: Core,
    context: RequestContext,
    request: Wire,
    *,
    stack_id: str,
    name: str,
    previous: Source | None,
    is_reviewed: bool = False,
) -> Draft:
    """The source that ``request`` asks for. ``previous`` is the stack's source now. Raises AwsError.

    A template with transforms needs CAPABILITY_AUTO_EXPAND, unless ``is_reviewed``: it is for a change set."""
    text = await load_template_text(core, context, request, previous)
    capabilities = _parse_capabilities(request.get("Capabilities", []))
    if len(request.get("Parameters", [])) > limits.PARAMETERS_MAX:
        raise ValidationError(f"At most {limits.PARAMETERS_MAX} parameters can be given.")
    if request.get("RollbackConfiguration", {}).get("RollbackTriggers"):
        raise ValidationError("RollbackTriggers are not supported.")
    tags = _parse_tags(request, previous)
    notifications = request.get("NotificationARNs")
    if notifications is None:
        notifications = [] if previous is None else previous.notification_arns
    identity = StackIdentity(context.account, context.region, stack_id, name, tuple(notifications))

    given = request.get("Parameters", [])
    old = None if previous is None else previous.parameters
    run = Expansion(core, context, identity, {})
    document = await _find_transforms(run, text, given, old)
    if document and not is_reviewed and "CAPABILITY_AUTO_EXPAND" not in capabilities:
        raise InsufficientCapabilitiesException("Requires capabilities : [CAPABILITY_AUTO_EXPAND]")
    processed = await expand(run, document) if document else text

    def read() -> tuple[Template, dict[str, str]]:
        template = parse_template(processed)
        check_template(template, core.types)
        _check_resource_types(template, request.get("ResourceTypes", []))
        parameters = decide_parameters(template.parameters, given, old)
        check_capabilities(template, capabilities)
        return template, parameters

    template, parameters = await core.workbench.run(read)
    resolved = await find_stored_values(core.caller, context, template.parameters, parameters)

    def draw() -> Draft:
        source = Source(
            template=processed,
            original=None if processed == text else text,
            parameters=parameters,
            resolved=resolved,
            tags=tags,
            capabilities=capabilities,
            notification_arns=notifications,
            description=template.description,
            no_echo=[name for name, declaration in template.parameters.items() if declaration.no_echo],
        )
        return Draft(source, template, draw_blueprint(template, source.values, identity))

    return await core.workbench.run(draw)


async def _find_transforms(
    run: Expansion, text: str, given: list[Wire], old: dict[str, str] | None
) -> dict[str, Any] | None:
    """The document of a template with transforms, whose parameters ``run`` gets; None without transforms."""
    if "Transform" not in text:
        return None

    def work() -> dict[str, Any] | None:
        document = parse_template_text(text)
        if not has_transforms(document):
            return None
        declared = parse_outline(text).parameters
        values = decide_parameters(declared, given, old)
        run.parameters = {name: parameter_value(declared[name], value) for name, value in values.items()}
        return document

    return await run.core.workbench.run(work)


async def load_template(core: Core, text: str) -> Template:
    """The checked template of ``text``; its outline only if it has transforms. Raises ValidationError."""

    def work() -> Template:
        if "Transform" in text and has_transforms(parse_template_text(text)):
            return parse_outline(text)
        template = parse_template(text)
        check_template(template, core.types)
        return template

    return await core.workbench.run(work)


def _check_resource_types(template: Template, allowed: list[str]) -> None:
    """``ResourceTypes`` lists what the caller lets the template hold, as ``AWS::SQS::Queue`` or ``AWS::SQS::*``."""
    for resource in template.resources.values():
        if allowed and not any(compile_glob(pattern).matches(resource.type) for pattern in allowed):
            raise ValidationError(
                f"Resource type {resource.type} is not allowed by parameter ResourceTypes [{', '.join(allowed)}]"
            )


def _parse_capabilities(given: list[str]) -> list[str]:
    check_choices("capabilities", given, _CAPABILITIES)
    return list(given)


def _parse_tags(request: Wire, previous: Source | None) -> dict[str, str]:
    if "Tags" not in request:
        return {} if previous is None else previous.tags
    tags: dict[str, str] = {}
    for tag in request["Tags"]:
        key, value = tag.get("Key", ""), tag.get("Value", "")
        if not key:
            raise ValidationError("Tag keys must not be empty")
        if key.startswith("aws:"):
            raise ValidationError("aws: prefixed tag key names are not allowed for external use.")
        if key in tags:
            raise ValidationError("Duplicate tag keys are not allowed")
        tags[key] = value
    if len(tags) > limits.TAGS_MAX:
        raise ValidationError(f"Tags list must not contain more than {limits.TAGS_MAX} tags")
    return tags


def check_stack_name(name: str) -> None:
    """Raise ValidationError unless a stack may be called ``name``."""
    rule = None
    if not re.fullmatch(_STACK_NAME, name):
        rule = f"Member must satisfy regular expression pattern: {_STACK_NAME}"
    elif len(name) > limits.STACK_NAME_CHARACTERS:
        rule = f"Member must have length less than or equal to {limits.STACK_NAME_CHARACTERS}"
    if rule is not None:
        raise ValidationError(
            f"1 validation error detected: Value '{name}' at 'stackName' failed to satisfy constraint: {rule}"
        )


def check_role(core: Core, context: RequestContext, request: Wire) -> str | None:
    """The ARN of the role that the request gives, None without one.

    Raises AccessDenied unless the caller may pass the role, and ValidationError unless it is a role of the account that
    CloudFormation may assume."""
    role_arn = request.get("RoleARN")
    if role_arn is None:
        return None
    decision = core.iam.check_pass_role(context, role_arn, SERVICE_PRINCIPAL)
    if not decision.allowed:
        raise AccessDenied(decision.reason)
    role = core.iam.find_role(context.account, role_arn) if _ROLE_ARN.fullmatch(role_arn) else None
    if role is None or not core.iam.trusts_service(role, SERVICE_PRINCIPAL):
        raise ValidationError(f"Role {role_arn} is invalid or cannot be assumed")
    return str(role_arn)


def caller_settings(principal: Principal) -> dict[str, Any]:
    """The settings that name who calls, with all that restricts the caller."""
    return {
        "principal_account": principal.account,
        "principal_arn": principal.arn,
        "principal_user_id": principal.user_id,
        "principal_role_name": principal.role_name,
        "principal_user_name": principal.user_name,
        "principal_entity_id": principal.entity_id,
        "principal_entity_arn": principal.entity_arn,
        "principal_session_policies": principal.session_policies,
        "principal_session_tags": principal.session_tags,
    }


def settings_from_request(core: Core, context: RequestContext, request: Wire, policy: str | None) -> StackSettings:
    """The settings of a new stack."""
    if "OnFailure" in request and "DisableRollback" in request:
        raise ValidationError("Either DisableRollback or OnFailure can be specified, not both.")
    on_failure = request.get("OnFailure", "DO_NOTHING" if request.get("DisableRollback") else "ROLLBACK")
    check_choice("onFailure", on_failure, ("DO_NOTHING", "ROLLBACK", "DELETE"))
    return StackSettings(
        **caller_settings(context.principal),
        endpoint_url=context.endpoint_url,
        role_arn=check_role(core, context, request),
        on_failure=on_failure,
        timeout_minutes=request.get("TimeoutInMinutes"),
        termination_protection=bool(request.get("EnableTerminationProtection")),
        policy=policy,
        retain_except_on_create=bool(request.get("RetainExceptOnCreate")),
    )
