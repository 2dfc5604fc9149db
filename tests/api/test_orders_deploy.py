"""Goal: `orders deploy` uploads to a bucket that is locked down or to the shop's own, and takes the shop's template."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from click.testing import CliRunner, Result

from orders.cli.main import main
from orders.deployment.package import build_package

Client = Callable[..., Any]
Orders = Callable[..., Result]
TEMPLATE = Path(__file__).parents[2] / "template.yaml"
KEY = f"OrderProcessor/{build_package().digest}.zip"


@pytest.fixture
def orders(aws_environment: dict[str, str]) -> Orders:
    return lambda *arguments: CliRunner().invoke(main, arguments, env=aws_environment)


@pytest.fixture
def bucket(account: str) -> str:
    """The name of the bucket that is made for this account."""
    return f"orders-artifacts-{account}-us-east-1"


def test_deploy_makes_a_bucket_that_is_locked_down(orders: Orders, bucket: str, client: Client) -> None:
    assert orders("deploy", "--yes").exit_code == 0
    s3 = client("s3")
    blocked = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert set(blocked.values()) == {True}
    (rule,) = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    (tidy,) = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert tidy["NoncurrentVersionExpiration"] == {"NoncurrentDays": 30}
    assert "Expiration" not in tidy, "an update that is rolled back needs the code of before"
    (statement,) = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])["Statement"]
    assert (statement["Effect"], statement["Condition"]["Bool"]) == ("Deny", {"aws:SecureTransport": "false"})
    assert s3.get_object(Bucket=bucket, Key=KEY)["Body"].read() == build_package().content


def test_deploy_after_an_interrupted_one_finishes_locking_the_bucket_down(
    orders: Orders, bucket: str, client: Client
) -> None:
    client("s3").create_bucket(Bucket=bucket)  # as far as it came
    assert orders("deploy", "--yes").exit_code == 0
    assert client("s3").get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    assert "TlsOnly" in client("s3").get_bucket_policy(Bucket=bucket)["Policy"]


def test_deploy_leaves_what_an_administrator_set_in_the_bucket(orders: Orders, bucket: str, client: Client) -> None:
    assert orders("deploy", "--yes").exit_code == 0
    client("s3").put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    assert orders("deploy", "--yes").exit_code == 0
    assert client("s3").get_bucket_versioning(Bucket=bucket)["Status"] == "Suspended"


def test_deploy_into_an_own_bucket_uses_it_as_it_is(orders: Orders, account: str, bucket: str, client: Client) -> None:
    s3, own = client("s3"), f"own-{account}"
    s3.create_bucket(Bucket=own)
    assert orders("deploy", "--yes", "--artifact-bucket", own).exit_code == 0
    assert s3.head_object(Bucket=own, Key=KEY)["ContentLength"] == len(build_package().content)
    with pytest.raises(ClientError, match="NoSuchBucketPolicy"):
        s3.get_bucket_policy(Bucket=own)
    with pytest.raises(ClientError, match="404"):
        s3.head_bucket(Bucket=bucket)


def test_deploy_into_a_bucket_that_is_not_there_says_so(orders: Orders, account: str) -> None:
    done = orders("deploy", "--yes", "--artifact-bucket", f"none-{account}")
    assert (done.exit_code, f"there is no bucket none-{account}" in done.stderr) == (1, True)


def test_deploy_of_an_own_template_makes_it_and_doctor_knows_it(orders: Orders, tmp_path: Path, client: Client) -> None:
    own = tmp_path / "ours.yaml"
    added = "Resources:\n  OurQueue:\n    Type: AWS::SQS::Queue\n    Properties: { QueueName: OurQueue }\n"
    own.write_text(TEMPLATE.read_text("utf-8").replace("Resources:\n", added, 1), "utf-8")
    assert orders("deploy", "--yes", "--template", str(own)).exit_code == 0
    assert client("sqs").get_queue_url(QueueName="OurQueue")["QueueUrl"].endswith("/OurQueue")
    assert "a different template" in orders("doctor", "--no-test-order").stdout
    assert "a different template" not in orders("doctor", "--no-test-order", "--template", str(own)).stdout


def test_destroy_tells_what_became_of_each_resource(orders: Orders) -> None:
    assert orders("deploy", "--yes").exit_code == 0
    told = orders("destroy", "--yes").stdout
    assert "DELETE_COMPLETE    OrderProcessor\n" in told
    assert "DELETE_SKIPPED     Orders\n" in told
    assert "The table Orders was retained" in told


def test_destroy_of_a_stack_whose_template_does_not_keep_the_table_says_that_it_is_gone(
    orders: Orders, tmp_path: Path
) -> None:
    own = tmp_path / "ours.yaml"
    own.write_text(
        TEMPLATE.read_text("utf-8").replace("DeletionPolicy: RetainExceptOnCreate", "DeletionPolicy: Delete")
    )
    assert orders("deploy", "--yes", "--template", str(own)).exit_code == 0
    done = orders("destroy", "--yes")
    assert done.exit_code == 1
    assert "the table Orders with it" in done.stderr
    assert "restore-table-to-point-in-time" in done.stderr


def test_deploy_with_a_wrong_parameter_lists_the_valid_ones_and_makes_nothing(
    orders: Orders, bucket: str, client: Client
) -> None:
    done = orders("deploy", "--yes", "-p", "MemorySze=256")
    assert done.exit_code == 1
    assert "orders: the template has no parameter MemorySze; did you mean MemorySize?" in done.stderr
    assert "MemorySize" in done.stderr.partition("Parameters and defaults:")[2]
    with pytest.raises(ClientError, match="404"):
        client("s3").head_bucket(Bucket=bucket)


def test_deploy_of_a_template_that_cloudformation_refuses_says_why_in_words(orders: Orders, tmp_path: Path) -> None:
    own = tmp_path / "ours.yaml"
    own.write_text(TEMPLATE.read_text("utf-8").replace("!Ref OrderAlarms]", "!Ref Nothing]", 1), "utf-8")
    done = orders("deploy", "--yes", "--template", str(own))
    assert done.exit_code == 1
    assert "Nothing" in done.stderr
    assert done.stderr.startswith("orders: CloudFormation refuses the ")
    assert "An error occurred" not in done.stderr
    assert "ValidationError" not in done.stderr
