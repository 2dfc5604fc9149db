"""A template's sections as values: parameters, mappings, conditions, resources, outputs.

Promises: what :func:`parse_template` returns has the shape AWS demands of every section (a resource has a Type,
an output a Value, …); references are not followed here (see ``validate.py``). Knows nothing of resource types
or stacks.
AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from onebox.services.cloudformation import limits
from onebox.services.cloudformation.errors import ValidationError
from onebox.services.cloudformation.template.parameters import ParameterDeclaration, parse_parameter_declaration
from onebox.services.cloudformation.template.parse import parse_template_text

LANGUAGE_EXTENSIONS = "AWS::LanguageExtensions"
"""The one transform that a processed template keeps: its functions are evaluated at deployment."""

_SECTIONS = frozenset(
    [
        "AWSTemplateFormatVersion",
        "Description",
        "Metadata",
        "Parameters",
        "Mappings",
        "Conditions",
        "Rules",
        "Transform",
        "Resources",
        "Outputs",
    ]
)
_RESOURCE_MEMBERS = frozenset(
    [
        "Type",
        "Properties",
        "DependsOn",
        "Condition",
        "DeletionPolicy",
        "UpdateReplacePolicy",
        "Metadata",
        "CreationPolicy",
        "UpdatePolicy",
        "Description",
        "Version",
    ]
)
_OUTPUT_MEMBERS = frozenset({"Value", "Description", "Export", "Condition"})
_ALPHANUMERIC = re.compile(r"[A-Za-z0-9]+")
_DELETION_POLICIES = ("Delete", "Retain", "RetainExceptOnCreate", "Snapshot")
_REPLACE_POLICIES = ("Delete", "Retain", "Snapshot")


@dataclass(frozen=True, slots=True)
class ResourceDeclaration:
    """One entry of Resources; ``properties`` unevaluated."""

    logical_id: str
    type: str
    properties: Mapping[str, Any]
    depends_on: tuple[str, ...] = ()
    condition: str | None = None
    deletion_policy: str = "Delete"
    update_replace_policy: str = "Delete"
    metadata: Any = None
    policies: tuple[str | None, str | None] = (None, None)
    """DeletionPolicy and UpdateReplacePolicy as they are written; None where they are not."""


@dataclass(frozen=True, slots=True)
class OutputDeclaration:
    """One entry of Outputs; ``value`` and ``export_name`` unevaluated."""

    name: str
    value: Any
    description: str | None
    export_name: Any
    condition: str | None


@dataclass(frozen=True, slots=True)
class Template:
    """A whole template, well-formed."""

    text: str
    description: str | None
    version: str | None
    metadata: Any
    transforms: tuple[str, ...]
    parameters: Mapping[str, ParameterDeclaration] = field(default_factory=dict)
    mappings: Mapping[str, Mapping[str, Mapping[str, Any]]] = field(default_factory=dict)
    conditions: Mapping[str, Any] = field(default_factory=dict)
    rules: Mapping[str, Any] = field(default_factory=dict)
    resources: Mapping[str, ResourceDeclaration] = field(default_factory=dict)
    outputs: Mapping[str, OutputDeclaration] = field(default_factory=dict)

    @property
    def extended(self) -> bool:
        """Whether the template asks for the language extensions (Fn::Length, Fn::ToJsonString, …)."""
        return LANGUAGE_EXTENSIONS in self.transforms


@lru_cache(maxsize=16)  # every phase of a deployment parses the same text
def parse_template(text: str) -> Template:
    """The template of ``text``. Raises ValidationError in AWS's words."""
    document = parse_template_text(text)
    unknown = [name for name in document if name not in _SECTIONS]
    if unknown:
        raise ValidationError(f"Invalid template property or properties [{', '.join(unknown)}]")
    version = document.get("AWSTemplateFormatVersion")
    if version is not None and version != "2010-09-09":
        raise ValidationError(f"Template format error: Unsupported AWSTemplateFormatVersion: {version}.")
    resources = _section(document, "Resources", limits.RESOURCES_MAX)
    if not resources:
        raise ValidationError("Template format error: At least one Resources member must be defined.")
    return Template(
        text=text,
        description=_parse_description(document.get("Description")),
        version=version,
        metadata=document.get("Metadata"),
        transforms=_parse_transforms(document.get("Transform")),
        parameters=_parse_parameters(_section(document, "Parameters", limits.PARAMETERS_MAX)),
        mappings=_parse_mappings(_section(document, "Mappings", limits.MAPPINGS_MAX)),
        conditions=_section(document, "Conditions", limits.RESOURCES_MAX),
        rules=_section(document, "Rules", limits.RESOURCES_MAX),
        resources={name: _parse_resource(name, value) for name, value in resources.items()},
        outputs={
            name: _parse_output(name, value)
            for name, value in _section(document, "Outputs", limits.OUTPUTS_MAX).items()
        },
    )


def parse_outline(text: str) -> Template:
    """What can be said of a template before its transforms: parameters, types, description. Raises ValidationError."""
    document = parse_template_text(text)
    resources = document.get("Resources", {})
    typed: dict[str, ResourceDeclaration] = {}
    for name, value in resources.items() if isinstance(resources, dict) else ():
        if isinstance(value, dict) and isinstance(value.get("Type"), str):
            properties = value.get("Properties")
            typed[name] = ResourceDeclaration(name, value["Type"], properties if isinstance(properties, dict) else {})
    return Template(
        text=text,
        description=_parse_description(document.get("Description")),
        version=document.get("AWSTemplateFormatVersion"),
        metadata=document.get("Metadata"),
        transforms=_parse_transforms(document.get("Transform")),
        parameters=_parse_parameters(_section(document, "Parameters", limits.PARAMETERS_MAX)),
        resources=typed,
    )


def _section(document: dict[str, Any], name: str, entries_max: int) -> dict[str, Any]:
    section = document.get(name, {})
    if not isinstance(section, dict):
        raise ValidationError(f"Template format error: {name} section must be an object.")
    if len(section) > entries_max:
        raise ValidationError(
            f"Template format error: Number of {name.lower()}, {len(section)}, is greater than maximum allowed, "
            f"{entries_max}"
        )
    return section


def _parse_description(value: Any) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise ValidationError("Template format error: Description member must be a string.")
    size = len(value.encode())
    if size > limits.DESCRIPTION_BYTES:
        raise ValidationError(
            f"Template format error: 'Description' length is greater than {limits.DESCRIPTION_BYTES}."
        )
    return value


def _parse_transforms(value: Any) -> tuple[str, ...]:
    declared = value if isinstance(value, list) else [value] if value else []
    names: list[str] = []
    for one in declared:
        name = one.get("Name") if isinstance(one, dict) else one
        if not isinstance(name, str):
            raise ValidationError("Template format error: Transform must be a string or a list of strings.")
        names.append(name)
    return tuple(names)


def _parse_parameters(section: dict[str, Any]) -> dict[str, ParameterDeclaration]:
    for name in section:
        if not _ALPHANUMERIC.fullmatch(name):
            raise ValidationError(f"Template format error: Parameter name {name} is non alphanumeric.")
    return {name: parse_parameter_declaration(name, value) for name, value in section.items()}


def _parse_mappings(section: dict[str, Any]) -> dict[str, dict[str, dict[str, Any]]]:
    for name, mapping in section.items():
        if not _ALPHANUMERIC.fullmatch(name):
            raise ValidationError(
                f"Template format error: Mappings element name '{name}' must be non-empty and alphanumeric"
            )
        for key, inner in mapping.items() if isinstance(mapping, dict) else [(None, None)]:
            if not isinstance(inner, dict):
                path = f"/Mappings/{name}" if key is None else f"/Mappings/{name}/{key}"
                raise ValidationError(f"Template format error: [{path}] Every Mappings member must be a map")
    return section


def _parse_resource(name: str, value: Any) -> ResourceDeclaration:
    where = f"[/Resources/{name}]"
    if not _ALPHANUMERIC.fullmatch(name):
        raise ValidationError(f"Template format error: Resource name {name} is non alphanumeric.")
    if not isinstance(value, dict):
        raise ValidationError(f"Template format error: {where} Every Resources member must be an object.")
    if "Type" not in value:
        raise ValidationError(f"Template format error: {where} Every Resources object must contain a Type member.")
    for member in value:
        if member not in _RESOURCE_MEMBERS:
            raise ValidationError(f"Invalid template resource property '{member}'")
    if not isinstance(value["Type"], str):
        raise ValidationError(f"Template format error: {where} Type must be a string.")
    properties = value.get("Properties", {})
    if not isinstance(properties, dict):
        raise ValidationError(f"Template format error: [/Resources/{name}/Properties] Properties must be an object.")
    return ResourceDeclaration(
        logical_id=name,
        type=value["Type"],
        properties=properties,
        depends_on=_parse_depends_on(value.get("DependsOn", [])),
        condition=_optional_text(value, "Condition", where),
        deletion_policy=_parse_policy(value, name, "DeletionPolicy", _DELETION_POLICIES),
        update_replace_policy=_parse_policy(value, name, "UpdateReplacePolicy", _REPLACE_POLICIES),
        metadata=value.get("Metadata"),
        policies=(value.get("DeletionPolicy"), value.get("UpdateReplacePolicy")),
    )


def _parse_depends_on(value: Any) -> tuple[str, ...]:
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValidationError("Template format error: DependsOn must be a string or list of strings.")
    return tuple(names)


def _parse_policy(resource: dict[str, Any], name: str, member: str, allowed: tuple[str, ...]) -> str:
    policy = resource.get(member, "Delete")
    if not isinstance(policy, str):
        raise ValidationError(f"Template format error: Every {member} member must be a string.")
    if policy not in allowed:
        raise ValidationError(f"Template error: Unrecognized {member} {policy} for resource {name}")
    if policy == "Snapshot":
        # None of the types onebox knows can be snapshotted; AWS refuses the policy for them.
        kind = "deletion" if member == "DeletionPolicy" else "update replace"
        raise ValidationError(
            f"Template error: resource type {resource['Type']} does not support {kind} policy Snapshot"
        )
    return policy


def _parse_output(name: str, value: Any) -> OutputDeclaration:
    where = f"[/Outputs/{name}]"
    if not _ALPHANUMERIC.fullmatch(name):
        raise ValidationError(f"Template format error: Output name {name} is non alphanumeric.")
    if not isinstance(value, dict):
        raise ValidationError(f"Template format error: {where} Every Outputs member must be an object.")
    if "Value" not in value:
        raise ValidationError(f"Template format error: {where} Every Outputs member must contain a Value object")
    for member in value:
        if member not in _OUTPUT_MEMBERS:
            raise ValidationError(f"Invalid template output property '{member}'")
    export = value.get("Export")
    if export is not None and (not isinstance(export, dict) or set(export) != {"Name"}):
        raise ValidationError(
            f"Template format error: Output {name} is malformed. The Export must contain a Name only."
        )
    description = value.get("Description")
    if description is not None and not isinstance(description, str):
        raise ValidationError(f"Template format error: {where} Every Description member must be a string.")
    return OutputDeclaration(
        name=name,
        value=value["Value"],
        description=description,
        export_name=export["Name"] if export else None,
        condition=_optional_text(value, "Condition", where),
    )


def _optional_text(value: dict[str, Any], member: str, where: str) -> str | None:
    text = value.get(member)
    if text is not None and not isinstance(text, str):
        raise ValidationError(f"Template format error: {where} Every {member} member must be a string.")
    return text
