"""What the tests of Lambda share: functions that are ready, under the test's own names, and their invocations."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from tests.api.lambda_support import BASIC, RUNTIME, zipped
from tests.aws.support import trust

QUEUES = "arn:aws:iam::aws:policy/service-role/AWSLambdaSQSQueueExecutionRole"
LAMBDA = {"Service": "lambda.amazonaws.com"}


def make_role(iam: Any, name: str, principal: dict[str, str] | None = None) -> str:
    """A role for functions, or for another principal; its ARN."""
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(principal or LAMBDA))["Role"]["Arn"]
    for policy in (BASIC, QUEUES):
        iam.attach_role_policy(RoleName=name, PolicyArn=policy)
    return str(arn)


class Functions:
    """The functions of one test. ``name`` is that of the function that a test makes without naming it."""

    def __init__(self, api: Any, until: Any, role: str, unique: Callable[[str], str]) -> None:
        self.api = api
        self.name = unique("function")
        self._until = until
        self._role = role

    def request(self, code: str, **overrides: Any) -> dict[str, Any]:
        """A request for CreateFunction; None leaves a member to AWS's default."""
        request = {
            "FunctionName": self.name,
            "Runtime": RUNTIME,
            "Handler": "app.handler",
            "Role": self._role,
            "Code": {"ZipFile": zipped(code)},
            "Timeout": 30,
            **overrides,
        }
        return {name: value for name, value in request.items() if value is not None}

    def make(self, code: str, **overrides: Any) -> dict[str, Any]:
        """Create a function and wait until it takes calls; what CreateFunction answered."""
        request = self.request(code, **overrides)
        created = self._with_role(self.api.create_function, request, "cannot be assumed by Lambda")
        self.settle(request["FunctionName"])
        return created

    def map(self, request: dict[str, Any]) -> dict[str, Any]:
        """Create an event source mapping; what CreateEventSourceMapping answered."""
        return self._with_role(self.api.create_event_source_mapping, request, "role does not have permissions")

    def _with_role(self, call: Any, request: dict[str, Any], refusal: str) -> dict[str, Any]:
        """Call until the role, which is new, and its policies are known everywhere."""

        def attempt() -> dict[str, Any] | None:
            try:
                answer: dict[str, Any] = call(**request)
            except ClientError as error:
                if refusal not in str(error):
                    raise
                return None
            return answer

        answered: dict[str, Any] = self._until(attempt, "the role and its policies to be known to Lambda")
        return answered

    def settle(self, name: str | None = None) -> dict[str, Any]:
        """Wait until the function takes calls and changes; its configuration."""

        def look() -> dict[str, Any] | None:
            found: dict[str, Any] = self.api.get_function_configuration(FunctionName=name or self.name)
            ready = found["State"] == "Active" and found["LastUpdateStatus"] == "Successful"
            return found if ready else None

        settled: dict[str, Any] = self._until(look, f"{name or self.name} to be ready")
        return settled

    def call(self, event: Any = None, **parameters: Any) -> tuple[Any, dict[str, Any]]:
        """The parsed payload and the answer of Invoke."""
        answer = self.api.invoke(**{"FunctionName": self.name, "Payload": json.dumps(event), **parameters})
        return json.loads(answer["Payload"].read() or "null"), answer
