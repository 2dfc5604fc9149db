"""The callers in Systems Manager Parameter Store, as OrderIntake reads them: kept for a minute.

Promises: a removed caller is refused a minute later at the latest, unless Parameter Store does not answer: then the
callers last read stay valid.
AWS: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParametersByPath.html
Standard library only: this file travels with the function.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from orders.clock import Clock
from orders.errors import OrderUnavailable
from orders.intake.callers import CALLERS_MAX, CALLERS_PATH, Caller, decode_caller
from orders.processor.aws_json_client import AwsJsonClient, Service, Unreachable, read_error

SSM = Service("ssm", "AmazonSSM", "application/x-amz-json-1.1")
KEPT_MS = 60_000
PAGE_MAX = 10


class CallerStore:
    """The port Callers."""

    def __init__(self, client: AwsJsonClient, clock: Clock, path: str = CALLERS_PATH) -> None:
        """``path`` is where the callers stand in Parameter Store."""
        self._path = path
        self._client = client
        self._clock = clock
        self._callers: list[Caller] | None = None
        self._read_at_ms = 0.0

    def read(self) -> Sequence[Caller]:
        """Raises OrderUnavailable if Parameter Store never answered."""
        now_ms = self._clock.monotonic_ms()
        if self._callers is not None and now_ms - self._read_at_ms < KEPT_MS:
            return self._callers
        try:
            self._callers = self._fetch()
        except OrderUnavailable:
            if self._callers is None:
                raise
        self._read_at_ms = now_ms
        return self._callers

    def _fetch(self) -> list[Caller]:
        found: list[Caller] = []
        request: dict[str, Any] = {"Path": self._path, "WithDecryption": True, "MaxResults": PAGE_MAX}
        while len(found) < CALLERS_MAX:
            answer = self._call(request)
            for one in answer["Parameters"]:
                caller = decode_caller(one["Name"].rpartition("/")[2], one["Value"])
                if caller is not None:
                    found.append(caller)
            if not answer.get("NextToken"):
                break
            request["NextToken"] = answer["NextToken"]
        return found[:CALLERS_MAX]

    def _call(self, request: dict[str, Any]) -> Any:
        body = json.dumps(request).encode()
        try:
            status, answer = self._client.call("GetParametersByPath", body, self._clock.now_ms())
        except Unreachable as error:
            raise OrderUnavailable(f"Parameter Store cannot be reached: {error}", error.code) from error
        if status != 200:
            code, message, _ = read_error(status, answer)
            raise OrderUnavailable(f"{code}: {message}", code)
        return json.loads(answer)
