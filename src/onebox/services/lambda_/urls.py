"""Requests to function URLs: who may send them, the invocation, CORS.

Knows nothing of sockets; the gateway hands requests over and authenticates those that are signed.
AWS: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import orjson

from onebox.errors import AwsError
from onebox.services.context import ANONYMOUS, Principal, RequestContext, Wire
from onebox.services.lambda_.core import LambdaCore
from onebox.services.lambda_.errors import AccessDeniedException, RequestTooLargeException, TooManyRequestsException
from onebox.services.lambda_.execution.response_stream import ResponseStream
from onebox.services.lambda_.limits import REQUEST_BYTES_MAX
from onebox.services.lambda_.model import FunctionUrl
from onebox.services.lambda_.naming import FunctionReference
from onebox.services.lambda_.resource_policies import allows_url
from onebox.services.lambda_.tracing import make_trace_id
from onebox.services.lambda_.url_events import InvalidAnswer, UrlAnswer, UrlRequest, make_event, read_answer
from onebox.services.lambda_.url_streams import read_streamed_answer

_ACTION = "lambda:InvokeFunctionUrl"
_FORBIDDEN = (
    "Forbidden. For troubleshooting Function URL authorization issues, see: "
    "https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"
)


class FunctionUrls:
    """Answers requests to function URLs."""

    def __init__(self, core: LambdaCore) -> None:
        self._core = core

    async def answer(self, request: UrlRequest, authenticate: Callable[[str], Principal]) -> UrlAnswer:
        """The answer to a request; ``authenticate`` gives who signed it, for a region, or raises AwsError."""
        url = self._core.urls.find_by_id(request.headers.get("host", "").partition(".")[0].lower())
        if url is None:
            return _error(403, "AccessDeniedException", {"Message": None})
        preflight = _cors_headers(url, request)
        if request.method == "OPTIONS" and preflight and "access-control-request-method" in request.headers:
            return UrlAnswer(200, b"", preflight)
        answer = await self._answer(url, request, authenticate)
        latency_ms = self._core.deps.clock.now_ms() - request.now_ms
        self._core.invoker.metrics.url_answered(url.key, url.qualifier or None, answer.status, latency_ms)
        return UrlAnswer(answer.status, answer.body, [*answer.headers, *preflight], answer.chunks)

    async def _answer(
        self, url: FunctionUrl, request: UrlRequest, authenticate: Callable[[str], Principal]
    ) -> UrlAnswer:
        try:
            caller = authenticate(url.key.region) if url.auth_type == "AWS_IAM" else None
            self._check_access(url, request, caller)
            if len(request.body) > REQUEST_BYTES_MAX:
                raise RequestTooLargeException(f"Request must be smaller than {REQUEST_BYTES_MAX} bytes")
            stream = ResponseStream()
            self._invoke(url, request, caller, stream)
        except TooManyRequestsException:
            return _error(
                429, "TooManyRequestsException", {"Reason": None, "Type": "User", "message": "Rate Exceeded."}
            )
        except RequestTooLargeException as error:
            return _error(413, error.wire_code, {"Message": error.message})
        except AwsError as error:
            return _error(error.status, error.wire_code, {"Message": error.message or None})
        try:
            answer = await self._read_answer(url, stream)
        except asyncio.CancelledError:
            stream.abandon()
            raise
        except InvalidAnswer as error:
            stream.abandon()
            self._core.deps.log.info("%s answered no HTTP answer: %s", url.arn, error)
            answer = None
        if answer is None:
            answer = UrlAnswer(502, b"Internal Server Error", [("Content-Type", "application/json")])
        headers = [*answer.headers, ("x-amzn-RequestId", request.request_id)]
        return UrlAnswer(answer.status, answer.body, headers, answer.chunks)

    async def _read_answer(self, url: FunctionUrl, stream: ResponseStream) -> UrlAnswer | None:
        """The answer that the function's result or its stream means; None if it failed. Raises InvalidAnswer."""
        await stream.wait_begun()
        if stream.content_type is not None:
            return await read_streamed_answer(stream)
        outcome = stream.outcome
        return None if outcome.failed else read_answer(outcome.payload)

    def _check_access(self, url: FunctionUrl, request: UrlRequest, caller: Principal | None) -> None:
        """Raise AccessDeniedException unless the function's policy or the caller's own lets him in."""
        reference = FunctionReference(url.key, url.qualifier or None)
        admitted = allows_url(self._core.policies, reference, caller or ANONYMOUS, url.auth_type)
        if caller is None:
            if not admitted:
                raise AccessDeniedException(_FORBIDDEN)
            return
        context = self._context(url, request, caller)
        keys = {"lambda:FunctionUrlAuthType": url.auth_type}
        decision = self._core.iam.check(context, _ACTION, [url.arn], lambda: keys)
        same_account = caller.account == url.key.account
        if decision.explicit or not (admitted or decision.allowed if same_account else admitted and decision.allowed):
            raise AccessDeniedException(_FORBIDDEN)

    def _invoke(self, url: FunctionUrl, request: UrlRequest, caller: Principal | None, stream: ResponseStream) -> None:
        core = self._core
        function = core.finder.load_for_invocation(url.key, url.qualifier or None)
        trace_id = make_trace_id(request.headers.get("x-amzn-trace-id", ""), core.deps.ids.hex(40), request.now_ms)
        core.invoker.invoke(
            function,
            url.qualifier or None,
            make_event(url, request, caller, trace_id),
            stream.end,
            request_id=request.request_id,
            trace_header=trace_id,
            stream=stream if url.invoke_mode == "RESPONSE_STREAM" else None,
        )

    def _context(self, url: FunctionUrl, request: UrlRequest, caller: Principal) -> RequestContext:
        return RequestContext(
            account=caller.account,
            region=url.key.region,
            principal=caller,
            now_ms=request.now_ms,
            request_id=request.request_id,
            endpoint_url=self._core.settings.endpoint_url(),
            source_ip=request.source_ip,
            headers=request.headers,
        )


def _error(status: int, code: str, body: Wire) -> UrlAnswer:
    headers = [("Content-Type", "application/json"), ("x-amzn-ErrorType", code)]
    return UrlAnswer(status, orjson.dumps(body), headers)


def _cors_headers(url: FunctionUrl, request: UrlRequest) -> list[tuple[str, str]]:
    """What lets a page of an allowed origin read the answer."""
    origin = request.headers.get("origin")
    if url.cors is None or origin is None:
        return []
    allowed = url.cors.get("AllowOrigins") or []
    if "*" not in allowed and origin not in allowed:
        return []
    headers = [("Access-Control-Allow-Origin", origin if origin in allowed else "*"), ("Vary", "Origin")]
    for member, name in (
        ("AllowMethods", "Access-Control-Allow-Methods"),
        ("AllowHeaders", "Access-Control-Allow-Headers"),
        ("ExposeHeaders", "Access-Control-Expose-Headers"),
    ):
        if url.cors.get(member):
            headers.append((name, ",".join(url.cors[member])))
    if url.cors.get("AllowCredentials"):
        headers.append(("Access-Control-Allow-Credentials", "true"))
    if url.cors.get("MaxAge") is not None:
        headers.append(("Access-Control-Max-Age", str(url.cors["MaxAge"])))
    return headers
