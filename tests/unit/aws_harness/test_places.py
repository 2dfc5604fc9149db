"""Goal: the tests of AWS's behaviour run only where it is clear whose account it is and what it costs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.aws.harness.places import (
    AWS,
    Place,
    Refused,
    find_caller,
    find_place,
    is_this_machine,
    read_place,
    write_place,
)

KEYS = {"AWS_ACCESS_KEY_ID": "AKIAX", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "eu-west-1"}


@pytest.fixture
def logged_in(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The environment of somebody with credentials and a region."""
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    return dict(KEYS)


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("", "neither `aws` nor an address"),
        ("AWS", "neither `aws` nor an address"),
        ("ftp://127.0.0.1", "neither `aws` nor an address"),
        ("http://", "neither `aws` nor an address"),
        ("http://127.0.0.1:4566/path", "more than a scheme, a host and a port"),
        ("http://user:secret@127.0.0.1:4566", "more than a scheme, a host and a port"),
        ("https://sqs.us-east-1.amazonaws.com", "TARGET=aws"),
        ("https://lambda.us-east-1.api.aws", "TARGET=aws"),
        ("http://emulator.example.com", "over https:// only"),
        ("http://10.0.0.1:4566", "over https:// only"),
    ],
)
def test_targets_that_are_not_clear_are_refused(logged_in: dict[str, str], target: str, words: str) -> None:
    with pytest.raises(Refused, match=words):
        find_place(target, logged_in)


@pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SQS"])
def test_aws_is_refused_while_requests_would_go_elsewhere(logged_in: dict[str, str], name: str) -> None:
    with pytest.raises(Refused, match=f"{name} is set"):
        find_place(AWS, {**logged_in, name: "http://127.0.0.1:4566"})


def test_a_profile_that_does_not_exist_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(Refused, match=r"profile \(nobody\) could not be found.*AWS_PROFILE"):
        find_place(AWS, {})


@pytest.mark.parametrize("missing", ["AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION"])
def test_aws_without_credentials_or_region_is_refused(
    logged_in: dict[str, str], missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(missing)
    with pytest.raises(Refused, match=r"There (are no credentials|is no region)"):
        find_place(AWS, {})


def test_aws_and_other_machines_cost_money_and_use_the_credentials_of_boto3(logged_in: dict[str, str]) -> None:
    assert find_place(AWS, logged_in) == Place(None, "eu-west-1", costs_money=True)
    elsewhere = Place("https://aws.example.com", "eu-west-1", costs_money=True)
    assert find_place("https://aws.example.com/", logged_in) == elsewhere


def test_aws_is_aws_whatever_endpoint_a_profile_names(
    logged_in: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile = tmp_path / "config"
    profile.write_text("[default]\nendpoint_url = http://127.0.0.1:4566\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(profile))
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # one that was made before has read its files
    assert boto3.client("sqs").meta.endpoint_url == "http://127.0.0.1:4566"
    assert find_place(AWS, logged_in).client("sqs").meta.endpoint_url == "https://sqs.eu-west-1.amazonaws.com"


def test_an_emulator_gets_plain_credentials_unless_others_are_given() -> None:
    found = find_place("http://127.0.0.1:4566", {})
    assert (found.costs_money, found.key, found.secret, found.region) == (False, "test", "test", "us-east-1")
    assert find_place("http://localhost:4566", KEYS).key == "AKIAX"


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("a.localhost", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("0.0.0.0", False),
        ("a.b", False),
    ],
)
def test_this_machine_is_its_loopback_addresses(host: str, expected: bool) -> None:
    assert is_this_machine(host) is expected


@pytest.mark.parametrize(
    ("arn", "words"),
    [("arn:aws:iam::111122223333:root", "root user"), ("arn:aws-cn:iam::111122223333:user/ann", "partition")],
)
def test_root_users_and_other_partitions_are_refused(monkeypatch: pytest.MonkeyPatch, arn: str, words: str) -> None:
    class Sts:
        def get_caller_identity(self) -> dict[str, Any]:
            return {"Account": "111122223333", "Arn": arn}

    monkeypatch.setattr(Place, "client", lambda _place, _service: Sts())
    with pytest.raises(Refused, match=words):
        find_caller(Place(None, "eu-west-1", costs_money=True))


def test_nobody_is_refused() -> None:
    with pytest.raises(Refused, match="whose account"):
        find_caller(Place("http://127.0.0.1:1", "us-east-1", costs_money=False, key="test", secret="test"))


def test_a_place_is_handed_to_the_tests_process_without_what_boto3_finds(logged_in: dict[str, str]) -> None:
    place = find_place(AWS, logged_in)
    written = write_place(place, "0" * 12)
    assert read_place(written) == (place, "0" * 12)
    assert "AKIAX" not in str(written)
    assert read_place({}) is None
