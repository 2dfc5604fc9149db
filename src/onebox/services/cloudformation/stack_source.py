"""From a request to what a stack will be made from: template, parameters, tags; checked before anything is written.

Promises: a source that is accepted parses, has no unresolved reference, and every parameter has an allowed value.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import unquote, urlsplit

from onebox.errors import AwsError
from onebox.services.cloudformation import limits
from onebox.services.cloudformation.blueprint import Blueprint, StackIdentity, draw_blueprint
from onebox.services.cloudformation.capabilities import check_capabilities
from onebox.services.cloudformation.core import Core
from onebox.services.cloudformation.errors import ValidationError
from onebox.services.cloudformation.model import Source, StackSettings
from onebox.services.cloudformation.template.document import Template, parse_template
from onebox.services.cloudformation.template.parameters import decide_parameters
from onebox.services.cloudformation.template.validate import check_template
from onebox.services.context import Principal, RequestContext, Wire

_STACK_NAME = "[a-zA-Z][-a-zA-Z0-9]*"
_ROLE_ARN = re.compile(r"arn:[^:]+:iam::\d{12}:role/(?:.*/)?[\w+=,.@-]+")
_CAPABILITIES = ("CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND")


@dataclass(frozen=True, slots=True)
class Draft:
    """An accepted source with what was made of it on the way."""

    source: Source
    template: Template
    blueprint: Blueprint


def draft(
    core: Core, context: RequestContext, request: Wire, *, stack_id: str, name: str, previous: Source | None
) -> Draft:
    """The source that ``request`` asks for. ``previous`` is what the stack is made from now. Raises AwsError."""
    text = template_text(core, context, request, previous)
    template = load_template(core, text)
    capabilities = _parse_capabilities(request.get("Capabilities", []))
    _check_resource_types(template, request.get("ResourceTypes", []))
    if request.get("RollbackConfiguration", {}).get("RollbackTriggers"):
        raise ValidationError("RollbackTriggers are not supported.")
    parameters = decide_parameters(
        template.parameters, request.get("Parameters", []), None if previous is None else previous.parameters
    )
    check_capabilities(template, capabilities)
    notifications = request.get("NotificationARNs")
    source = Source(
        template=text,
        parameters=parameters,
        tags=_parse_tags(request, previous),
        capabilities=capabilities,
        notification_arns=notifications if notifications is not None else _notifications_of(previous),
    )
    identity = StackIdentity(context.account, context.region, stack_id, name, tuple(source.notification_arns))
    return Draft(source, template, draw_blueprint(template, parameters, identity))


def load_template(core: Core, text: str) -> Template:
    """The checked template of ``text``."""
    template = parse_template(text)
    check_template(template, core.types)
    return template


def template_text(core: Core, context: RequestContext, request: Wire, previous: Source | None = None) -> str:
    """The template's text: in the request, in S3, or the stack's own."""
    body, url = request.get("TemplateBody"), request.get("TemplateURL")
    if request.get("UsePreviousTemplate"):
        if body is not None or url is not None:
            raise ValidationError("Invalid request. UsePreviousTemplate cannot be combined with a template.")
        if previous is None or not previous.template:
            raise ValidationError("UsePreviousTemplate cannot be true for a new stack.")
        return previous.template
    if (body is None) == (url is None):
        raise ValidationError("Either Template URL or Template Body must be specified.")
    if body is not None:
        check_length(body, "templateBody", limits.TEMPLATE_BODY_BYTES)
        return str(body)
    return _fetch_template(core, context, str(url))


def check_length(text: str, member: str, bytes_max: int) -> None:
    """Raise ValidationError unless ``text`` is 1 to ``bytes_max`` long."""
    if not text:
        raise ValidationError(
            f"1 validation error detected: Value '' at '{member}' failed to satisfy constraint: Member must have "
            "length greater than or equal to 1"
        )
    if len(text.encode()) > bytes_max:
        raise ValidationError(
            f"1 validation error detected: Value '{text}' at '{member}' failed to satisfy constraint: Member must have "
            f"length less than or equal to {bytes_max}"
        )


def _fetch_template(core: Core, context: RequestContext, url: str) -> str:
    bucket, key = parse_template_url(url)
    if core.fetch_object is None:
        raise ValidationError("TemplateURL must reference a valid S3 object to which you have access.")
    try:
        content = core.fetch_object(context, bucket, key)
    except AwsError as error:
        more = "For more information check http://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html"
        raise ValidationError(f"S3 error: {error.message}\n{more}") from error
    if len(content) > limits.TEMPLATE_URL_BYTES:
        raise ValidationError(f"Template may not exceed {limits.TEMPLATE_URL_BYTES} bytes in size.")
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise ValidationError("Template format error: unsupported structure.") from None


def parse_template_url(url: str) -> tuple[str, str]:
    """Bucket and key of a URL in path style (``…/bucket/key``) or with the bucket in the host name."""
    parts = urlsplit(url)
    host, path = parts.hostname or "", unquote(parts.path).lstrip("/")
    virtual = re.fullmatch(r"(.+?)\.s3[.-].+", host)
    if parts.scheme not in ("http", "https") or not host:
        raise ValidationError("TemplateURL must be a supported URL.")
    if virtual is not None:
        bucket, key = virtual.group(1), path
    else:
        bucket, _, key = path.partition("/")
    if not bucket or not key:
        raise ValidationError("TemplateURL must reference a valid S3 object to which you have access.")
    return bucket, key


def _check_resource_types(template: Template, allowed: list[str]) -> None:
    """``ResourceTypes`` lists what the caller lets the template hold, as ``AWS::SQS::Queue`` or ``AWS::SQS::*``."""
    for resource in template.resources.values():
        if allowed and not any(fnmatchcase(resource.type, pattern) for pattern in allowed):
            raise ValidationError(
                f"Resource type {resource.type} is not allowed by parameter ResourceTypes [{', '.join(allowed)}]"
            )


def _parse_capabilities(given: list[str]) -> list[str]:
    for capability in given:
        if capability not in _CAPABILITIES:
            raise ValidationError(
                f"1 validation error detected: Value '[{', '.join(given)}]' at 'capabilities' failed to satisfy "
                f"constraint: Member must satisfy constraint: [Member must satisfy enum value set: "
                f"[{', '.join(_CAPABILITIES)}]]"
            )
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


def _notifications_of(previous: Source | None) -> list[str]:
    return [] if previous is None else previous.notification_arns


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


def check_role_arn(role_arn: str | None) -> str | None:
    """The role's ARN, if one is given. Raises ValidationError if it cannot be one."""
    if role_arn is not None and not _ROLE_ARN.fullmatch(role_arn):
        raise ValidationError(f"Role {role_arn} is invalid or cannot be assumed")
    return role_arn


def caller_settings(principal: Principal) -> dict[str, Any]:
    """The settings that name who calls, with all that restricts the caller."""
    return {
        "principal_account": principal.account,
        "principal_arn": principal.arn,
        "principal_user_id": principal.user_id,
        "principal_role_name": principal.role_name,
        "principal_user_name": principal.user_name,
        "principal_entity_id": principal.entity_id,
        "principal_session_policies": principal.session_policies,
        "principal_session_tags": principal.session_tags,
    }


def settings_from_request(context: RequestContext, request: Wire) -> StackSettings:
    """The settings of a new stack."""
    if "OnFailure" in request and "DisableRollback" in request:
        raise ValidationError("Either DisableRollback or OnFailure can be specified, not both.")
    on_failure = request.get("OnFailure", "DO_NOTHING" if request.get("DisableRollback") else "ROLLBACK")
    if on_failure not in ("DO_NOTHING", "ROLLBACK", "DELETE"):
        raise ValidationError(
            f"1 validation error detected: Value '{on_failure}' at 'onFailure' failed to satisfy constraint: Member "
            "must satisfy enum value set: [DO_NOTHING, ROLLBACK, DELETE]"
        )
    return StackSettings(
        **caller_settings(context.principal),
        endpoint_url=context.endpoint_url,
        role_arn=check_role_arn(request.get("RoleARN")),
        on_failure=on_failure,
        timeout_minutes=request.get("TimeoutInMinutes"),
        termination_protection=bool(request.get("EnableTerminationProtection")),
        policy=request.get("StackPolicyBody"),
        retain_except_on_create=bool(request.get("RetainExceptOnCreate")),
    )
