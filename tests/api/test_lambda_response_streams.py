"""Goal: what a function streams reaches the client as it comes, as events or over a function URL; whole results too."""

from __future__ import annotations

import base64
import http.client
import json
import resource
import shutil
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from onebox.testing import EngineThread
from tests.api.lambda_support import log_messages, make_function
from tests.api.test_lambda_runtimes import archive
from tests.polling import PATIENCE_S, until

CODE = """
def handler(event, context):
    print("ran")
    if event == "fail":
        raise ValueError("no")
    return "x" * event
"""


def stream(client: Callable[..., Any], event: Any, **parameters: Any) -> tuple[bytes, dict[str, Any]]:
    """What came in chunks, and how the invocation ended."""
    request = {"FunctionName": "function", "Payload": json.dumps(event), **parameters}
    answer = client("lambda").invoke_with_response_stream(**request)
    assert answer["StatusCode"] == 200
    *chunks, last = list(answer["EventStream"])
    return b"".join(chunk["PayloadChunk"]["Payload"] for chunk in chunks), last["InvokeComplete"]


@pytest.mark.parametrize("characters", [0, 1, 200_000])
def test_results_come_in_chunks(client: Callable[..., Any], characters: int) -> None:
    make_function(client, CODE)
    payload, complete = stream(client, characters)
    assert (json.loads(payload), complete) == ("x" * characters, {})


def test_errors_and_logs_come_at_the_end(client: Callable[..., Any]) -> None:
    make_function(client, CODE)
    payload, complete = stream(client, "fail", LogType="Tail")
    assert (payload, complete["ErrorCode"]) == (b"", "Unhandled")
    assert json.loads(complete["ErrorDetails"])["errorMessage"] == "no"
    assert b"ran" in base64.b64decode(complete["LogResult"])


def test_what_cannot_be_invoked_is_refused(client: Callable[..., Any]) -> None:
    call = client("lambda").invoke_with_response_stream
    with pytest.raises(ClientError, match="Function not found"):
        call(FunctionName="absent")
    make_function(client, CODE)
    with pytest.raises(ClientError, match=r"\[RequestResponse, DryRun\]"):
        call(FunctionName="function", InvocationType="Event")
    for payload in (b"{", b"[" + b"{}," * 100_000):  # the long one is judged beside the event loop
        with pytest.raises(ClientError, match="Could not parse request body into json"):
            call(FunctionName="function", Payload=payload)
    assert call(FunctionName="function", InvocationType="DryRun")["StatusCode"] == 204


STREAMING = """
const fs = require("fs");
const until = (gate) => new Promise((resolve) => {
  const look = () => (fs.existsSync(gate) ? setTimeout(look, 1) : resolve());
  look();
});
exports.handler = awslambda.streamifyResponse(async (event, stream, context) => {
  const query = event.rawQueryString;
  const asked = query === undefined ? event : Object.fromEntries(new URLSearchParams(query));
  if (asked.prelude) {
    const metadata = { statusCode: 418, headers: { "X-Own": "yes" }, cookies: ["a=1", "b=2"] };
    stream = awslambda.HttpResponseStream.from(stream, metadata);
  } else if (asked.type) {
    stream.setContentType(asked.type);
  }
  if (asked.fail === "early") throw new TypeError("early");
  stream.write("first;");
  if (asked.gate) await until(asked.gate);
  if (asked.fail === "late") throw new TypeError("late");
  if (asked.fail === "crash") setTimeout(() => { throw new Error("crash"); }, 1);
  if (asked.fail) await new Promise(() => {});
  for (let sent = 0; sent < (asked.megabytes ?? 0); sent += 1) {
    if (!stream.write(Buffer.alloc(1 << 20, "m"))) await new Promise((resolve) => stream.once("drain", resolve));
  }
  stream.end("last");
});
"""
needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js")


def make_streaming(client: Callable[..., Any]) -> None:
    make_function(client, {"index.js": STREAMING}, Runtime="nodejs20.x", Handler="index.handler")


@needs_node
def test_chunks_come_while_the_function_still_runs(client: Callable[..., Any], tmp_path: Path) -> None:
    make_streaming(client)
    gate = tmp_path / "gate"
    gate.touch()
    payload = json.dumps({"gate": str(gate)})
    answer = client("lambda").invoke_with_response_stream(FunctionName="function", Payload=payload, LogType="Tail")
    events = iter(answer["EventStream"])
    assert next(events)["PayloadChunk"]["Payload"] == b"first;"
    gate.unlink()
    rest = list(events)
    assert b"".join(event["PayloadChunk"]["Payload"] for event in rest[:-1]) == b"last"
    assert b"REPORT" in base64.b64decode(rest[-1]["InvokeComplete"]["LogResult"])


@needs_node
def test_streamed_responses_fail_at_their_end_and_may_be_large(client: Callable[..., Any]) -> None:
    make_streaming(client)
    for fail, sent in (("early", b""), ("late", b"first;"), ("crash", b"first;")):
        payload, complete = stream(client, {"fail": fail})
        assert (payload, complete["ErrorCode"]) == (sent, "Unhandled")
        assert json.loads(complete["ErrorDetails"])["errorMessage"] == fail
    payload, complete = stream(client, {"megabytes": 20})
    assert (len(payload), complete) == (20 * 2**20 + 10, {})
    # Who asks for the whole gets the whole, up to the limit of Invoke.
    whole = client("lambda").invoke(FunctionName="function", Payload="{}")["Payload"].read()
    assert whole == b"first;last"
    failed = client("lambda").invoke(FunctionName="function", Payload=json.dumps({"fail": "late"}))
    assert json.loads(failed["Payload"].read())["errorMessage"] == "late"
    too_large = client("lambda").invoke(FunctionName="function", Payload=json.dumps({"megabytes": 7}))
    assert json.loads(too_large["Payload"].read())["errorType"] == "Function.ResponseSizeTooLarge"


@needs_node
def test_a_slow_client_holds_up_the_function_and_not_the_memory(
    client: Callable[..., Any], onebox: EngineThread
) -> None:
    """A hundred megabytes are on their way to a client that reads nothing; a neighbour is served meanwhile."""
    make_streaming(client)
    payload = json.dumps({"megabytes": 100})
    before = peak_memory_kib()
    answer = client("lambda").invoke_with_response_stream(FunctionName="function", Payload=payload)
    for _ in range(20):
        client("sqs").list_queues()
    size = sum(len(event.get("PayloadChunk", {}).get("Payload", b"")) for event in answer["EventStream"])
    assert size == 100 * 2**20 + 10
    assert peak_memory_kib() - before < 60 * 1024


def peak_memory_kib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def make_url(client: Callable[..., Any]) -> tuple[str, str]:
    """The host of a function URL that anybody may call, and where the engine listens."""
    client("lambda").add_permission(
        FunctionName="function",
        StatementId="public",
        Action="lambda:InvokeFunctionUrl",
        Principal="*",
        FunctionUrlAuthType="NONE",
    )
    config = client("lambda").create_function_url_config(
        FunctionName="function", AuthType="NONE", InvokeMode="RESPONSE_STREAM"
    )
    return urlsplit(config["FunctionUrl"]).netloc, urlsplit(client("lambda").meta.endpoint_url).netloc


@needs_node
def test_function_urls_stream(client: Callable[..., Any], tmp_path: Path) -> None:
    make_streaming(client)
    host, endpoint = make_url(client)
    connection = http.client.HTTPConnection(endpoint, timeout=PATIENCE_S)

    def get(query: str) -> http.client.HTTPResponse:
        connection.request("GET", f"/?{query}", headers={"Host": host})
        return connection.getresponse()

    gate = tmp_path / "gate"
    gate.touch()
    answer = get(f"type=text/plain&gate={gate}")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/plain")
    assert (answer.headers["Transfer-Encoding"], answer.read(6)) == ("chunked", b"first;")
    gate.unlink()
    assert answer.read() == b"last"
    answer = get("prelude=1")
    assert (answer.status, answer.headers["X-Own"], answer.read()) == (418, "yes", b"first;last")
    assert answer.headers.get_all("Set-Cookie") == ["a=1", "b=2"]
    answer = get("fail=early")
    assert (answer.status, answer.read()) == (502, b"Internal Server Error")
    # The connection is the same up to here; a failure amid the answer cuts it.
    with pytest.raises(http.client.IncompleteRead):
        get("fail=late").read()
    connection.close()
    address, _, port = endpoint.partition(":")
    with socket.create_connection((address, int(port)), timeout=PATIENCE_S) as old:
        old.sendall(f"GET / HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
        head, _, body = b"".join(iter(lambda: old.recv(4096), b"")).partition(b"\r\n\r\n")
    assert (body, b"chunked" in head) == (b"first;last", False)


BOOTSTRAP = """#!INTERPRETER
import http.client, os, time
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
while True:
    api.request("GET", "/2018-06-01/runtime/invocation/next")
    answer = api.getresponse()
    gate, request_id = answer.read().decode().strip('"'), answer.headers["Lambda-Runtime-Aws-Request-Id"]
    def parts():
        yield b"first;"
        while os.path.exists(gate):
            time.sleep(0.001)
        yield b"last"
    headers = {"Lambda-Runtime-Function-Response-Mode": "streaming", "Transfer-Encoding": "chunked"}
    api.request("POST", f"/2018-06-01/runtime/invocation/{request_id}/response", parts(), headers, encode_chunked=True)
    api.getresponse().read()
"""


MEGABYTES = """    def parts():
        for _ in range(50):
            yield b"m" * 2**20
    headers"""


def test_a_client_that_leaves_a_function_url_does_not_hold_up_the_function(client: Callable[..., Any]) -> None:
    """It reads nothing, so the function waits for it; when it has gone, the function runs to its end."""
    start, _, rest = BOOTSTRAP.partition("    def parts():")
    code = start + MEGABYTES + rest.partition("headers")[2]
    bootstrap = archive({"bootstrap": code.replace("INTERPRETER", sys.executable)}, ("bootstrap",))
    make_function(client, "", Code={"ZipFile": bootstrap}, Runtime="provided.al2023", Handler="own")
    host, endpoint = make_url(client)
    address, _, port = endpoint.partition(":")
    with socket.create_connection((address, int(port)), timeout=PATIENCE_S) as connection:
        connection.sendall(f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        assert connection.recv(12) == b"HTTP/1.1 200"
    until(lambda: any(line.startswith("REPORT") for line in log_messages(client)), "the end of the invocation")


def test_runtimes_of_their_own_stream_too(client: Callable[..., Any], tmp_path: Path) -> None:
    bootstrap = archive({"bootstrap": BOOTSTRAP.replace("INTERPRETER", sys.executable)}, ("bootstrap",))
    make_function(client, "", Code={"ZipFile": bootstrap}, Runtime="provided.al2023", Handler="own")
    gate = tmp_path / "gate"
    gate.touch()
    answer = client("lambda").invoke_with_response_stream(FunctionName="function", Payload=json.dumps(str(gate)))
    events = iter(answer["EventStream"])
    assert next(events)["PayloadChunk"]["Payload"] == b"first;"
    gate.unlink()
    assert [next(iter(event)) for event in events] == ["PayloadChunk", "InvokeComplete"]


@needs_node
def test_a_client_that_hangs_up_does_not_hold_up_the_function(client: Callable[..., Any]) -> None:
    make_streaming(client)
    payload = json.dumps({"megabytes": 50})
    answer = client("lambda").invoke_with_response_stream(FunctionName="function", Payload=payload)
    next(iter(answer["EventStream"]))
    answer["EventStream"].close()
    until(lambda: any(line.startswith("REPORT") for line in log_messages(client)), "the end of the invocation")
    assert stream(client, {}) == (b"first;last", {})


@needs_node
def test_a_request_for_the_head_alone_does_not_hold_up_the_function(client: Callable[..., Any]) -> None:
    make_streaming(client)
    host, endpoint = make_url(client)
    connection = http.client.HTTPConnection(endpoint, timeout=PATIENCE_S)
    connection.request("HEAD", "/?megabytes=50", headers={"Host": host})
    answer = connection.getresponse()
    assert (answer.status, answer.read()) == (200, b"")
    connection.close()
    until(lambda: any(line.startswith("REPORT") for line in log_messages(client)), "the end of the invocation")
    assert "Status: timeout" not in "".join(log_messages(client))
