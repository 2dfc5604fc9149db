"""Which operation of which service, in which protocol, a request asks for.

The order of the evidence: the ``/service/…`` path of rpc-v2-cbor, the X-Amz-Target header, Lambda's dated paths, the
signature's scope, a form with a file (S3's PostObject), the Action parameter with its Version, and S3 for whatever
remains. A request that fits no operation
raises :class:`RoutingError`, which holds the answer in that service's words. Paths under ``/_onebox/`` are the
server's. Knows the wire and nothing of what services do.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote_plus

from onebox.errors import AwsError, InvalidAction, UnknownOperationException
from onebox.gateway import dynamodb_front
from onebox.gateway.destination import LAMBDA_PATH, SIGNING_NAMES, TARGETS, find_destination
from onebox.gateway.form_credentials import find_form_credential
from onebox.gateway.message import Request, Response
from onebox.gateway.protocols.codec import ErrorWriter, OperationCodec
from onebox.gateway.protocols.dialects import MissingAction, dialect_of
from onebox.gateway.protocols.post_object import (
    OPERATION,
    codec_of,
    is_form,
    is_upload_without_form,
    not_a_form,
    read_upload,
)
from onebox.gateway.protocols.protocols import find_codec, find_error_encoder
from onebox.gateway.protocols.rest_routes import find_rest_operation
from onebox.gateway.protocols.sqs_query import unknown_operation
from onebox.gateway.sigv4 import Credential, find_credential


class Route(NamedTuple):
    """Where a request goes."""

    service: str
    """The service's name in the registry."""
    operation: str
    codec: OperationCodec
    credential: Credential | None


class RoutingError(Exception):
    """A request that no operation fits; ``response(request_id)`` is its answer."""

    def __init__(self, response: Callable[[str], Response]) -> None:
        super().__init__("no operation fits the request")
        self.response = response


class UnknownTarget(Exception):
    """An X-Amz-Target whose prefix is that of no service."""


_QUERY_SERVICES = frozenset({"sqs", "sns", "cloudwatch", "iam", "sts", "cloudformation"})
_VERSIONS = {
    "2012-11-05": "sqs",
    "2010-03-31": "sns",
    "2010-08-01": "cloudwatch",
    "2010-05-08": "iam",
    "2011-06-15": "sts",
    "2010-05-15": "cloudformation",
}
# Links in SNS's confirmation and notification messages carry neither a signature nor a version.
_UNVERSIONED_ACTIONS = {"ConfirmSubscription": "sns", "Unsubscribe": "sns"}
_PRESIGNED_ACTIONS = frozenset({("sts", "GetCallerIdentity")})
"""Query actions that are sent as presigned links (a cluster's proof of who asks). S3 presigns everything."""
_SERVICE_NOT_OFFERED = (
    "onebox does not offer the service {}. "
    "The command `onebox operations` and docs/compatibility.md list what it offers."
)
_ACTIONS_OF_NO_QUEUE = frozenset(
    {"CreateQueue", "ListQueues", "StartMessageMoveTask", "ListMessageMoveTasks", "CancelMessageMoveTask"}
)
_CBOR_PATH = re.compile(r"/service/(\w{1,100})/operation/(\w{1,100})")
_QUEUE_PATH = re.compile(r"/\d{12}/[\w.-]{1,80}", re.ASCII)
_ACTION = re.compile(rb"(?:^|&)Action=([^&]{0,200})")
_VERSION = re.compile(rb"(?:^|&)Version=([^&]{0,40})")


def resolve(request: Request) -> Route:
    """The route of a request. Raises RoutingError."""
    credential = find_credential(request)
    target = request.headers.get("x-amz-target")
    if target is not None and request.method == "POST":
        if target.startswith(dynamodb_front.TARGET):
            _check_dynamodb(request, credential)
        try:
            service, operation, codec = _resolve_target(target)
        except UnknownTarget:
            _check_dynamodb_host(request, credential)
            raise service_not_offered(request) from None
        if service == "cloudwatch" and _is_query_mode(request):
            codec = find_codec(service, "json-query-mode", operation) or codec
        return Route(service, operation, codec, _header_credential(credential))
    path = request.path
    if target is not None or credential is None or credential.service == "dynamodb":
        _check_dynamodb_host(request, credential)
    if path.startswith("/service/") and "smithy-protocol" in request.headers:
        return _resolve_cbor(request, _header_credential(credential))
    if LAMBDA_PATH.match(path) and (credential is None or credential.service == "lambda"):
        return _resolve_rest("lambda", request, _header_credential(credential))
    if is_form(request) and (credential is None or credential.service == "s3"):
        return _resolve_form(request, credential)
    if credential is None:
        return _resolve_action(None, request, None)
    service_name = SIGNING_NAMES.get(credential.service)
    if service_name is None:
        raise service_not_offered(request)
    if service_name == "s3":
        return _resolve_rest("s3", request, credential)
    if service_name == "lambda":
        return _resolve_rest("lambda", request, _header_credential(credential))
    return _resolve_action(service_name, request, credential)


def _check_dynamodb_host(request: Request, credential: Credential | None) -> None:
    """Answer a request that only its host, its scope or a broken target gives to DynamoDB. Raises RoutingError."""
    target = request.headers.get("x-amz-target", "")
    is_named = target.startswith(dynamodb_front.TARGET) or (credential is not None and credential.service == "dynamodb")
    if is_named or (credential is None and dynamodb_front.is_dynamodb_host(request.headers.get("host", ""))):
        _check_dynamodb(request, credential)
        if not target.startswith(dynamodb_front.TARGET):
            raise RoutingError(dynamodb_front.unknown_operation(request))


def _check_dynamodb(request: Request, credential: Credential | None) -> None:
    """Answer what DynamoDB's front answers by itself. Raises RoutingError."""
    if credential is None:
        answer = dynamodb_front.check_unsigned(request)
    else:
        answer = dynamodb_front.check_signed(request) or dynamodb_front.check_body(request)
    if answer is not None:
        raise RoutingError(answer)


def _is_query_mode(request: Request) -> bool:
    """Whether the client wants the errors' statuses of the query protocol that the service had before."""
    return request.headers.get("x-amzn-query-mode", "").lower() == "true"


def _header_credential(credential: Credential | None) -> Credential | None:
    """The credential, if it is in a header. A link may carry it only where links are presigned in practice: a web page
    can make a browser follow any link."""
    return None if credential is None or credential.presigned else credential


# Only existing operations are kept, so a client cannot make it grow.
@lru_cache(maxsize=1024)
def _resolve_target(target: str) -> tuple[str, str, OperationCodec]:
    """Service, operation and codec of an X-Amz-Target. Raises UnknownTarget, or RoutingError for its operation."""
    prefix, _, operation = target.rpartition(".")
    service = TARGETS.get(prefix)
    if service is None:
        raise UnknownTarget
    codec = find_codec(service, "json", operation)
    if codec is None:
        raise _error(service, "json", UnknownOperationException())
    return service, operation, codec


def service_not_offered(request: Request) -> RoutingError:
    """The refusal of a request for a service that onebox does not have, in the form that the service's clients read."""
    message = _SERVICE_NOT_OFFERED.format(find_destination(request.path, request.query, request.headers).name)
    if "x-amz-target" in request.headers:
        return _error("logs", "json", UnknownOperationException(message))
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return _error("sts", "query", InvalidAction(message))
    return _error("lambda", "rest-json", UnknownOperationException(message))


def _resolve_cbor(request: Request, credential: Credential | None) -> Route:
    protocol = "cbor-query-mode" if _is_query_mode(request) else "cbor"
    match = _CBOR_PATH.fullmatch(request.path) if request.method == "POST" else None
    service = TARGETS.get(match[1]) if match else None
    codec = find_codec("cloudwatch", protocol, match[2]) if match and service == "cloudwatch" else None
    if match is None or codec is None:
        raise _error("cloudwatch", "cbor", UnknownOperationException())
    return Route("cloudwatch", match[2], codec, credential)


def _resolve_rest(service: str, request: Request, credential: Credential | None) -> Route:
    protocol = "rest-json" if service == "lambda" else "rest-xml"
    operation = find_rest_operation(service, request)
    codec = find_codec(service, protocol, operation) if operation is not None else None
    if operation is None or codec is None:
        if service == "s3" and is_upload_without_form(request):
            raise _error(service, protocol, not_a_form())
        raise _error(service, protocol, dialect_of(service, protocol).unknown_route(request.method))
    return Route(service, operation, codec, credential)


def _resolve_form(request: Request, credential: Credential | None) -> Route:
    """An upload by a form. Its fields have the credential, unless a header has one. A presigned link is none of forms:
    it was signed for another operation of the bucket."""
    try:
        upload = read_upload(request)
        signer = _header_credential(credential) or find_form_credential(upload.fields)
    except AwsError as error:
        raise _error("s3", "rest-xml", error) from None
    return Route("s3", OPERATION, codec_of(upload), signer)


def _resolve_action(service: str | None, request: Request, credential: Credential | None) -> Route:
    action = _parameter(_ACTION, request)
    if service is None:
        service = _service_of_unsigned(action, request)
        if service is None:
            return _resolve_rest("s3", request, credential)
    if service not in _QUERY_SERVICES:
        raise _error(service, "json", UnknownOperationException())
    if request.method not in ("GET", "POST"):
        raise _error(service, "query", InvalidAction(f"The service {service} takes requests by GET and POST."))
    protocol = "query"
    if service == "sqs":
        _check_queue_endpoint(request, action)
        protocol = "query-json" if request.headers.get("accept") == "application/json" else "query"
    if action is None:
        raise _error(service, "query", MissingAction("The request must contain the parameter Action."))
    codec = find_codec(service, protocol, action)
    if codec is None:
        raise _error(service, "query", dialect_of(service, "query").unknown_operation(action))
    if (service, action) not in _PRESIGNED_ACTIONS:
        credential = _header_credential(credential)
    return Route(service, action, codec, credential)


def _check_queue_endpoint(request: Request, action: str | None) -> None:
    """A GET of a queue's own URL takes the operations of a queue. Raises RoutingError for others, or none."""
    if request.method != "GET" or _QUEUE_PATH.fullmatch(request.path) is None:
        return
    if action is None:
        raise RoutingError(unknown_operation)
    if action in _ACTIONS_OF_NO_QUEUE:
        raise _error("sqs", "query", dialect_of("sqs", "query").unknown_operation(action))


def _service_of_unsigned(action: str | None, request: Request) -> str | None:
    if action is None:
        return "sqs" if request.method == "GET" and _QUEUE_PATH.fullmatch(request.path) else None
    version = _parameter(_VERSION, request)
    if version is not None and version in _VERSIONS:
        return _VERSIONS[version]
    if _QUEUE_PATH.fullmatch(request.path):
        return "sqs"
    return _UNVERSIONED_ACTIONS.get(action)


def _parameter(pattern: re.Pattern[bytes], request: Request) -> str | None:
    match = pattern.search(request.body) or (pattern.search(request.query.encode()) if request.query else None)
    return unquote_plus(match[1].decode("utf-8", "replace")) if match else None


def find_error_writer(request: Request) -> ErrorWriter | None:
    """What writes an error in the form of the service that the head of the request names; None if it names none."""
    service = find_destination(request.path, request.query, request.headers).service
    if service is None:
        return None
    if service == "s3":
        return find_error_encoder("s3", "rest-xml")
    if service == "lambda":
        return find_error_encoder("lambda", "rest-json")
    if "x-amz-target" in request.headers or service not in _QUERY_SERVICES:
        return find_error_encoder(service, "json")
    return find_error_encoder(service, "cbor" if "smithy-protocol" in request.headers else "query")


def _error(service: str, protocol: str, error: AwsError) -> RoutingError:
    encode_error = find_error_encoder(service, protocol)
    return RoutingError(lambda request_id: encode_error(error, request_id))
