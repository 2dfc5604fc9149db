"""The awsQuery protocol: SNS, IAM, STS, CloudFormation, CloudWatch, and SQS as it was before JSON.

https://smithy.io/2.0/aws/protocols/aws-query-protocol.html. Knows nothing of services' behaviour, with one exception
that belongs to the wire: SQS takes its queue URL from the path where the parameter is absent.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from onebox.errors import AwsError
from onebox.gateway.message import Request, Response
from onebox.gateway.protocols.codec import OperationCodec
from onebox.gateway.protocols.compile import MissingFlags, find_missing
from onebox.gateway.protocols.dialects import dialect_of
from onebox.gateway.protocols.error_forms import ErrorForm, find_error_form
from onebox.gateway.protocols.form import Tree, parse_form
from onebox.gateway.protocols.query_shapes import QueryDecoders
from onebox.gateway.protocols.xml_shapes import XmlEncoders
from onebox.gateway.protocols.xml_text import escape
from onebox.gateway.specs.loader import ServiceModel
from onebox.services.context import Wire

_CONTENT_TYPE = ("Content-Type", "text/xml")
# Errors of JSON frameworks, as query clients know them; services that speak both raise either.
_CODES = {
    "AccessDeniedException": "AccessDenied",
    "InvalidParameterValueException": "InvalidParameterValue",
    "InvalidParameterCombinationException": "InvalidParameterCombination",
    "MissingRequiredParameterException": "MissingParameter",
    "UnrecognizedClientException": "InvalidClientTokenId",
    "InvalidSignatureException": "SignatureDoesNotMatch",
    "UnknownOperationException": "InvalidAction",
    "ExpiredTokenException": "ExpiredToken",
}


def build_query_codec(model: ServiceModel, operation_name: str) -> OperationCodec:
    """The codec of one operation. Raises KeyError for an operation that the model does not know."""
    operation = model.load_operation(operation_name)
    encode_error = query_error_encoder(model)
    unknown = dialect_of(model.service, "query").unknown_operation
    return OperationCodec(
        decode=_request_decoder(model, operation),
        encode=_result_encoder(model, operation_name, operation),
        encode_error=encode_error,
        unknown_operation=lambda request_id: encode_error(unknown(operation_name), request_id),
    )


def _request_decoder(model: ServiceModel, operation: dict[str, Any]) -> Callable[[Request], Wire]:
    dialect = dialect_of(model.service, "query")
    flags = MissingFlags()
    input_name = operation["input"]["shape"] if "input" in operation else None
    decode_input = QueryDecoders(model, dialect, flags).decoder(input_name) if input_name else None
    takes_queue_url = model.service == "sqs" and "QueueUrl" in model.load_shape(str(input_name))["members"]

    def decode(request: Request) -> Wire:
        try:
            tree = parse_request_form(request)
        except ValueError:
            raise dialect.malformed() from None
        if decode_input is None:
            return {}
        if takes_queue_url and "QueueUrl" not in tree and len(request.path) > 1:
            tree["QueueUrl"] = f"http://{request.headers.get('host', 'localhost')}{request.path}"
        flags.raised = False
        wire: Wire = decode_input(tree)
        if flags.raised:
            raise dialect.missing(find_missing(model, str(input_name), wire))
        return wire

    return decode


def parse_request_form(request: Request) -> Tree:
    """The parameters of the body and, for GET requests and presigned ones, of the query string."""
    if not request.query:
        return parse_form(request.body)
    query = request.query.encode("utf-8")
    return parse_form(query + b"&" + request.body if request.body else query)


def _result_encoder(
    model: ServiceModel, operation_name: str, operation: dict[str, Any]
) -> Callable[[Wire, str], Response]:
    namespace = model.metadata["xmlNamespace"]
    start = f'<?xml version="1.0"?><{operation_name}Response xmlns="{namespace}">'
    end = f"</RequestId></ResponseMetadata></{operation_name}Response>"
    write_result = None
    if "output" in operation:
        wrapper = operation["output"].get("resultWrapper", f"{operation_name}Result")
        write_result = XmlEncoders(model).element(operation["output"]["shape"], wrapper)

    def encode(result: Wire, request_id: str) -> Response:
        out = [start]
        if write_result is not None:
            write_result(result, out)
        out += ("<ResponseMetadata><RequestId>", request_id, end)
        return Response(200, "".join(out).encode(), [("x-amzn-RequestId", request_id), _CONTENT_TYPE])

    return encode


def query_error_encoder(model: ServiceModel) -> Callable[[AwsError, str], Response]:
    """The function that writes errors in the query protocol."""
    namespace = model.metadata["xmlNamespace"]
    encoders = XmlEncoders(model)

    def encode_error(error: AwsError, request_id: str) -> Response:
        form = find_error_form(model, error)
        out = [
            f'<?xml version="1.0"?><ErrorResponse xmlns="{namespace}"><Error>',
            f"<Type>{'Receiver' if form.receiver_fault else 'Sender'}</Type>",
            f"<Code>{escape(form.code if form.modelled else _CODES.get(form.code, form.code))}</Code>",
        ]
        if form.message:
            out.append(f"<Message>{escape(form.message)}</Message>")
        _write_members(model, encoders, form, out)
        out.append(f"</Error><RequestId>{request_id}</RequestId></ErrorResponse>")
        return Response(form.status, "".join(out).encode(), [("x-amzn-RequestId", request_id), _CONTENT_TYPE])

    return encode_error


def _write_members(model: ServiceModel, encoders: XmlEncoders, form: ErrorForm, out: list[str]) -> None:
    if form.members and form.modelled:
        encoders.content(form.shape_name, model.load_shape(form.shape_name)["members"])(form.members, out)
