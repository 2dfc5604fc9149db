"""The `orders` command as a user runs it, against one server."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from click.testing import CliRunner, Result

from orders.cli.main import main
from tests.peers.servers import Peer

TEMPLATE = Path(__file__).parents[2] / "template.yaml"
REGION = "us-east-1"


@dataclass
class OrdersCommand:
    """Commands and clients for one server."""

    peer: Peer

    def run(self, *arguments: str, given: str | None = None) -> Result:
        environment = {
            "AWS_ENDPOINT_URL": self.peer.endpoint_url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": REGION,
        }
        done = CliRunner().invoke(main, arguments, env=environment, input=given)
        assert done.exception is None or isinstance(done.exception, SystemExit), "no traceback, whatever is answered"
        return done

    def succeed(self, *arguments: str, given: str | None = None) -> str:
        """What a command prints that must succeed."""
        done = self.run(*arguments, given=given)
        assert done.exit_code == 0, done.output
        return done.stdout

    def json(self, *arguments: str) -> Any:
        return json.loads(self.succeed(*arguments, "--json"))

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.peer.endpoint_url,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )


def write_template_without(path: Path, *resources: str) -> str:
    """template.yaml less some alarms, and less their mention on the dashboard; the new file's path."""
    text = TEMPLATE.read_text("utf-8")
    for name in resources:
        text, found = re.subn(rf"^  {name}:\n(?:    .*\n|\n)+", "", text, flags=re.MULTILINE)
        assert found == 1, f"{name} is no resource of template.yaml"
        text = re.sub(rf'\s*"\$\{{{name}\.Arn\}}",?', "", text)
    path.write_text(re.sub(r",\s*\]", " ]", text), "utf-8")
    return str(path)
