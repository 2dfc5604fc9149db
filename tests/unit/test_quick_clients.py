"""Goal: clients that share what they are made of are as separate as any."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import boto3
import botocore
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.hooks import HierarchicalEmitter
from botocore.session import Session


class RawBody(BytesIO):
    """The body of an answer, as urllib3 has it."""

    def stream(self) -> Any:
        yield self.read()


def client(session: Any, service: str = "sqs", key: str = "a", port: int = 1) -> Any:
    return session.client(
        service,
        region_name="us-east-1",
        endpoint_url=f"http://127.0.0.1:{port}",
        aws_access_key_id=key,
        aws_secret_access_key="test",
    )


def sent_by(made: Any) -> Any:
    """The request that a client would send."""
    requests = []

    def keep(request: Any, **_: Any) -> AWSResponse:
        requests.append(request)
        return AWSResponse(request.url, 200, HTTPHeaders(), RawBody(b"{}"))

    made.meta.events.register_first("before-send.sqs", keep)
    made.list_queues()
    (request,) = requests
    return request


def test_each_has_its_own_credentials_endpoint_and_handlers() -> None:
    one, other = (sent_by(client(boto3.Session(), key=key, port=port)) for key, port in (("a", 1), ("b", 2)))
    assert (one.url, other.url) == ("http://127.0.0.1:1/", "http://127.0.0.1:2/")
    assert b"Credential=a/" in one.headers["Authorization"]
    assert b"Credential=b/" in other.headers["Authorization"]


def test_a_handler_of_one_session_is_no_handler_of_another() -> None:
    called: list[str] = []
    session = boto3.Session()
    session.events.register("creating-client-class.sqs", lambda class_attributes, **_: class_attributes.update(own=1))
    session.events.register("provide-client-params.sqs", lambda **_: called.append("here"))
    assert client(session).own == 1
    other = client(boto3.Session())
    assert not hasattr(other, "own")
    other.meta.events.emit("provide-client-params.sqs.ListQueues", params={}, model=None, context={})
    assert called == []


def test_an_s3_client_of_boto3_has_its_transfer_methods_and_one_of_botocore_has_not() -> None:
    assert hasattr(client(boto3.Session(), "s3"), "upload_file")
    plain = Session().create_client("s3", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
    assert not hasattr(plain, "upload_file")


def test_a_session_with_handlers_of_its_own_keeps_them_beside_the_builtin_ones() -> None:
    hooks, called = HierarchicalEmitter(), []
    hooks.register("choose-signer.sts.AssumeRoleWithWebIdentity", lambda **_: called.append("own"))
    emitter = Session(event_hooks=hooks).get_component("event_emitter")
    answers = emitter.emit("choose-signer.sts.AssumeRoleWithWebIdentity", context={}, signing_name="sts")
    assert called == ["own"]
    assert botocore.UNSIGNED in [answer for _, answer in answers]
