"""Invoke, in its three types, and InvokeWithResponseStream.
AWS: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Callable
from functools import partial

import orjson

from onebox.runtime.threads import OneThread
from onebox.services.context import RequestContext, Wire
from onebox.services.lambda_ import limits
from onebox.services.lambda_.core import LambdaCore
from onebox.services.lambda_.errors import (
    InvalidParameterValueException,
    InvalidRequestContentException,
    RequestTooLargeException,
    ResourceNotFoundException,
    ValidationException,
)
from onebox.services.lambda_.execution.outcome import Outcome
from onebox.services.lambda_.execution.response_stream import ResponseStream
from onebox.services.lambda_.model import LATEST, FunctionVersion
from onebox.services.lambda_.naming import FunctionReference, parse_function_reference
from onebox.services.lambda_.resource_policies import check_account
from onebox.services.lambda_.validation import constraint_error, must_be_one_of
from onebox.text.json_validity import is_json

_CLIENT_CONTEXT_CHARACTERS_MAX = 3583
_STREAM_TYPES = ("RequestResponse", "DryRun")
_CHUNK_BYTES = 64 * 1024
_READ_BYTES_MAX = 256 * 1024
"""Longer payloads are checked beside the event loop."""
_CHECKING = OneThread("onebox-payloads")
"""One check at a time: several would take the processors from the event loop."""
_NOT_JSON = "Could not parse request body into json: Could not parse payload into json"


async def invoke(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """Run a function and answer with its result, or accept its event, or only look whether it could run."""
    reference = parse_function_reference(context, request["FunctionName"], request.get("Qualifier"), any_account=True)
    check_account(core.policies, reference, context)
    function = _load(core, reference)
    invocation_type = request.get("InvocationType", "RequestResponse")
    payload = request.get("Payload") or b""
    if invocation_type == "DryRun":
        return {"StatusCode": 204, "Payload": b""}
    if invocation_type == "Event":
        await _check_payload(payload, invocation_type, limits.EVENT_BYTES_MAX)
        await core.deps.storage.write(
            lambda: core.events.accept(context, reference.key, reference.qualifier, payload or b"{}")
        )
        return {"StatusCode": 202, "Payload": b""}
    if invocation_type != "RequestResponse":
        raise ValidationException(
            f"1 validation error detected: Value '{invocation_type}' at 'invocationType' failed to satisfy "
            "constraint: Member must satisfy enum value set: [Event, RequestResponse, DryRun]"
        )
    await _check_payload(payload, invocation_type, limits.REQUEST_BYTES_MAX)
    outcome = await _run(core, context, reference, function, request, payload=payload or b"{}")
    answer: Wire = {"StatusCode": 200, "Payload": outcome.payload, "ExecutedVersion": function.version}
    if outcome.failed:
        answer["FunctionError"] = "Unhandled"
    if request.get("LogType") == "Tail":
        answer["LogResult"] = base64.b64encode(outcome.log_tail).decode("ascii")
    return answer


async def invoke_with_response_stream(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """Run a function and answer with events: what it streams as it comes, any other result at its end."""
    reference = parse_function_reference(context, request["FunctionName"], request.get("Qualifier"), any_account=True)
    check_account(core.policies, reference, context)
    function = _load(core, reference)
    invocation_type = request.get("InvocationType", "RequestResponse")
    if invocation_type not in _STREAM_TYPES:
        raise constraint_error("invocationType", invocation_type, must_be_one_of(_STREAM_TYPES))
    payload = request.get("Payload") or b""
    if invocation_type == "DryRun":
        return {"StatusCode": 204}
    await _check_payload(payload, invocation_type, limits.REQUEST_BYTES_MAX)
    stream = ResponseStream()
    _start(core, context, reference, function, request, payload=payload or b"{}", done=stream.end, stream=stream)
    return {
        "StatusCode": 200,
        "ExecutedVersion": function.version,
        "EventStream": _events(stream, wants_log=request.get("LogType") == "Tail"),
    }


async def _events(stream: ResponseStream, *, wants_log: bool) -> AsyncIterator[Wire]:
    try:
        async for chunk in stream.chunks():
            for part in _parts(chunk):
                yield part
    finally:
        stream.abandon()
    outcome = stream.outcome
    complete: Wire = {}
    if outcome.failed:
        complete = {"ErrorCode": "Unhandled", "ErrorDetails": outcome.payload.decode("utf-8", "replace")}
    else:
        for part in _parts(outcome.payload):
            yield part
    if wants_log:
        complete["LogResult"] = base64.b64encode(outcome.log_tail).decode("ascii")
    yield {"InvokeComplete": complete}


def _parts(payload: bytes) -> list[Wire]:
    starts = range(0, len(payload), _CHUNK_BYTES)
    return [{"PayloadChunk": {"Payload": payload[at : at + _CHUNK_BYTES]}} for at in starts]


def _load(core: LambdaCore, reference: FunctionReference) -> FunctionVersion:
    try:
        return core.finder.load_for_invocation(reference.key, reference.qualifier)
    except ResourceNotFoundException:
        raise ResourceNotFoundException(
            f"Function not found: {reference.key.arn}:{reference.qualifier or LATEST}"
        ) from None


async def _run(
    core: LambdaCore,
    context: RequestContext,
    reference: FunctionReference,
    function: FunctionVersion,
    request: Wire,
    *,
    payload: bytes,
) -> Outcome:
    finished: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

    def finish(outcome: Outcome) -> None:
        if not finished.done():  # The client may have gone by then; the function runs to its end all the same.
            finished.set_result(outcome)

    _start(core, context, reference, function, request, payload=payload, done=finish)
    return await finished


def _start(
    core: LambdaCore,
    context: RequestContext,
    reference: FunctionReference,
    function: FunctionVersion,
    request: Wire,
    *,
    payload: bytes,
    done: Callable[[Outcome], None],
    stream: ResponseStream | None = None,
) -> None:
    core.invoker.invoke(
        function,
        reference.qualifier,
        payload,
        done,
        request_id=context.request_id,
        client_context=_client_context(request.get("ClientContext")),
        wants_log_tail=request.get("LogType") == "Tail",
        trace_header=context.headers.get("x-amzn-trace-id", ""),
        stream=stream,
    )


async def _check_payload(payload: bytes, invocation_type: str, bytes_max: int) -> None:
    if len(payload) > bytes_max:
        raise RequestTooLargeException(
            f"{len(payload)} byte payload is too large for the {invocation_type} invocation type "
            f"(limit {bytes_max} bytes)"
        )
    if len(payload) > _READ_BYTES_MAX:
        if not await _CHECKING.run(partial(is_json, payload)):
            raise InvalidRequestContentException(_NOT_JSON)
    elif payload:
        try:
            orjson.loads(payload)
        except orjson.JSONDecodeError as error:
            raise InvalidRequestContentException(f"{_NOT_JSON}: {error}") from error


def _client_context(text: str | None) -> str | None:
    """The JSON inside X-Amz-Client-Context."""
    if not text:
        return None
    if len(text) > _CLIENT_CONTEXT_CHARACTERS_MAX:
        raise InvalidParameterValueException("Client context must be at most 3583 bytes.")
    try:
        # Written again, on one line and in ASCII: it becomes a header for the function's process.
        parsed = orjson.loads(base64.b64decode(text, validate=True))
    except ValueError as error:
        raise InvalidRequestContentException("Client context must be a valid Base64-encoded JSON object.") from error
    return _ascii_json(parsed)


def _ascii_json(value: object) -> str:
    text = orjson.dumps(value).decode()
    return "".join(
        character
        if character < "\x80"
        else "".join(f"\\u{int.from_bytes(pair, 'big'):04x}" for pair in _utf16_units(character))
        for character in text
    )


def _utf16_units(character: str) -> list[bytes]:
    encoded = character.encode("utf-16-be")
    return [encoded[at : at + 2] for at in range(0, len(encoded), 2)]
