"""What a new template and parameters would change in a stack: the content of a change set.

Promises: pure; names every resource that the engine would add, modify, replace or remove, and why. A value that
depends on a resource not made yet is unknown, and a property that may or may not force a replacement because of
it is "Conditional".
AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ResourceChange.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from onebox.services.cloudformation.blueprint import Blueprint
from onebox.services.cloudformation.errors import ValidationError
from onebox.services.cloudformation.model import Resource
from onebox.services.cloudformation.resources.types import ResourceType
from onebox.services.cloudformation.template.document import ResourceDeclaration, Template
from onebox.services.cloudformation.template.intrinsics import UNKNOWN, contains_unknown, evaluate
from onebox.services.cloudformation.template.references import find_references
from onebox.services.context import Wire

KNOWN_AFTER_APPLY = "{{changeSet:KNOWN_AFTER_APPLY}}"
DYNAMIC_ONLY = "DynamicOnly"
"""Marks a change that only may happen, because an attribute changes. Not shown together with property values."""


@dataclass(slots=True)
class _Survey:
    """What is known while the resources are walked in order."""

    blueprint: Blueprint
    old_template: Template | None
    old_parameters: Mapping[str, str]
    new_parameters: Mapping[str, str]
    resources: Mapping[str, Resource]
    tags_changed: bool
    import_value: Callable[[str], Any]
    changing: set[tuple[str, str | None]] = field(default_factory=set)
    """Resource and property for each property that changes in place."""
    uncertain: set[str] = field(default_factory=set)
    """Resources whose physical id or attributes will, or may, be others."""


def decide_changes(
    blueprint: Blueprint,
    types: Mapping[str, ResourceType],
    *,
    old_template: Template | None,
    old_parameters: Mapping[str, str],
    new_parameters: Mapping[str, str],
    resources: Mapping[str, Resource],
    tags_changed: bool,
    import_value: Callable[[str], Any],
) -> list[Wire]:
    """The changes, each as the API's ResourceChange. Raises ValidationError for a change of a resource's type."""
    _refuse_type_changes(blueprint, resources)
    survey = _Survey(
        blueprint=blueprint,
        old_template=old_template,
        old_parameters=old_parameters,
        new_parameters=new_parameters,
        resources=resources,
        tags_changed=tags_changed,
        import_value=import_value,
    )
    changes = []
    for logical_id, declaration in blueprint.resources.items():
        resource_type = types[declaration.type]
        resource = resources.get(logical_id)
        if resource is None or resource.physical_id is None:
            survey.uncertain.add(logical_id)
            changes.append(_addition(declaration, _evaluated(declaration, resource_type, survey, masked=True)))
            continue
        change = _find_modification(declaration, resource, resource_type, survey)
        if change is not None:
            changes.append(change)
            if change["Replacement"] != "False" and DYNAMIC_ONLY not in change:
                survey.uncertain.add(logical_id)
    removed = [resource for name, resource in resources.items() if name not in blueprint.resources]
    return changes + [_removal(resource) for resource in removed]


def _refuse_type_changes(blueprint: Blueprint, resources: Mapping[str, Resource]) -> None:
    retyped = [
        name
        for name, declaration in blueprint.resources.items()
        if name in resources and resources[name].type != declaration.type
    ]
    if retyped:
        raise ValidationError(
            "Update of resource type is not permitted. The new template modifies resource type of the following "
            f"resources: [{', '.join(retyped)}]"
        )


def _addition(declaration: ResourceDeclaration, properties: Wire) -> Wire:
    return {
        "Action": "Add",
        "LogicalResourceId": declaration.logical_id,
        "ResourceType": declaration.type,
        "Scope": [],
        "Details": [],
        "AfterContext": _context(properties),
    }


def _removal(resource: Resource) -> Wire:
    return {
        "PolicyAction": "Retain" if resource.body.deletion_policy.startswith("Retain") else "Delete",
        "Action": "Remove",
        "LogicalResourceId": resource.logical_id,
        "PhysicalResourceId": resource.physical_id,
        "ResourceType": resource.type,
        "Scope": [],
        "Details": [],
        "BeforeContext": _context(resource.body.shown_properties),
    }


def _find_modification(
    declaration: ResourceDeclaration, resource: Resource, resource_type: ResourceType, survey: _Survey
) -> Wire | None:
    before, after = resource.body.properties, _evaluated(declaration, resource_type, survey)
    shown = resource.body.shown_properties, _evaluated(declaration, resource_type, survey, masked=True)
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    forcing = resource_type.create_only | resource_type.further_replacement(before, after)
    details = [
        detail
        for name in names
        for detail in _property_details(name, after, shown, declaration, forces=name in forcing, survey=survey)
    ]
    if survey.tags_changed and resource_type.taggable and "Tags" not in names:
        details.append(_detail("Tags", None, "Never", "Static", "DirectModification"))
    details += [
        _detail(attribute, None, "Never", "Static", "DirectModification")
        for attribute in _changed_attributes(declaration, resource, survey)
    ]
    if resource_type.always_updated:
        details.append(_detail("Properties", None, "Never", "Dynamic", "Automatic"))
    survey.changing.update((declaration.logical_id, name) for name in names)
    if not details:
        return _dynamic_modification(declaration, resource, resource_type, survey)
    certain = any(name in forcing and not contains_unknown(after.get(name)) for name in names)
    possible = any(name in forcing for name in names)
    change: Wire = {
        "Action": "Modify",
        "LogicalResourceId": declaration.logical_id,
        "PhysicalResourceId": resource.physical_id,
        "ResourceType": declaration.type,
        "Replacement": "True" if certain else "Conditional" if possible else "False",
        "Scope": list(dict.fromkeys(detail["Target"]["Attribute"] for detail in details)),
        "Details": details,
        "BeforeContext": _context(shown[0]),
        "AfterContext": _context(shown[1]),
    }
    if possible:
        retained = declaration.update_replace_policy == "Retain"
        change["PolicyAction"] = "ReplaceAndRetain" if retained else "ReplaceAndDelete"
    return change


def _changed_attributes(declaration: ResourceDeclaration, resource: Resource, survey: _Survey) -> Iterator[str]:
    """The attributes of the declaration that changed. A policy that is written for the first time is a change too."""
    old = survey.old_template.resources.get(declaration.logical_id) if survey.old_template else None
    deletion, replacement = old.policies if old is not None else declaration.policies
    if declaration.metadata != resource.body.metadata:
        yield "Metadata"
    if declaration.deletion_policy != resource.body.deletion_policy or declaration.policies[0] != deletion:
        yield "DeletionPolicy"
    if (
        declaration.update_replace_policy != resource.body.update_replace_policy
        or declaration.policies[1] != replacement
    ):
        yield "UpdateReplacePolicy"


def _dynamic_modification(
    declaration: ResourceDeclaration, resource: Resource, resource_type: ResourceType, survey: _Survey
) -> Wire | None:
    """The change of a resource that refers to a property which the update changes in another resource."""
    details = []
    possible = False
    for name, raw in declaration.properties.items():
        for reference in find_references(raw, survey.blueprint.scope.conditions):
            if (reference.target, reference.attribute) not in survey.changing:
                continue
            forces = name in resource_type.create_only
            possible = possible or forces
            recreation = "Conditionally" if forces else "Never"
            entity = f"{reference.target}.{reference.attribute}"
            details.append(_detail("Properties", name, recreation, "Dynamic", "ResourceAttribute", entity=entity))
            survey.changing.add((declaration.logical_id, name))
    if not details:
        return None
    return {
        "Action": "Modify",
        "LogicalResourceId": declaration.logical_id,
        "PhysicalResourceId": resource.physical_id,
        "ResourceType": declaration.type,
        "Replacement": "Conditional" if possible else "False",
        "Scope": ["Properties"],
        "Details": details,
        DYNAMIC_ONLY: True,
    }


def _property_details(
    name: str,
    after: Wire,
    shown: tuple[Wire, Wire],
    declaration: ResourceDeclaration,
    *,
    forces: bool,
    survey: _Survey,
) -> list[Wire]:
    evaluation = "Dynamic" if contains_unknown(after.get(name)) else "Static"
    attribute = "Tags" if name == "Tags" else "Properties"
    recreation = ("Always" if evaluation == "Static" else "Conditionally") if forces else "Never"
    target_name = None if name == "Tags" else name
    values = _values_of(name, *shown)
    raw = declaration.properties.get(name)
    old = survey.old_template.resources.get(declaration.logical_id) if survey.old_template else None
    if old is None or old.properties.get(name) != raw:
        return [_detail(attribute, target_name, recreation, evaluation, "DirectModification", values=values)]
    causes = list(dict.fromkeys(_causes(raw, survey)))
    if not causes:
        # Neither the text nor what it refers to changed: a mapping or a condition did.
        return [_detail(attribute, target_name, recreation, evaluation, "DirectModification", values=values)]
    return [
        _detail(attribute, target_name, recreation, evaluation, source, entity=entity, values=values)
        for source, entity in causes
    ]


def _causes(raw: Any, survey: _Survey) -> list[tuple[str, str]]:
    """Source and entity of a change that comes from what the unchanged text refers to."""
    causes = []
    for reference in find_references(raw, survey.blueprint.scope.conditions):
        if reference.kind == "Condition":
            continue
        target = reference.target
        if target in survey.new_parameters:
            if survey.new_parameters[target] != survey.old_parameters.get(target):
                causes.append(("ParameterReference", target))
        elif target in survey.uncertain:
            if reference.attribute is None:
                causes.append(("ResourceReference", target))
            else:
                causes.append(("ResourceAttribute", f"{target}.{reference.attribute}"))
    return causes


def _detail(
    attribute: str,
    name: str | None,
    recreation: str,
    evaluation: str,
    source: str,
    *,
    entity: str | None = None,
    values: Wire | None = None,
) -> Wire:
    target: Wire = {"Attribute": attribute, "RequiresRecreation": recreation, **(values or {})}
    if name is not None:
        target["Name"] = name
    detail: Wire = {"Target": target, "Evaluation": evaluation, "ChangeSource": source}
    if entity is not None:
        detail["CausingEntity"] = entity
    return detail


def _values_of(name: str, before: Wire, after: Wire) -> Wire:
    """Shown only to those who ask for property values."""
    values: Wire = {"Path": f"/Properties/{name}"}
    if name in before:
        values["BeforeValue"] = _shown(before[name])
    if name in after:
        values["AfterValue"] = _shown(after[name])
    if name not in before:
        values["AttributeChangeType"] = "Add"
    else:
        values["AttributeChangeType"] = "Modify" if name in after else "Remove"
    return values


def _evaluated(
    declaration: ResourceDeclaration, resource_type: ResourceType, survey: _Survey, *, masked: bool = False
) -> Wire:
    def physical_id(name: str) -> Any:
        return UNKNOWN if name in survey.uncertain else survey.resources[name].physical_id

    def attribute(name: str, attribute_name: str) -> Any:
        if name in survey.uncertain:
            return UNKNOWN
        return survey.resources[name].body.attributes.get(attribute_name, UNKNOWN)

    blueprint = survey.blueprint.masked() if masked else survey.blueprint
    scope = blueprint.scope_with(physical_id, attribute, survey.import_value)
    value = evaluate(dict(declaration.properties), scope)
    if value is UNKNOWN or not isinstance(value, dict):
        return {}
    taken: Wire = resource_type.schema.take(value, "#", [])
    return taken


def _context(properties: Wire) -> str:
    return json.dumps({"Properties": _plain(properties)}, separators=(",", ":"))


def _shown(value: Any) -> str:
    plain = _plain(value)
    return plain if isinstance(plain, str) else json.dumps(plain, separators=(",", ":"))


def _plain(value: Any) -> Any:
    if value is UNKNOWN:
        return KNOWN_AFTER_APPLY
    if isinstance(value, dict):
        return {name: _plain(member) for name, member in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value
