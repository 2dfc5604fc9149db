"""Where the tests run: AWS itself, an emulator on this machine, or another endpoint. What is not clear is refused."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

AWS = "aws"
EMULATOR_REGION = "us-east-1"
VARIABLE = "TESTS_AWS_PLACE"
"""The environment variable that tells the tests' process where to run and as which run."""
PLAIN_KEY = "test"


class Refused(Exception):
    """The tests do not run there; the text says why and what to do."""


@dataclass(frozen=True)
class Place:
    """An endpoint and credentials. ``endpoint_url`` None is AWS; ``key`` None takes what boto3 finds by itself."""

    endpoint_url: str | None
    region: str
    costs_money: bool
    key: str | None = None
    secret: str | None = None
    token: str | None = None

    def client(self, service: str, *, region: str | None = None, **config: Any) -> Any:
        """A new boto3 client. AWS's throttling is retried; emulators get one attempt and half a minute."""
        settings: dict[str, Any] = {"retries": {"mode": "standard", "total_max_attempts": 6}}
        if not self.costs_money:
            settings = {"retries": {"total_max_attempts": 1}, "read_timeout": 30, "connect_timeout": 5}
        if self.endpoint_url is None:
            settings["ignore_configured_endpoint_urls"] = True  # a profile may name other endpoints than AWS's
        else:
            settings["s3"] = {"addressing_style": "path"}
        return boto3.client(
            service,
            region_name=region or self.region,
            endpoint_url=self.endpoint_url,
            aws_access_key_id=self.key,
            aws_secret_access_key=self.secret,
            aws_session_token=self.token,
            config=Config(**{**settings, **config}),
        )


@dataclass(frozen=True)
class Caller:
    """Who pays."""

    account: str
    arn: str


def find_place(text: str, environment: Mapping[str, str]) -> Place:
    """Read TARGET: ``aws`` or an endpoint. Raises Refused."""
    if text == AWS:
        return _find_aws(environment)
    address = urlsplit(text)
    if address.scheme not in ("http", "https") or not address.hostname:
        raise Refused(
            f"TARGET={text} is neither `aws` nor an address. Use TARGET=aws, or TARGET=http://127.0.0.1:4566 for an "
            "emulator on this machine."
        )
    if address.path.strip("/") or address.query or address.username:
        raise Refused(f"TARGET={text} has more than a scheme, a host and a port.")
    if address.hostname.endswith((".amazonaws.com", ".amazonaws.com.cn", ".api.aws")):
        raise Refused(f"{address.hostname} serves one service of AWS. All of AWS is TARGET=aws.")
    if is_this_machine(address.hostname):
        return Place(
            text.rstrip("/"),
            environment.get("AWS_DEFAULT_REGION", EMULATOR_REGION),
            costs_money=False,
            key=environment.get("AWS_ACCESS_KEY_ID", PLAIN_KEY),
            secret=environment.get("AWS_SECRET_ACCESS_KEY", PLAIN_KEY),
            token=environment.get("AWS_SESSION_TOKEN"),
        )
    if address.scheme == "http":
        raise Refused(f"{address.hostname} is another machine; requests to it are sent over https:// only.")
    return Place(text.rstrip("/"), _find_region(), costs_money=True)


def find_caller(place: Place) -> Caller:
    """Ask who the credentials are. Raises Refused for nobody, for a root user and for other partitions."""
    try:
        answer = place.client("sts").get_caller_identity()
    except (BotoCoreError, ClientError) as error:
        advice = "Log in again" if place.costs_money else "Start the emulator, or name its address as TARGET"
        raise Refused(f"GetCallerIdentity fails, so it is unknown whose account this is: {error}. {advice}.") from error
    caller = Caller(answer["Account"], answer["Arn"])
    if place.costs_money and caller.arn.endswith(":root"):
        raise Refused(f"{caller.arn} is an account's root user: log in as an IAM user or a role.")
    if place.costs_money and not caller.arn.startswith("arn:aws:"):
        raise Refused(f"{caller.arn} is in a partition whose prices are not known.")
    return caller


def is_this_machine(host: str) -> bool:
    """Whether requests to the host stay on this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def write_place(place: Place, run: str) -> dict[str, str]:
    """The environment variable for the tests' process. Credentials that boto3 finds by itself are not in it."""
    return {VARIABLE: json.dumps({"run": run, "place": asdict(place)})}


def read_place(environment: Mapping[str, str]) -> tuple[Place, str] | None:
    """The place and the run that were written; None for onebox in the tests' own process."""
    if VARIABLE not in environment:
        return None
    read = json.loads(environment[VARIABLE])
    return Place(**read["place"]), read["run"]


def _find_aws(environment: Mapping[str, str]) -> Place:
    redirected = sorted(name for name in environment if name.startswith("AWS_ENDPOINT_URL") and environment[name])
    if redirected:
        raise Refused(f"{redirected[0]} is set, so requests would not go to AWS. Unset it, or name it as TARGET.")
    return Place(None, _find_region(), costs_money=True)


def _find_region() -> str:
    try:
        session = boto3.Session()
        has_credentials, region = session.get_credentials() is not None, session.region_name
    except BotoCoreError as error:  # a profile that does not exist, a configuration that cannot be read
        raise Refused(f"The AWS configuration cannot be used: {error}. Check AWS_PROFILE and ~/.aws/config.") from error
    if not has_credentials:
        raise Refused("There are no credentials: log in (`aws sso login`) or set AWS_PROFILE.")
    if not region:
        raise Refused("There is no region: set AWS_DEFAULT_REGION, or AWS_PROFILE to a profile with a region.")
    return region
