"""An order system with history and archive, on an engine of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from click.testing import CliRunner

from onebox.testing import EngineThread
from orders.cli.main import main
from tests.conftest import environment_of


@contextmanager
def system_with_options(account: str, *further: str) -> Iterator[EngineThread]:
    """The engine, once the stack is up. ``further`` are options of the deployment."""
    with EngineThread() as engine:
        deploy = ["deploy", "--yes", "-p", "History=Yes", "-p", "Archive=Yes", "-p", "ArchiveWindow=1", *further]
        done = CliRunner().invoke(main, deploy, env=environment_of(engine.endpoint_url, account))
        assert done.exit_code == 0, done.output
        yield engine
