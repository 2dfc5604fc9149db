"""Looking at templates: ValidateTemplate, GetTemplate, GetTemplateSummary.

AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_GetTemplateSummary.html
"""

from __future__ import annotations

import json
from typing import Any

from onebox.services.cloudformation.capabilities import needed_capability
from onebox.services.cloudformation.choices import check_choice
from onebox.services.cloudformation.core import Core
from onebox.services.cloudformation.errors import ValidationError
from onebox.services.cloudformation.lookup import load_stack
from onebox.services.cloudformation.model import Source
from onebox.services.cloudformation.operations.change_sets import load_change_set
from onebox.services.cloudformation.stack_source import load_template
from onebox.services.cloudformation.template.document import Template
from onebox.services.cloudformation.template_text import load_template_text
from onebox.services.cloudformation.views import show_declarations, without_none
from onebox.services.context import RequestContext, Wire
from onebox.services.registry import Operation, OperationTable, WaitingOperation


async def validate_template(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Check a template without parameters. Raises ValidationError."""
    template = await load_template(core, await load_template_text(core, context, request))
    parameters = [
        without_none(
            {
                "ParameterKey": declaration.name,
                "DefaultValue": declaration.default,
                "NoEcho": declaration.no_echo,
                "Description": declaration.description,
            }
        )
        for declaration in template.parameters.values()
    ]
    answer = {"Parameters": parameters, "Description": template.description, **_capabilities(template)}
    return without_none({**answer, "DeclaredTransforms": list(template.transforms) or None})


def get_template(core: Core, context: RequestContext, request: Wire) -> Wire:
    """The template's text as it was given, or after its transforms. Without transforms both are the same."""
    stage = request.get("TemplateStage", "Original")
    check_choice("templateStage", stage, ("Original", "Processed"))
    if request.get("ChangeSetName"):
        change_set, _ = load_change_set(core, context, request)
        source = change_set.source
    else:
        if not request.get("StackName"):
            raise ValidationError("StackName is required if ChangeSetName is not specified.")
        source = load_stack(core, context, request["StackName"]).source
    text = source.original_template if stage == "Original" else _processed(source)
    return {"TemplateBody": text, "StagesAvailable": ["Original", "Processed"]}


def _processed(source: Source) -> str:
    if source.original is None:
        return source.template
    document = json.loads(source.template)
    return json.dumps({name: section for name, section in document.items() if name != "Transform"})


async def get_template_summary(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Parameters, types and capabilities of a template or of a stack's."""
    name = request.get("StackName")
    if name and ("TemplateBody" in request or "TemplateURL" in request):
        raise ValidationError(
            "Either Template URL, Template Body or Stack Name must be specified, and only one of them."
        )
    if name:
        stack = load_stack(core, context, name)
        if not stack.source.template:
            raise ValidationError("GetTemplateSummary cannot be called on REVIEW_IN_PROGRESS stacks.")
        text = stack.source.original_template
        template = await load_template(core, text)
    else:
        template = await load_template(core, await load_template_text(core, context, request))
    return without_none(
        {
            "Parameters": show_declarations(template.parameters),
            "Description": template.description,
            **_capabilities(template),
            "ResourceTypes": list(dict.fromkeys(resource.type for resource in template.resources.values())),
            "Version": template.version,
            "Metadata": None if template.metadata is None else _single_quoted(template.metadata),
            "DeclaredTransforms": list(template.transforms) or None,
            "ResourceIdentifierSummaries": _identifiers(core, template),
        }
    )


def _single_quoted(value: Any) -> str:
    """Metadata as AWS writes it: JSON with texts in single quotes."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_single_quoted(key)}: {_single_quoted(member)}' for key, member in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(_single_quoted(item) for item in value)}]"
    return f"'{value}'" if isinstance(value, str) else json.dumps(value)


def _capabilities(template: Template) -> Wire:
    needed = needed_capability(template)
    names, reasons = [], []
    if needed is not None:
        names.append(needed[0])
        reasons.append(f"The following resource(s) require capabilities: [{', '.join(needed[1])}]")
    if template.transforms:
        names.append("CAPABILITY_AUTO_EXPAND")
        reasons.append(f"The template has transforms: [{', '.join(template.transforms)}]")
    return {"Capabilities": names, "CapabilitiesReason": ". ".join(reasons)} if names else {}


def _identifiers(core: Core, template: Template) -> list[Wire]:
    """By which property a resource of each type is identified, for the types that have a name of their own."""
    by_type: dict[str, list[str]] = {}
    for resource in template.resources.values():
        by_type.setdefault(resource.type, []).append(resource.logical_id)
    return [
        {"ResourceType": name, "LogicalResourceIds": ids, "ResourceIdentifiers": [core.types[name].naming.property]}
        for name, ids in by_type.items()
        if name in core.types and core.types[name].naming.property is not None
    ]


TEMPLATE_OPERATIONS: OperationTable[Core] = {
    "ValidateTemplate": WaitingOperation(validate_template),
    "GetTemplate": Operation(get_template, reads_only=True),
    "GetTemplateSummary": WaitingOperation(get_template_summary),
}
