"""The query protocol as SQS speaks it, where that differs from other services'.

The queue URL may be the request's path, a batch without entries is an empty batch, an empty result is one element, a
queue that is not there is «not there for this wsdl version», and ``Accept: application/json`` asks for JSON.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import Any

import orjson

from onebox.errors import AwsError
from onebox.gateway.message import Request, Response
from onebox.gateway.protocols.codec import ErrorWriter, OperationSpec, RequestReader, ResultWriter, WireProtocol
from onebox.gateway.protocols.compile import MissingFlags
from onebox.gateway.protocols.dialects import Dialect
from onebox.gateway.protocols.error_forms import ErrorForm, find_error_form
from onebox.gateway.protocols.query import QUERY, XML_TYPE, parse_request_form, query_code
from onebox.gateway.protocols.query_shapes import QueryDecoders
from onebox.gateway.specs.loader import ServiceModel
from onebox.services.context import Wire

_NO_QUEUE = "The specified queue does not exist."
_NO_QUEUE_IN_QUERY = "The specified queue does not exist for this wsdl version."
_NAMES = {"Tags": ("Key", "Value")}
"""How the entries of a map are written as a list; of others as Name and Value."""


def _build_reader(operation: OperationSpec, input_name: str, dialect: Dialect, flags: MissingFlags) -> RequestReader:
    model, name = operation.model, operation.name
    decode_input = QueryDecoders(model, dialect, flags).decoder(input_name)
    takes_queue_url = "QueueUrl" in model.load_shape(input_name)["members"]
    entries = f"{name}RequestEntry" if name.endswith("Batch") else None

    def read(request: Request) -> Wire:
        try:
            tree = parse_request_form(request)
        except ValueError:
            raise dialect.malformed() from None
        if takes_queue_url and "QueueUrl" not in tree and len(request.path) > 1:
            tree["QueueUrl"] = f"http://{request.headers.get('host', 'localhost')}{request.path}"
        if entries is not None:
            tree.setdefault(entries, "")  # an empty list
        wire: Wire = decode_input(tree)
        return wire

    return read


def _build_writer(operation: OperationSpec) -> ResultWriter:
    write_result = QUERY.build_writer(operation)
    name = operation.name
    empty, short = f"<{name}Result></{name}Result>".encode(), f"<{name}Result/>".encode()

    def write(result: Wire, request_id: str) -> Response:
        response = write_result(result, request_id)
        if not result:
            return Response(response.status, response.body.replace(empty, short), response.headers)
        return response

    return write


def _find_form(model: ServiceModel, error: AwsError) -> ErrorForm:
    form = find_error_form(model, error)
    if form.message == _NO_QUEUE:
        form.message = _NO_QUEUE_IN_QUERY
    return form


def _build_error_writer(model: ServiceModel) -> ErrorWriter:
    write_plain = QUERY.build_error_writer(model)

    def write_error(error: AwsError, request_id: str) -> Response:
        response = write_plain(error, request_id)
        if error.message != _NO_QUEUE:
            return response
        body = response.body.replace(_NO_QUEUE.encode(), _NO_QUEUE_IN_QUERY.encode())
        return Response(response.status, body, response.headers)

    return write_error


def _build_json_writer(operation: OperationSpec) -> ResultWriter:
    name = operation.name

    def write(result: Wire, request_id: str) -> Response:
        answer: dict[str, Any] = {}
        if operation.output_name is not None:
            answer[f"{name}Result"] = _as_json(result)
        answer["ResponseMetadata"] = {"RequestId": request_id}
        return _json(200, {f"{name}Response": answer}, request_id)

    return write


def _as_json(value: Mapping[str, Any]) -> dict[str, Any]:
    """A structure as the query protocol writes it in JSON: lists in lower camel case, maps as lists of pairs."""
    written: dict[str, Any] = {}
    for name, member in value.items():
        if isinstance(member, list):
            written[name[:1].lower() + name[1:]] = [_member_as_json(name, one) for one in member]
        elif member is not None:
            written[name] = _member_as_json(name, member)
    return written


def _member_as_json(name: str, member: Any) -> Any:
    if isinstance(member, bytes):
        return b64encode(member).decode("ascii")
    if not isinstance(member, dict):
        return member
    if name not in ("Attributes", "MessageAttributes", "Tags"):
        return _as_json(member)
    key_name, value_name = _NAMES.get(name, ("Name", "Value"))
    return [{key_name: key, value_name: _member_as_json("", one)} for key, one in member.items()]


def _build_json_error_writer(model: ServiceModel) -> ErrorWriter:
    def write_error(error: AwsError, request_id: str) -> Response:
        form = _find_form(model, error)
        fault = "Receiver" if form.receiver_fault else "Sender"
        body = {"Error": {"Code": query_code(form), "Message": form.message, "Type": fault}, "RequestId": request_id}
        return _json(form.status, body, request_id)

    return write_error


def _json(status: int, body: dict[str, Any], request_id: str) -> Response:
    headers = [("x-amzn-RequestId", request_id), ("Content-Type", "application/json")]
    return Response(status, orjson.dumps(body), headers)


def unknown_operation(request_id: str) -> Response:
    """The answer to a GET of a queue's URL without an action, whatever it accepts; recorded from AWS."""
    return Response(404, b"<UnknownOperationException/>\n", [("x-amzn-RequestId", request_id), XML_TYPE])


SQS_QUERY = WireProtocol("query", _build_reader, _build_writer, _build_error_writer)
SQS_QUERY_JSON = WireProtocol("query-json", _build_reader, _build_json_writer, _build_json_error_writer)
