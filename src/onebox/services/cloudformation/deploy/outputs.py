"""The outputs of a stack, with its exports and imports.

AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-exports.html
"""

from __future__ import annotations

from typing import Any, NamedTuple

from onebox.services.cloudformation.blueprint import Blueprint
from onebox.services.cloudformation.deploy.run import StackRun
from onebox.services.cloudformation.errors import ValidationError
from onebox.services.cloudformation.template.intrinsics import Scope, evaluate, scalar_text
from onebox.services.cloudformation.template.references import find_imports
from onebox.services.context import Wire


class EvaluatedOutputs(NamedTuple):
    """The outputs as DescribeStacks shows them, the exports, and the names of the imports."""

    shown: tuple[Wire, ...]
    exports: dict[str, str]
    imports: set[str]


def evaluate_outputs(scope: Scope, shown_scope: Scope, blueprint: Blueprint) -> EvaluatedOutputs:
    """The values of the outputs; ``shown_scope`` masks NoEcho values. Pure. Raises ValidationError."""
    shown: list[Wire] = []
    exports: dict[str, str] = {}
    for output in blueprint.outputs.values():
        wire: Wire = {"OutputKey": output.name, "OutputValue": _output_text(output.value, shown_scope, output.name)}
        if output.description is not None:
            wire["Description"] = output.description
        if output.export_name is not None:
            wire["ExportName"] = _output_text(output.export_name, scope, output.name)
            exports[wire["ExportName"]] = _output_text(output.value, scope, output.name)
        shown.append(wire)
    return EvaluatedOutputs(tuple(shown), exports, imported_names(blueprint, scope))


def record_exports(run: StackRun, outputs: EvaluatedOutputs) -> None:
    """Save exports and imports; inside a transaction. Raises ValidationError before anything is written."""
    _check_exports(run, outputs.exports)
    run.store.exports.replace(run.stack, outputs.exports)
    run.store.exports.replace_imports(run.stack, outputs.imports)


def imported_names(blueprint: Blueprint, scope: Scope) -> set[str]:
    """The names of the exports that a stack imports. Pure."""
    values = [dict(declaration.properties) for declaration in blueprint.resources.values()]
    values += [{"Value": output.value} for output in blueprint.outputs.values()]
    arguments = [argument for value in values for argument in find_imports(value, scope.conditions)]
    return {str(evaluate(argument, scope)) for argument in arguments}


def _output_text(value: Any, scope: Scope, name: str) -> str:
    evaluated = evaluate(value, scope)
    if isinstance(evaluated, (dict, list)) or evaluated is None:
        raise ValidationError(f"Template format error: Output {name} is malformed. The Value field must be a string.")
    return scalar_text(evaluated)


def _check_exports(run: StackRun, exports: dict[str, str]) -> None:
    stack = run.stack
    for name in exports:
        found = run.store.exports.find(stack.account, stack.region, name)
        if found is not None and found[1] != stack.stack_id:
            owner = run.store.stacks.find(found[1])
            assert owner is not None
            raise ValidationError(f"Export with name {name} is already exported by stack {owner.name}.")
    for name, value in run.store.exports.of_stack(stack.stack_id).items():
        if exports.get(name) == value:
            continue
        importers = run.store.exports.importers(stack.account, stack.region, name)
        if importers:
            verb = "updated" if name in exports else "deleted"
            raise ValidationError(f"Export {name} cannot be {verb} as it is in use by {' and '.join(importers)}")
