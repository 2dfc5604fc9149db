"""Run by test_child_fast_sdk.py in a process of its own: the same calls with the SDK as it is, and improved twice.

``python fast_sdk_exchanges.py CHILD_FOLDER`` prints as JSON what was sent, what came back, and what was not improved.
Time, random numbers and ports are the same for all three.
"""

from __future__ import annotations

import datetime
import http.client
import io
import json
import os
import queue
import socket
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Any

sys.path.insert(0, sys.argv[1])
import fast_sdk  # type: ignore[import-not-found]

fast_sdk.speed_up_sdk()  # the SDK is not imported yet: nothing to do, and no harm
assert fast_sdk._pending == set(fast_sdk._IMPROVEMENTS)

import boto3  # noqa: E402
import botocore.auth  # noqa: E402
import botocore.compat  # noqa: E402
from botocore.config import Config  # noqa: E402

_JSON = b"HTTP/1.1 200 OK\r\nServer: Server\r\nContent-Type: application/x-amz-json-1.0\r\n"
_REFUSED = (
    b'{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",'
    b'"message":"no","Item":{"a":{"S":"1"}}}'
)
_PUBLISHED = b"<PublishResponse xmlns='http://sns.amazonaws.com/doc/2010-03-31/'><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>"


def sized(head: bytes, body: bytes) -> bytes:
    return head + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


class Closing(bytes):
    """An answer after which the connection is closed."""


NEVER = b"never"
IMPATIENT = "dynamodb impatient"

# Each call, and the whole answer to it; an empty one closes the connection, none means that nothing is sent.
CALLS: list[tuple[str, Callable[[Any], Any], bytes | None]] = [
    ("dynamodb", lambda c: c.put_item(TableName="Orders", Item={"orderId": {"S": "1"}}), sized(_JSON, b"{}")),
    (
        "dynamodb",
        lambda c: c.put_item(TableName="Orders", Item={"orderId": {"S": "é"}}),
        sized(_JSON + b"X: \xe9\r\n", b"{}"),
    ),
    (
        "dynamodb",
        lambda c: c.put_item(TableName="Orders", Item={"a": {"S": "1"}}, ConditionExpression="attribute_exists(a)"),
        sized(b"HTTP/1.1 400 Bad Request\r\nContent-Type: application/x-amz-json-1.0\r\n", _REFUSED),
    ),
    ("dynamodb", lambda c: c.put_item(TableName=1), None),
    ("dynamodb", lambda c: c.list_tables(), _JSON + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"),
    ("dynamodb", lambda c: c.list_tables(), sized(_JSON + b"X-Folded: a\r\n b\r\n", b"{}")),
    ("dynamodb", lambda c: c.list_tables(), sized(_JSON + b"X-Long: " + b"x" * 9_000 + b"\r\n", b"{}")),
    ("dynamodb", lambda c: c.list_tables(), sized(b"HTTP/1.1 200 OK\r\nContent-Type: multipart/mixed\r\n", b"{}")),
    ("dynamodb", lambda c: c.list_tables(), b""),
    ("dynamodb", lambda c: c.list_tables(), Closing(_JSON)),
    ("dynamodb", lambda c: c.list_tables(), Closing(_JSON + b"Content-Length: 20\r\n\r\n{}")),
    ("dynamodb", lambda c: c.list_tables(), Closing(_JSON + b"\r\n{}")),
    ("dynamodb", lambda c: c.list_tables(), Closing(b"no HTTP\r\n\r\n")),
    ("dynamodb", lambda c: c.list_tables(), sized(_JSON + b"Server: twice\r\nConnection: close\r\n", b"{}")),
    ("dynamodb", lambda c: c.list_tables(), Closing(b"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\n")),
    (IMPATIENT, lambda c: c.list_tables(), NEVER),
    (
        "sqs",
        lambda c: c.send_message(QueueUrl="http://q.test/1/q", MessageBody="body"),
        sized(_JSON, b'{"MessageId":"1"}'),
    ),
    (
        "sns",
        lambda c: c.publish(TopicArn="arn:aws:sns:eu-west-1:1:t", Message="a & b é"),
        sized(b"HTTP/1.1 200 OK\r\n", _PUBLISHED),
    ),
    (
        "s3",
        lambda c: c.put_object(Bucket="b", Key="k é/1", Body=b"x" * 70_000),
        sized(b'HTTP/1.1 200 OK\r\nETag: "e"\r\n', b""),
    ),
    ("s3", lambda c: c.put_object(Bucket="b", Key="k", Body=io.BytesIO(b"stream")), sized(b"HTTP/1.1 200 OK\r\n", b"")),
    (
        "s3",
        lambda c: c.get_object(Bucket="b", Key="k", Range="bytes=0-4"),
        sized(b"HTTP/1.1 206 Partial Content\r\n", b"bytes"),
    ),
    ("s3", lambda c: c.head_object(Bucket="b", Key="k"), b"HTTP/1.1 404 Not Found\r\nContent-Length: 10\r\n\r\n"),
    ("lambda", lambda c: c.invoke(FunctionName="f", Payload=b"{}"), sized(b"HTTP/1.1 200 OK\r\n", b'"result"')),
    ("lambda", lambda c: c.list_functions(MaxItems=3), sized(b"HTTP/1.1 200 OK\r\n", b'{"Functions":[]}')),
    (
        "sts",
        lambda c: c.get_caller_identity(),
        sized(
            b"HTTP/1.1 403 Forbidden\r\n", b"<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>"
        ),
    ),
]


class Server:
    """Records requests and answers each with what it was given."""

    def __init__(self) -> None:
        self.answers: queue.Queue[bytes] = queue.Queue()
        self.requests: list[str] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            connection, _ = self._socket.accept()
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        stream = connection.makefile("rb")
        while head := b"".join(iter_head(stream)):
            fields = http.client.parse_headers(io.BytesIO(head.partition(b"\r\n")[2]))
            if fields.get("Expect"):
                connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            body = stream.read(int(fields.get("Content-Length", "0")))
            self.requests.append((head + body).decode("latin-1"))
            answer = self.answers.get()
            if answer == NEVER:
                threading.Event().wait()
            connection.sendall(answer)
            if not answer or isinstance(answer, Closing):
                break
        stream.close()
        connection.close()


def iter_head(stream: Any) -> Iterator[bytes]:
    while line := stream.readline():
        yield line
        if line == b"\r\n":
            return


def run_calls(server: Server) -> dict[str, Any]:
    server.requests.clear()
    numbers = iter(range(1_000))
    uuid.uuid4 = lambda: uuid.UUID(int=next(numbers))
    clients: dict[str, Any] = {}
    answers = [show(lambda: CLOSED.list_tables())]
    for service, call, answer in CALLS:
        client = clients.get(service) or clients.setdefault(service, make_client(service, server.port))
        if answer is not None:
            server.answers.put(answer)
        answers.append(show(lambda call=call, client=client: call(client)))  # type: ignore[misc]
    return {"requests": list(server.requests), "answers": answers}


def show(call: Callable[[], Any]) -> str:
    try:
        answer = call()
    except Exception as error:  # noqa: BLE001 - every error must be the same
        inner = getattr(error, "kwargs", {}).get("error")
        return f"{type(error).__name__} {error} {getattr(error, 'response', None)!r} {error.__cause__!r} {inner!r}"
    streams = {name: value.read() for name, value in answer.items() if hasattr(value, "read")}
    return repr({**answer, **streams})


def make_client(service: str, port: int) -> Any:
    config = Config(
        retries={"total_max_attempts": 1},
        s3={"addressing_style": "path"},
        read_timeout=0.02 if service == IMPATIENT else 60,
    )
    return boto3.client(
        service.split()[0],
        region_name="eu-west-1",
        endpoint_url=f"http://127.0.0.1:{port}",
        aws_access_key_id="a",
        aws_secret_access_key="b",
        aws_session_token="c",
        config=config,
    )


IMPROVED = (
    "botocore.auth:SigV4Auth._sign",
    "botocore.auth:_host_from_url",
    "botocore.awsrequest:_urljoin",
    "botocore.awsrequest:AWSRequest.body",
    "botocore.awsrequest:HeadersDict.__setitem__",
    "botocore.httpsession:URLLib3Session.close",
    "botocore.httpsession:URLLib3Session.send",
    "botocore.useragent:UserAgentString.to_string",
    "botocore.useragent:sanitize_user_agent_string_component",
    "botocore.validate:is_json_value_header",
    "email._policybase:Compat32.header_fetch_parse",
    "http.client:parse_headers",
    "urllib3.connectionpool:_encode_target",
    "urllib3.connectionpool:parse_url",
    "urllib3.poolmanager:parse_url",
)


def find_improvable() -> dict[str, Any]:
    """What is to be improved, by its name."""
    return {name: attrgetter(name.split(":")[1])(sys.modules[name.split(":")[0]]) for name in IMPROVED}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port: int = unused.getsockname()[1]
    return port


CLOSED = make_client("dynamodb", free_port())

NOW = datetime.datetime(2026, 1, 5, tzinfo=datetime.timezone.utc)
for module in (botocore.auth, botocore.compat):
    module.get_current_datetime = lambda *_, **__: NOW  # type: ignore[attr-defined]

server = Server()
os.environ["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{server.port}"
plain = run_calls(server)
before = find_improvable()
fast_sdk.speed_up_sdk()
left = [name for name, thing in find_improvable().items() if thing is before[name]]
fast, again = run_calls(server), run_calls(server)
print(
    json.dumps({"plain": plain, "fast": fast, "again": again, "left_as_it_is": left, "pending": [*fast_sdk._pending]})
)
