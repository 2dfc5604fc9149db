"""What can be said of a template before any parameter is known: every reference has a target, every type is known.

Promises: a template that passes has no unresolved reference and no circle among its resources.
Knows nothing of parameter values. AWS checks the same in ValidateTemplate, CreateStack and CreateChangeSet.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from onebox.services.cloudformation.errors import ValidationError
from onebox.services.cloudformation.template.document import ResourceDeclaration, Template
from onebox.services.cloudformation.template.graph import decide_order
from onebox.services.cloudformation.template.references import Reference, find_references

PSEUDO_PARAMETERS = frozenset(
    f"AWS::{name}"
    for name in ["AccountId", "NotificationARNs", "NoValue", "Partition", "Region", "StackId", "StackName", "URLSuffix"]
)


class KnownType(Protocol):
    """What the check needs to know of a resource type."""

    def has_attribute(self, name: str) -> bool: ...


def check_template(template: Template, types: Mapping[str, KnownType]) -> None:
    """Raise ValidationError in AWS's words for the first thing that is wrong."""
    unknown = sorted({resource.type for resource in template.resources.values() if resource.type not in types})
    if unknown:
        raise ValidationError(f"Template format error: Unrecognized resource types: [{', '.join(unknown)}]")
    _check_conditions_section(template)
    for resource in template.resources.values():
        _check_condition_exists(resource.condition, template, "Resources")
    for output in template.outputs.values():
        _check_condition_exists(output.condition, template, "Outputs")
    _check_resources(template, types)
    outputs = [value for output in template.outputs.values() for value in (output.value, output.export_name)]
    _check_references(
        [reference for value in outputs for reference in find_references(value)], template, types, "Outputs"
    )
    decide_order({name: needs(resource, template) for name, resource in template.resources.items()})


def needs(
    resource: ResourceDeclaration, template: Template, conditions: Mapping[str, bool] | None = None
) -> frozenset[str]:
    """The logical ids that ``resource`` needs, by reference or DependsOn."""
    referred = {reference.target for reference in find_references(dict(resource.properties), conditions)}
    return frozenset((referred & set(template.resources)) | set(resource.depends_on))


def _check_resources(template: Template, types: Mapping[str, KnownType]) -> None:
    references: list[Reference] = []
    missing: list[str] = []
    for resource in template.resources.values():
        references += find_references(dict(resource.properties))
        references += find_references(resource.metadata)
        missing += [name for name in resource.depends_on if name not in template.resources]
    _refuse_unresolved(missing, "Resources")
    _check_references(references, template, types, "Resources")


def _check_references(
    references: list[Reference], template: Template, types: Mapping[str, KnownType], section: str
) -> None:
    names = template.parameters.keys() | template.resources.keys() | PSEUDO_PARAMETERS
    unresolved = [
        reference.target
        for reference in references
        if reference.kind in ("Ref", "Fn::Sub") and reference.attribute is None and reference.target not in names
    ]
    _refuse_unresolved(unresolved, section)
    for reference in references:
        if reference.kind == "Condition":
            if reference.target not in template.conditions:
                raise ValidationError(f"Template error: unresolved condition dependency {reference.target} in Fn::If")
        elif reference.attribute is not None or reference.kind == "Fn::GetAtt":
            _check_attribute(reference, template, types)


def _check_attribute(reference: Reference, template: Template, types: Mapping[str, KnownType]) -> None:
    resource = template.resources.get(reference.target)
    if resource is None:
        if reference.kind == "Fn::Sub":
            raise ValidationError(
                "Template error: instance of Fn::Sub references invalid resource attribute "
                f"{reference.target}.{reference.attribute}"
            )
        raise ValidationError(
            f"Template error: instance of Fn::GetAtt references undefined resource {reference.target}"
        )
    if reference.attribute is not None and not types[resource.type].has_attribute(reference.attribute):
        raise ValidationError(
            f"Template error: resource {reference.target} does not support attribute type {reference.attribute} in "
            "Fn::GetAtt"
        )


def _check_conditions_section(template: Template) -> None:
    allowed = template.parameters.keys() | PSEUDO_PARAMETERS
    unresolved = []
    for value in template.conditions.values():
        for reference in find_references(value):
            if reference.kind == "Fn::GetAtt":
                raise ValidationError("Template error: Fn::GetAtt cannot be used in Conditions")
            if reference.kind != "Condition" and _whole(reference) not in allowed:
                unresolved.append(reference.target)
        _refuse_import(value)
    if unresolved:
        raise ValidationError(
            f"Template format error: Unresolved dependencies [{', '.join(dict.fromkeys(unresolved))}]. Cannot "
            "reference resources in the Conditions block of the template"
        )


def _whole(reference: Reference) -> str:
    return reference.target if reference.attribute is None else f"{reference.target}.{reference.attribute}"


def _refuse_import(value: Any) -> None:
    if isinstance(value, dict):
        if "Fn::ImportValue" in value:
            raise ValidationError("Template error: Cannot use Fn::ImportValue in Conditions.")
        for member in value.values():
            _refuse_import(member)
    elif isinstance(value, list):
        for item in value:
            _refuse_import(item)


def _check_condition_exists(name: str | None, template: Template, section: str) -> None:
    if name is not None and name not in template.conditions:
        raise ValidationError(
            f"Template format error: Unresolved condition dependency {name} in the {section} block of the template"
        )


def _refuse_unresolved(names: list[str], section: str) -> None:
    if names:
        listed = ", ".join(dict.fromkeys(names))
        raise ValidationError(
            f"Template format error: Unresolved resource dependencies [{listed}] in the {section} block of the template"
        )
