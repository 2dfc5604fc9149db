"""A template together with its parameter values: what is to be there, and in which order.

Promises: holds only the resources and outputs whose conditions are true, with the graph among them. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from onebox.arn import partition_of
from onebox.services.cloudformation.errors import ValidationError
from onebox.services.cloudformation.template.conditions import check_rules, decide_conditions
from onebox.services.cloudformation.template.document import OutputDeclaration, ResourceDeclaration, Template
from onebox.services.cloudformation.template.graph import decide_order
from onebox.services.cloudformation.template.intrinsics import Scope, check_mappings
from onebox.services.cloudformation.template.parameters import parameter_value
from onebox.services.cloudformation.template.references import find_references
from onebox.services.cloudformation.template.validate import needs

MASK = "****"
"""What stands for the value of a NoEcho parameter wherever people can read it."""


@dataclass(frozen=True, slots=True)
class StackIdentity:
    """Where a stack lives; what the pseudo parameters are made of."""

    account: str
    region: str
    stack_id: str
    stack_name: str
    notification_arns: tuple[str, ...] = ()

    def pseudo_parameters(self) -> dict[str, Any]:
        """The values of the AWS:: parameters, but for AWS::NoValue."""
        return {
            "AWS::AccountId": self.account,
            "AWS::NotificationARNs": list(self.notification_arns),
            "AWS::Partition": partition_of(self.region),
            "AWS::Region": self.region,
            "AWS::StackId": self.stack_id,
            "AWS::StackName": self.stack_name,
            "AWS::URLSuffix": "amazonaws.com.cn" if self.region.startswith("cn-") else "amazonaws.com",
        }


@dataclass(frozen=True, slots=True)
class Blueprint:
    """The stack as its template and parameters demand it."""

    template: Template
    scope: Scope
    """Without the answers for resources; see :meth:`scope_with`."""
    resources: Mapping[str, ResourceDeclaration]
    """In the order of their making."""
    needs: Mapping[str, frozenset[str]]
    outputs: Mapping[str, OutputDeclaration]
    attributes_used: Mapping[str, frozenset[str]]
    """For each resource the attributes that others or outputs refer to."""

    def masked(self) -> Blueprint:
        """The same with the values of NoEcho parameters out of sight; itself if there are none."""
        secret = [name for name, declaration in self.template.parameters.items() if declaration.no_echo]
        if not secret:
            return self
        values = {**self.scope.values, **dict.fromkeys(secret, MASK)}
        return replace(self, scope=replace(self.scope, values=values))

    def scope_with(
        self,
        resource: Callable[[str], Any],
        attribute: Callable[[str, str], Any],
        import_value: Callable[[str], Any],
    ) -> Scope:
        """The scope for evaluating properties and outputs."""
        return replace(self.scope, resource=resource, attribute=attribute, import_value=import_value)


def draw_blueprint(template: Template, parameters: Mapping[str, str], identity: StackIdentity) -> Blueprint:
    """Decide conditions, resources and order. Raises ValidationError in AWS's words."""
    values = identity.pseudo_parameters()
    for name, declaration in template.parameters.items():
        values[name] = parameter_value(declaration, parameters[name])
    scope = Scope(values, template.mappings, {}, identity.region, template.extended)
    check_rules(template.rules, scope)
    conditions = decide_conditions(template.conditions, scope)
    wanted = {
        name: resource
        for name, resource in template.resources.items()
        if resource.condition is None or conditions[resource.condition]
    }
    outputs = {
        name: output
        for name, output in template.outputs.items()
        if output.condition is None or conditions[output.condition]
    }
    _refuse_absent(template, wanted, outputs, conditions)
    for resource in wanted.values():
        check_mappings(dict(resource.properties), replace(scope, conditions=conditions))
    graph = {name: needs(resource, template, conditions) & wanted.keys() for name, resource in wanted.items()}
    return Blueprint(
        template=template,
        scope=replace(scope, conditions=conditions),
        resources={name: wanted[name] for name in decide_order(graph)},
        needs=graph,
        outputs=outputs,
        attributes_used=_attributes_used(wanted, outputs, conditions),
    )


def _attributes_used(
    wanted: Mapping[str, ResourceDeclaration],
    outputs: Mapping[str, OutputDeclaration],
    conditions: Mapping[str, bool],
) -> dict[str, frozenset[str]]:
    values: list[Any] = [dict(resource.properties) for resource in wanted.values()]
    values += [[output.value, output.export_name] for output in outputs.values()]
    used: dict[str, set[str]] = {}
    for reference in find_references(values, conditions):
        if reference.attribute is not None:
            used.setdefault(reference.target, set()).add(reference.attribute)
    return {name: frozenset(attributes) for name, attributes in used.items()}


def _refuse_absent(
    template: Template,
    wanted: Mapping[str, ResourceDeclaration],
    outputs: Mapping[str, OutputDeclaration],
    conditions: Mapping[str, bool],
) -> None:
    """A reference to a resource whose condition is false is an error, unless Fn::If keeps it from being taken."""
    absent = template.resources.keys() - wanted.keys()
    values: dict[str, list[Any]] = {
        "Resources": [dict(resource.properties) for resource in wanted.values()],
        "Outputs": [[output.value, output.export_name] for output in outputs.values()],
    }
    for section, parts in values.items():
        broken = [
            reference.target
            for part in parts
            for reference in find_references(part, conditions)
            if reference.kind != "Condition" and reference.target in absent
        ]
        if broken:
            raise ValidationError(
                f"Template format error: Unresolved resource dependencies [{', '.join(dict.fromkeys(broken))}] in the "
                f"{section} block of the template"
            )
