"""The awsQuery protocol: SNS, IAM, STS, CloudFormation, CloudWatch, and SQS as it was before JSON.

https://smithy.io/2.0/aws/protocols/aws-query-protocol.html. Knows nothing of services' behaviour; what SQS does in its
own way is in ``sqs_query.py``.
"""

from __future__ import annotations

from onebox.errors import AwsError
from onebox.gateway.message import Request, Response
from onebox.gateway.protocols.codec import ErrorWriter, OperationSpec, RequestReader, ResultWriter, WireProtocol
from onebox.gateway.protocols.compile import MissingFlags
from onebox.gateway.protocols.dialects import Dialect
from onebox.gateway.protocols.error_forms import ErrorForm, find_error_form
from onebox.gateway.protocols.form import Tree, parse_form
from onebox.gateway.protocols.query_shapes import QueryDecoders
from onebox.gateway.protocols.xml_shapes import XmlEncoders
from onebox.gateway.protocols.xml_text import escape, escape_message
from onebox.gateway.specs.loader import ServiceModel
from onebox.services.context import Wire

XML_TYPE = ("Content-Type", "text/xml")
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


def _build_reader(operation: OperationSpec, input_name: str, dialect: Dialect, flags: MissingFlags) -> RequestReader:
    model = operation.model
    decode_input = QueryDecoders(model, dialect, flags).decoder(input_name)

    def read(request: Request) -> Wire:
        try:
            tree = parse_request_form(request)
        except ValueError:
            raise dialect.malformed() from None
        wire: Wire = decode_input(tree)
        return wire

    return read


def parse_request_form(request: Request) -> Tree:
    """The parameters of the body and, for GET requests and presigned ones, of the query string."""
    if not request.query:
        return parse_form(request.body)
    query = request.query.encode("utf-8")
    return parse_form(query + b"&" + request.body if request.body else query)


def _build_writer(operation: OperationSpec) -> ResultWriter:
    model, name = operation.model, operation.name
    namespace = model.metadata["xmlNamespace"]
    start = f'<?xml version="1.0"?><{name}Response xmlns="{namespace}">'
    end = f"</RequestId></ResponseMetadata></{name}Response>"
    write_result = None
    if operation.output_name is not None:
        wrapper = operation.definition["output"].get("resultWrapper", f"{name}Result")
        write_result = XmlEncoders(model).element(operation.output_name, wrapper)

    def write(result: Wire, request_id: str) -> Response:
        out = [start]
        if write_result is not None:
            write_result(result, out)
        out += ("<ResponseMetadata><RequestId>", request_id, end)
        return Response(200, "".join(out).encode(), [("x-amzn-RequestId", request_id), XML_TYPE])

    return write


def _build_error_writer(model: ServiceModel) -> ErrorWriter:
    namespace = model.metadata["xmlNamespace"]
    encoders = XmlEncoders(model)

    def write_error(error: AwsError, request_id: str) -> Response:
        form = find_error_form(model, error)
        out = [
            f'<?xml version="1.0"?><ErrorResponse xmlns="{namespace}"><Error>',
            f"<Type>{'Receiver' if form.receiver_fault else 'Sender'}</Type>",
            f"<Code>{escape(query_code(form))}</Code>",
        ]
        if form.message:
            out.append(f"<Message>{escape_message(form.message)}</Message>")
        _write_members(model, encoders, form, out)
        out.append(f"</Error><RequestId>{request_id}</RequestId></ErrorResponse>")
        return Response(form.status, "".join(out).encode(), [("x-amzn-RequestId", request_id), XML_TYPE])

    return write_error


def query_code(form: ErrorForm) -> str:
    """The code of an error as query clients know it."""
    return form.code if form.modelled else _CODES.get(form.code, form.code)


def _write_members(model: ServiceModel, encoders: XmlEncoders, form: ErrorForm, out: list[str]) -> None:
    if form.members and form.modelled:
        encoders.content(form.shape_name, model.load_shape(form.shape_name)["members"])(form.members, out)


QUERY = WireProtocol("query", _build_reader, _build_writer, _build_error_writer)
