"""Which operation of which service, in which protocol, a request asks for.

The order of the evidence: the ``/service/…`` path of rpc-v2-cbor, the X-Amz-Target header, Lambda's dated paths, the
signature's scope, the Action parameter with its Version, and S3 for whatever remains. A request that fits no operation
raises :class:`RoutingError`, which holds the answer in that service's words. Paths under ``/_onebox/`` are the
server's. Knows the wire and nothing of what services do.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote_plus

from onebox.errors import AwsError, UnknownOperationException
from onebox.gateway.message import Request, Response
from onebox.gateway.protocols.codec import OperationCodec
from onebox.gateway.protocols.dialects import MissingAction, dialect_of
from onebox.gateway.protocols.protocols import find_codec, find_error_encoder
from onebox.gateway.protocols.rest_routes import find_rest_operation
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


_TARGETS = {
    "AmazonSQS": "sqs",
    "DynamoDB_20120810": "dynamodb",
    "Logs_20140328": "logs",
    "GraniteServiceVersion20100801": "cloudwatch",
}
_SIGNING_NAMES = {
    "sqs": "sqs",
    "sns": "sns",
    "dynamodb": "dynamodb",
    "lambda": "lambda",
    "logs": "logs",
    "monitoring": "cloudwatch",
    "iam": "iam",
    "sts": "sts",
    "cloudformation": "cloudformation",
    "s3": "s3",
}
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
_LAMBDA_PATH = re.compile(r"/20\d\d-\d\d-\d\d/")
_CBOR_PATH = re.compile(r"/service/(\w{1,100})/operation/(\w{1,100})")
_QUEUE_PATH = re.compile(r"/\d{12}/[\w.-]{1,80}", re.ASCII)
_ACTION = re.compile(rb"(?:^|&)Action=([^&]{0,200})")
_VERSION = re.compile(rb"(?:^|&)Version=([^&]{0,40})")


def resolve(request: Request) -> Route:
    """The route of a request. Raises RoutingError."""
    credential = find_credential(request)
    target = request.headers.get("x-amz-target")
    if target is not None:
        service, operation, codec = _resolve_target(target)
        return Route(service, operation, codec, credential)
    path = request.path
    if path.startswith("/service/") and "smithy-protocol" in request.headers:
        return _resolve_cbor(path, credential)
    if _LAMBDA_PATH.match(path) and (credential is None or credential.service == "lambda"):
        return _resolve_rest("lambda", request, credential)
    service_name = _SIGNING_NAMES.get(credential.service) if credential is not None else None
    if service_name in ("lambda", "s3"):
        return _resolve_rest(service_name, request, credential)
    return _resolve_action(service_name, request, credential)


# Only existing operations are kept, so a client cannot make it grow.
@lru_cache(maxsize=1024)
def _resolve_target(target: str) -> tuple[str, str, OperationCodec]:
    prefix, _, operation = target.rpartition(".")
    service = _TARGETS.get(prefix)
    codec = find_codec(service, "json", operation) if service is not None else None
    if service is None or codec is None:
        raise _error(service or "dynamodb", "json", UnknownOperationException())
    return service, operation, codec


def _resolve_cbor(path: str, credential: Credential | None) -> Route:
    match = _CBOR_PATH.fullmatch(path)
    service = _TARGETS.get(match[1]) if match else None
    codec = find_codec("cloudwatch", "cbor", match[2]) if match and service == "cloudwatch" else None
    if match is None or codec is None:
        raise _error("cloudwatch", "cbor", UnknownOperationException())
    return Route("cloudwatch", match[2], codec, credential)


def _resolve_rest(service: str, request: Request, credential: Credential | None) -> Route:
    protocol = "rest-json" if service == "lambda" else "rest-xml"
    operation = find_rest_operation(service, request)
    codec = find_codec(service, protocol, operation) if operation is not None else None
    if operation is None or codec is None:
        raise _error(service, protocol, dialect_of(service, protocol).unknown_route(request.method))
    return Route(service, operation, codec, credential)


def _resolve_action(service: str | None, request: Request, credential: Credential | None) -> Route:
    action = _parameter(_ACTION, request)
    if service is None:
        service = _service_of_unsigned(action, request)
        if service is None:
            return _resolve_rest("s3", request, credential)
    if service not in _QUERY_SERVICES:
        raise _error(service, "json", UnknownOperationException())
    if action is None:
        raise _error(service, "query", MissingAction("The request must contain the parameter Action."))
    codec = find_codec(service, "query", action)
    if codec is None:
        raise _error(service, "query", dialect_of(service, "query").unknown_operation(action))
    return Route(service, action, codec, credential)


def _service_of_unsigned(action: str | None, request: Request) -> str | None:
    if action is None:
        return None
    version = _parameter(_VERSION, request)
    if version is not None and version in _VERSIONS:
        return _VERSIONS[version]
    if _QUEUE_PATH.fullmatch(request.path):
        return "sqs"
    return _UNVERSIONED_ACTIONS.get(action)


def _parameter(pattern: re.Pattern[bytes], request: Request) -> str | None:
    match = pattern.search(request.body) or (pattern.search(request.query.encode()) if request.query else None)
    return unquote_plus(match[1].decode("utf-8", "replace")) if match else None


def _error(service: str, protocol: str, error: AwsError) -> RoutingError:
    encode_error = find_error_encoder(service, protocol)
    return RoutingError(lambda request_id: encode_error(error, request_id))
