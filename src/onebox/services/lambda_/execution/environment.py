"""Everything that the process of an execution environment is started with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from onebox.services.lambda_.execution.output import LogEvent
from onebox.services.lambda_.model import FunctionVersion

TASK_ROOT = "/var/task"
LAYERS_ROOT = "/opt"


@dataclass(frozen=True, slots=True)
class Environment:
    """A function's version with its command, variables, folders and log."""

    function: FunctionVersion
    command: tuple[str, ...]
    variables: dict[str, str]
    code_folder: Path
    """The working folder: the function's code."""
    layers_folder: Path
    """What is ``/opt`` on AWS; not there if the function has no layers."""
    scratch_folder: Path
    """The process's own HOME and TMPDIR; removed with it."""
    description: str
    """Which interpreter runs, for the first line of the log."""
    expires_at_ms: int
    """When its credentials end."""
    write_log: Callable[[list[LogEvent]], None]
    log_is_behind: Callable[[], bool]
    """Whether the log is written more slowly than it grows: the process's output is not read meanwhile."""
    inherits_socket: bool
    """Whether the process speaks with onebox over a socket that it inherits; else it gets a port."""
    provisioned: bool
    """Whether it was started ahead, by provisioned concurrency."""
    release: Callable[[], None]
    """Called once, when the process is gone and needs its folders no more."""

    def show_path(self, text: str) -> str:
        """A text of the function's with the path that its code has on AWS."""
        return text.replace(str(self.code_folder), TASK_ROOT).replace(str(self.layers_folder), LAYERS_ROOT)
