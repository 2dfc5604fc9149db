"""Goal: AWS's SAM CLI takes template.yaml as it is: it validates it, builds the functions and deploys them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orders.deployment.package import build_package
from tests.peers.environments import programs_of
from tests.polling import until
from tests.programs import run_program

ROOT = Path(__file__).parents[2]


def run_sam(home: Path, *arguments: str, place: dict[str, str] | None = None) -> str:
    """What `sam` says of a command that must succeed; its own settings are kept out of the user's home."""
    sam = programs_of("sam") / "sam"
    environment = {"HOME": str(home), "SAM_CLI_TELEMETRY": "0", "AWS_DEFAULT_REGION": "us-east-1", **(place or {})}
    return run_program(str(sam), *arguments, folder=home, environment=environment).stdout


def test_sam_validate_with_lint_finds_nothing(tmp_path: Path) -> None:
    told = run_sam(tmp_path, "validate", "--lint", "--template", str(ROOT / "template.yaml"))
    assert "is a valid SAM Template" in told


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `sam build` makes, from a copy of the sources, with other times."""
    home = tmp_path_factory.mktemp("sam")
    run_sam(home, "build", "--template", str(ROOT / "template.yaml"), "--build-dir", str(home / "build"))
    return home / "build"


def test_sam_build_makes_what_orders_deploy_uploads(build: Path) -> None:
    function = build / "OrderProcessor"
    built = {path.relative_to(function).as_posix(): path.read_bytes() for path in function.rglob("*") if path.is_file()}
    with zipfile.ZipFile(io.BytesIO(build_package().content)) as package:
        assert built == {name: package.read(name) for name in package.namelist()}
    assert "Code: OrderProcessor" in (build / "template.yaml").read_text("utf-8")


def test_sam_deploy_makes_systems_that_store_orders(
    build: Path, tmp_path: Path, aws_environment: dict[str, str], client: Callable[..., Any], account: str
) -> None:
    """The first without a parameter: neither ArtifactBucket nor ArtifactKey. The second with a name prefix."""
    bucket = f"sam-{account}"
    client("s3").create_bucket(Bucket=bucket)
    table = client("dynamodb")
    for prefix, parameters in (("", ()), ("staging-", ("--parameter-overrides", "NamePrefix=staging-"))):
        told = run_sam(
            tmp_path,
            *("deploy", "--template-file", str(build / "template.yaml"), "--stack-name", f"{prefix}orders"),
            *("--s3-bucket", bucket, "--capabilities", "CAPABILITY_NAMED_IAM", "--no-confirm-changeset", *parameters),
            place=aws_environment,
        )
        assert f"Successfully created/updated stack - {prefix}orders" in told
        topic = f"arn:aws:sns:us-east-1:{account}:{prefix}OrderTopic"
        client("sns").publish(TopicArn=topic, Message='{"orderId": "1"}')
        name = f"{prefix}Orders"
        until(lambda: table.scan(TableName=name)["Count"] == 1, f"the order in {name}")  # noqa: B023
