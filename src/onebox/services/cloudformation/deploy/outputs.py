"""The outputs of a stack, with its exports and imports.

AWS: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-exports.html
"""

from __future__ import annotations

from typing import Any

from onebox.services.cloudformation.blueprint import Blueprint
from onebox.services.cloudformation.deploy.run import StackRun
from onebox.services.cloudformation.errors import ValidationError
from onebox.services.cloudformation.template.intrinsics import Scope, evaluate, scalar_text
from onebox.services.cloudformation.template.references import find_imports
from onebox.services.context import Wire


def record_outputs(run: StackRun, blueprint: Blueprint) -> tuple[Wire, ...]:
    """Evaluate the outputs, save exports and imports; inside a transaction.

    Raises ValidationError before anything is written."""
    scope, shown_scope = run.scope(blueprint), run.scope(blueprint.masked())
    outputs: list[Wire] = []
    exports: dict[str, str] = {}
    for output in blueprint.outputs.values():
        wire: Wire = {"OutputKey": output.name, "OutputValue": _output_text(output.value, shown_scope, output.name)}
        if output.description is not None:
            wire["Description"] = output.description
        if output.export_name is not None:
            wire["ExportName"] = _output_text(output.export_name, scope, output.name)
            exports[wire["ExportName"]] = _output_text(output.value, scope, output.name)
        outputs.append(wire)
    _check_exports(run, exports)
    imports = _imported_names(blueprint, scope)
    run.store.exports.replace(run.stack, exports)
    run.store.exports.replace_imports(run.stack, imports)
    return tuple(outputs)


def record_imports(run: StackRun, blueprint: Blueprint) -> None:
    """Save the imports of the source that a rollback returned to; inside a transaction."""
    run.store.exports.replace_imports(run.stack, _imported_names(blueprint, run.scope(blueprint)))


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


def _imported_names(blueprint: Blueprint, scope: Scope) -> set[str]:
    values = [dict(declaration.properties) for declaration in blueprint.resources.values()]
    values += [{"Value": output.value} for output in blueprint.outputs.values()]
    arguments = [argument for value in values for argument in find_imports(value, scope.conditions)]
    return {str(evaluate(argument, scope)) for argument in arguments}
