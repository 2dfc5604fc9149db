"""Refusals by the gateway itself, in the words of the service that the request's head names."""

from __future__ import annotations

from onebox.errors import AccessDenied, AwsError
from onebox.gateway import dynamodb_front
from onebox.gateway.destination import find_destination
from onebox.gateway.limits import body_bytes_max
from onebox.gateway.message import Request, Response
from onebox.gateway.routing import find_error_writer
from onebox.gateway.web_guard import PageRefused


class RequestEntityTooLarge(AwsError):
    """The body is larger than any that the service takes."""

    code = "RequestEntityTooLargeException"
    status = 413


def find_body_bytes_max(path: str, query: str, headers: dict[str, str]) -> int:
    """The size of the largest body that is kept for a request with this head."""
    return body_bytes_max(find_destination(path, query, headers).service)


def page_refusal(request: Request, refused: PageRefused, request_id: str) -> Response:
    """403 for a request from a web page, or to an unknown host."""
    return _refuse(request, AccessDenied(str(refused)), 403, request_id)


def too_large(request: Request, request_id: str) -> Response:
    """413 for a request whose body was not kept."""
    if find_destination(request.path, request.query, request.headers).service == "dynamodb":
        return dynamodb_front.too_large(request_id)
    most = find_body_bytes_max(request.path, request.query, request.headers)
    message = f"The request has {request.body_bytes} bytes; the service takes at most {most}."
    return _refuse(request, RequestEntityTooLarge(message), 413, request_id)


def failure(request: Request, error: AwsError, request_id: str) -> Response:
    """The answer to a request whose operation could not be looked up: as text where the form of the service's errors
    cannot be looked up either."""
    try:
        return _refuse(request, error, error.status, request_id)
    except Exception:  # noqa: BLE001 - the caller has logged why
        return _as_text(error, error.status, request_id)


def _refuse(request: Request, error: AwsError, status: int, request_id: str) -> Response:
    write_error = find_error_writer(request)
    if write_error is None:
        return _as_text(error, status, request_id)
    answer = write_error(error, request_id)
    return Response(status, answer.body, answer.headers)


def _as_text(error: AwsError, status: int, request_id: str) -> Response:
    headers = [("Content-Type", "text/plain; charset=utf-8"), ("x-amzn-RequestId", request_id)]
    return Response(status, f"{error.message}\n".encode(), headers)
