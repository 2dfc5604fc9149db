"""Goal: Schemathesis, which makes valid and invalid requests from the OpenAPI document, finds nothing wrong with the
intake over HTTP."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner

from onebox.testing import EngineThread
from orders.cli.main import main
from tests.conftest import environment_of
from tests.peers.environments import programs_of
from tests.polling import PATIENCE_S

EXAMPLES = 20
# Limits in bytes and digits are in the descriptions, as JSON Schema cannot express them: 422 for what the schema takes.
# What it does not take is 413 for a list that is too long, and 207 for a list in which some orders are valid.
CONFIGURATION = """
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "404", "422"]

[checks.negative_data_rejection]
expected-statuses = ["207", "4xx"]
"""


class Site(NamedTuple):
    endpoint_url: str
    host: str
    token: str


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with EngineThread() as engine:
        environment = environment_of(engine.endpoint_url)

        def run(*arguments: str) -> str:
            done = CliRunner().invoke(main, arguments, env=environment)
            assert done.exit_code == 0, done.output
            return done.output.strip()

        run("deploy", "--yes", "-p", "Intake=Token")
        token = run("intake", "add", "schemathesis")
        yield Site(engine.endpoint_url, urlsplit(run("intake", "url")).netloc, token)


def test_schemathesis_finds_no_failure(site: Site, tmp_path: Path) -> None:
    document = CliRunner().invoke(main, ["schema", "openapi"]).output
    (tmp_path / "openapi.json").write_text(document, "utf-8")
    (tmp_path / "schemathesis.toml").write_text(CONFIGURATION, "utf-8")
    command = [
        str(programs_of("schemathesis") / "schemathesis"),
        *("run", "openapi.json", "--url", site.endpoint_url, "--phases", "examples,coverage,fuzzing"),
        *("--header", f"Host: {site.host}", "--header", f"Authorization: Bearer {site.token}"),
        *(
            "--max-examples",
            str(EXAMPLES),
            "--seed",
            "1",
            "--no-shrink",
            "--generation-database",
            "none",
        ),
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No issues found" in done.stdout
