"""How a command ends that cannot do what it was asked: one sentence on standard error, exit code 1."""

from __future__ import annotations

from typing import IO, Any

import click


class CommandFailed(click.ClickException):
    """Shown as ``onebox: MESSAGE``. The message names what to do next."""

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(f"onebox: {self.message}", file=file, err=file is None)
