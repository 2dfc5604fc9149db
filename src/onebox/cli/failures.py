"""How a command ends that cannot do what it was asked: one sentence on standard error, exit code 1.

One rule for all commands. 0: done. 1: it cannot be done, or was done and found something wrong: a file, a folder or a
server is missing, is something else, is in use or is damaged. 2: the command line itself is wrong (click's code).
"""

from __future__ import annotations

from typing import IO, Any

import click


class CommandFailed(click.ClickException):
    """Shown as ``onebox: MESSAGE``. The message names what to do next."""

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(f"onebox: {self.message}", file=file, err=file is None)
