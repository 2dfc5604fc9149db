"""Goal: the AWS CLI's own deploy, wait and describe commands work, and none of them waits for nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.polling import PATIENCE_S

Aws = Callable[..., str]
TEMPLATE = """
Parameters:
  Delay: {Type: Number, Default: 1}
Resources:
  Q:
    Type: AWS::SQS::Queue
    Properties:
      DelaySeconds: !Ref Delay
Outputs:
  Url: {Value: !Ref Q}
"""


@pytest.fixture
def aws(aws_environment: dict[str, str], tmp_path: Path) -> Aws:
    """Runs the CLI in a folder that holds the template."""
    (tmp_path / "t.yaml").write_text(TEMPLATE)

    def run(*arguments: str) -> str:
        command = [str(Path(sys.executable).with_name("aws")), "--debug", "cloudformation", *arguments]
        done = subprocess.run(
            command, env=aws_environment, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE_S
        )
        assert done.returncode == 0, done.stderr
        # A waiter that has to look twice waits 30 s for stacks, 5 s for change sets. `deploy` asks once before it.
        for operation, most in (("DescribeStacks", 2 if arguments[0] == "deploy" else 1), ("DescribeChangeSet", 1)):
            assert done.stderr.count(f"(name={operation}) with params") <= most, operation
        return done.stdout

    return run


def test_deploy_creates_then_finds_nothing_to_do_then_updates(aws: Aws) -> None:
    deploy = ("deploy", "--stack-name", "shop", "--template-file", "t.yaml")
    assert "Successfully created/updated stack - shop" in aws(*deploy)
    again = aws(*deploy, "--no-fail-on-empty-changeset")
    assert "No changes to deploy. Stack shop is up to date" in again
    # The CLI names its change sets by the second, and the one that failed for want of changes stays, as on AWS.
    failed = json.loads(aws("list-change-sets", "--stack-name", "shop"))["Summaries"]
    for change_set in failed:
        aws("delete-change-set", "--change-set-name", change_set["ChangeSetId"])
    assert "Successfully created/updated" in aws(*deploy, "--parameter-overrides", "Delay=7")
    shown = json.loads(aws("describe-stacks", "--stack-name", "shop"))["Stacks"][0]
    assert shown["StackStatus"] == "UPDATE_COMPLETE"
    assert shown["Parameters"] == [{"ParameterKey": "Delay", "ParameterValue": "7"}]


def test_create_delete_and_wait_by_hand(aws: Aws) -> None:
    aws("create-stack", "--stack-name", "shop", "--template-body", "file://t.yaml")
    aws("wait", "stack-create-complete", "--stack-name", "shop")
    aws("delete-stack", "--stack-name", "shop")
    aws("wait", "stack-delete-complete", "--stack-name", "shop")
