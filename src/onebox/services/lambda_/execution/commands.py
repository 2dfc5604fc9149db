"""The command that a function's process is started with, by runtime.

Promises: whatever is started ends with onebox, however onebox ends (on Linux). Raises InvalidParameterValueException
for what this machine cannot run.
AWS: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html and
https://docs.aws.amazon.com/lambda/latest/dg/runtimes-modify.html
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from onebox.services.lambda_.errors import InvalidParameterValueException
from onebox.services.lambda_.execution.code_folders import CodeFolder
from onebox.services.lambda_.execution.interpreters import Interpreter, Interpreters, own_interpreter
from onebox.services.lambda_.model import FunctionVersion

WRAPPER_VARIABLE = "AWS_LAMBDA_EXEC_WRAPPER"
_CHILD_FOLDER = Path(__file__).parent.parent / "child"


@dataclass(frozen=True, slots=True)
class Command:
    """What is executed."""

    arguments: tuple[str, ...]
    inherits_socket: bool
    """See :class:`onebox.services.lambda_.execution.environment.Environment`."""
    description: str
    """Which interpreter runs, for the first line of the log."""


@dataclass(frozen=True, slots=True)
class Commands:
    """Makes commands. ``packages`` is what stands for AWS's /var/runtime; ``bytecode`` is where an interpreter keeps
    its bytecode, '' for beside the modules."""

    interpreters: Interpreters
    packages: Path
    bytecode: str
    speeds_up_sdk: bool

    async def make(self, function: FunctionVersion, code: CodeFolder) -> Command:
        """The command of a version whose code is unpacked."""
        runtime, handler = str(function.configuration["Runtime"]), str(function.configuration["Handler"])
        if runtime.startswith("provided"):
            return Command((*_guard(), _find_bootstrap(code)), inherits_socket=False, description="bootstrap")
        variables = function.configuration.get("Environment", {}).get("Variables", {})
        wrapper = _find_wrapper(variables.get(WRAPPER_VARIABLE), code)
        if runtime.startswith("python"):
            interpreter = await self.interpreters.find(runtime)
            arguments = self._python(interpreter, handler, code, is_guarded=bool(wrapper))
        elif runtime.startswith("nodejs"):
            node = await self.interpreters.find_node(runtime)
            if node is None:
                raise InvalidParameterValueException(f"This machine has no Node.js, which {runtime} needs.")
            interpreter = node
            arguments = (str(node.path), str(_CHILD_FOLDER / "runtime_client.mjs"), handler)
        else:
            raise InvalidParameterValueException(f"This machine has nothing that runs {runtime}.")
        is_python = runtime.startswith("python")
        guard = () if is_python and not wrapper else _guard()
        return Command(
            (*guard, *wrapper, *arguments), inherits_socket=is_python, description=_describe(interpreter, runtime)
        )

    def _python(self, interpreter: Interpreter, handler: str, code: CodeFolder, *, is_guarded: bool) -> tuple[str, ...]:
        # No site-packages of whichever interpreter it is (-S, -s): a function finds what it finds on AWS.
        return (
            *(str(interpreter.path), "-X", "utf8", "-S", "-s", str(_CHILD_FOLDER / "launcher.py")),
            *(str(self.packages), str(code.opt), "0" if is_guarded else str(os.getpid()), self.bytecode),
            *("yes" if self.speeds_up_sdk else "no", handler),
        )


def _guard() -> tuple[str, ...]:
    """Ties a program that knows nothing of onebox to onebox's life, then becomes it."""
    return (str(own_interpreter().path), "-I", "-S", str(_CHILD_FOLDER / "guard.py"), str(os.getpid()))


def _find_bootstrap(code: CodeFolder) -> str:
    for folder in (code.task, code.opt):
        if os.access(folder / "bootstrap", os.X_OK):
            return str(folder / "bootstrap")
    raise InvalidParameterValueException("Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]")


def _find_wrapper(wanted: str | None, code: CodeFolder) -> tuple[str, ...]:
    """The wrapper script, where it is on this machine; nothing if there is none."""
    if not wanted:
        return ()
    path = wanted
    for root, folder in (("/var/task/", code.task), ("/opt/", code.opt)):
        if wanted.startswith(root):
            path = str(folder / wanted[len(root) :])
    if not os.path.isfile(path):
        raise InvalidParameterValueException(f"fork/exec {wanted}: no such file or directory")
    if not os.access(path, os.X_OK):
        raise InvalidParameterValueException(f"fork/exec {wanted}: permission denied")
    return (path,)


def _describe(interpreter: Interpreter, runtime: str) -> str:
    if interpreter.stands_in_for(runtime):
        return f"This machine has no {runtime}; {interpreter.name} runs the function instead"
    return interpreter.name
