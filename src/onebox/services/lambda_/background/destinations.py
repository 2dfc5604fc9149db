"""Where what became of an invocation is sent: queues, topics and functions, with the rights of the function's role.

Everything is sent inside the caller's transaction.
AWS: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
"""

from __future__ import annotations

from collections.abc import Callable

from onebox.arn import find_arn
from onebox.services.context import Deps, RequestContext, Wire
from onebox.services.iam.internal import IamInternal
from onebox.services.lambda_.errors import AccessDeniedException, InvalidParameterValueException
from onebox.services.lambda_.model import FunctionVersion
from onebox.services.lambda_.principals import role_context
from onebox.services.sqs.internal import SqsInternal

Publish = Callable[[RequestContext, str, str, Wire], None]
"""``(context, topic_arn, message, attributes)``: as the context's principal, whose rights were checked."""
InvokeAsync = Callable[[RequestContext, str, bytes], None]
"""``(context, function_arn, payload)``: an Event invocation."""


class Destinations:
    """Sends to whatever an ARN names. Topics and functions are connected later: they are built after this."""

    def __init__(self, deps: Deps, sqs: SqsInternal, iam: IamInternal, endpoint_url: Callable[[], str]) -> None:
        self._deps = deps
        self._sqs = sqs
        self._iam = iam
        self._endpoint_url = endpoint_url
        self._publish: Publish | None = None
        self._invoke: InvokeAsync | None = None

    def connect(self, *, publish: Publish | None = None, invoke: InvokeAsync | None = None) -> None:
        """Give the ways to topics and functions."""
        self._publish = publish or self._publish
        self._invoke = invoke or self._invoke

    def send(self, function: FunctionVersion, request_id: str, target_arn: str, body: str, attributes: Wire) -> None:
        """Send to a queue, topic or function. Raises AwsError for what keeps it out; nothing is sent then."""
        context = role_context(function, self._deps.clock.now_ms(), request_id, self._endpoint_url())
        arn = find_arn(target_arn)
        service = "" if arn is None else arn.service
        self._deps.storage.run(lambda: self._send(context, service, target_arn, body, attributes))

    def _send(self, context: RequestContext, service: str, arn: str, body: str, attributes: Wire) -> None:
        if service == "sqs":
            self._check(context, "sqs:SendMessage", arn)
            self._sqs.send(context, arn, body, attributes)
        elif service == "sns" and self._publish is not None:
            self._check(context, "sns:Publish", arn)
            self._publish(context, arn, body, attributes)
        elif service == "lambda" and self._invoke is not None:
            self._check(context, "lambda:InvokeFunction", arn)
            self._invoke(context, arn, body.encode())
        else:
            raise InvalidParameterValueException(f"The destination ARN {arn} is invalid.")

    def _check(self, context: RequestContext, action: str, arn: str) -> None:
        decision = self._iam.check(context, action, [arn])
        if not decision.allowed:
            raise AccessDeniedException(decision.reason)
