"""Creates boto3 clients on first use, and reads error codes."""

from __future__ import annotations

from functools import cached_property
from threading import RLock
from typing import Any
from urllib.parse import urlsplit

from orders.aws.names import Names
from orders.aws.settings import LOOPBACK, Settings
from orders.errors import OperatorError

CONNECT_TIMEOUT_S = 5
ANSWER_TIMEOUT_S = 60
ATTEMPTS = 5
# For commands that ask again by themselves, and say that nobody answers.
WATCHING_ATTEMPTS = 2


class Aws:
    """One identity, one region, one endpoint. Safe for several threads."""

    def __init__(self, settings: Settings, attempts: int = ATTEMPTS) -> None:
        self.settings = settings
        self._attempts = attempts
        self._clients: dict[str, Any] = {}
        self._lock = RLock()  # making clients is what a boto3 session does not do for several threads

    @cached_property
    def _session(self) -> Any:
        import boto3  # imported here because its import takes longer than most commands

        session = boto3.Session(profile_name=self.settings.profile, region_name=self.settings.region)
        if self.settings.access_key is None and session.get_credentials() is None:
            raise _without_credentials(self.settings)
        if session.region_name is None:
            raise OperatorError("no AWS region is configured", "Give --region, or set AWS_REGION.")
        return session

    def client(self, service: str, *, retries: int | None = None, checked: bool = True) -> Any:
        """The boto3 client of a service, cached by its options.

        ``retries`` counts attempts, by default those of this object; ``checked`` holds parameters against the model.
        """
        retries = retries or self._attempts
        made = f"{service} {retries} {checked}"
        with self._lock:
            if made not in self._clients:
                self._clients[made] = self._make_client(service, retries, checked=checked)
            return self._clients[made]

    def _make_client(self, service: str, retries: int, *, checked: bool) -> Any:
        from botocore.config import Config

        key_id, secret = self.settings.access_key or (None, None)
        return self._session.client(
            service,
            endpoint_url=self.settings.endpoint_url,
            aws_access_key_id=key_id,
            aws_secret_access_key=secret,
            config=Config(
                parameter_validation=checked,
                retries={"mode": "standard", "total_max_attempts": retries},
                connect_timeout=CONNECT_TIMEOUT_S,
                read_timeout=ANSWER_TIMEOUT_S,
                max_pool_connections=32,
                # A bucket's name is no host name where the endpoint is one machine.
                s3={"addressing_style": "path" if self.settings.endpoint_url else "auto"},
            ),
        )

    def for_watching(self) -> Aws:
        """The same place with fewer attempts of each call, so that an outage is noticed soon."""
        return Aws(self.settings, WATCHING_ATTEMPTS)

    @property
    def region(self) -> str:
        return str(self._session.region_name)

    @cached_property
    def _caller(self) -> dict[str, str]:
        return dict(self.client("sts").get_caller_identity())

    @property
    def account(self) -> str:
        return str(self._caller["Account"])

    @property
    def identity(self) -> str:
        """The ARN of the user or role that the requests are signed as."""
        return str(self._caller["Arn"])

    @property
    def partition(self) -> str:
        return str(self._session.get_partition_for_region(self.region))

    def arn(self, service: str, resource: str) -> str:
        """The ARN of a resource of this account and region."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"

    @property
    def names(self) -> Names:
        """The names of the system's resources."""
        return self.settings.names

    @property
    def place(self) -> str:
        """The endpoint or region, and the system's prefix, for display."""
        if self.settings.is_onebox:
            place = f"onebox at {self.settings.endpoint_url}"
        else:
            place = self.settings.endpoint_url or f"AWS, {self.region}"
        return f"{place}, system {self.names.prefix}" if self.names.prefix else place


def error_code(error: Exception) -> str:
    """The code of an AWS error, empty for other errors."""
    response = getattr(error, "response", None)
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""


def _without_credentials(settings: Settings) -> OperatorError:
    """What is missing where no credentials are found: onebox, which needs none, is not where it was looked for."""
    url, other = settings.endpoint_url, settings.other_listener
    nobody = "no AWS credentials are configured, and"
    if other:
        advice = "Start one with `orders up --port 4567`, or configure AWS with `aws configure`."
        return OperatorError(f"{nobody} {other}, not a onebox", advice)
    if url is None:
        advice = "Start one with `orders up`, or configure AWS with `aws configure`."
        return OperatorError(f"{nobody} no onebox runs on this machine", advice)
    address = urlsplit(url)
    if address.hostname in LOOPBACK:
        port = f" --port {address.port}" if address.port else ""
        advice = f"Start one there with `orders up{port}`, or name another with --endpoint-url or AWS_ENDPOINT_URL."
        return OperatorError(f"{nobody} no onebox answers at {url}", advice)
    advice = "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE. A onebox takes any, such as `test`."
    return OperatorError(f"no credentials are configured for {url}", advice)
