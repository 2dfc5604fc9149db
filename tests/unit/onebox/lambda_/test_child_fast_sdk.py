"""Goal: with fast_sdk, a function's SDK puts the same bytes on the wire and returns the same answers and errors; every
improvement applies to the installed version, and a version that does it in another way is left alone."""

from __future__ import annotations

import http.client
import importlib.util
import io
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from email import _policybase
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import botocore.awsrequest
import botocore.useragent
import pytest
from botocore.config import Config
from botocore.context import ClientContext, set_context
from hypothesis import given
from hypothesis import strategies as st

import onebox.services.lambda_.child
from onebox.services.lambda_.child import fast_sdk
from onebox.services.lambda_.child.fast_sdk import (
    answer_heads,
    plain_exchange,
    pure_results,
    request_headers,
    user_agent,
)

CHILD_FOLDER = str(Path(onebox.services.lambda_.child.__file__).parent)
EXCHANGES = Path(__file__).parent / "fast_sdk_exchanges.py"


@pytest.fixture(scope="module")
def seen() -> dict[str, Any]:
    """What a process of its own sent and received, first with the SDK as it is: an improved SDK stays improved."""
    run = subprocess.run([sys.executable, str(EXCHANGES), CHILD_FOLDER], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    result: dict[str, Any] = json.loads(run.stdout)
    return result


def test_requests_are_the_same_to_the_byte(seen: dict[str, Any]) -> None:
    assert len(seen["plain"]["requests"]) >= 12
    assert all("Authorization: AWS4-HMAC-SHA256" in request for request in seen["plain"]["requests"])
    assert seen["fast"]["requests"] == seen["plain"]["requests"]
    assert seen["again"]["requests"] == seen["plain"]["requests"]


def test_answers_and_errors_are_the_same(seen: dict[str, Any]) -> None:
    assert any("ConditionalCheckFailedException" in answer for answer in seen["plain"]["answers"])
    assert any("EndpointConnectionError" in answer for answer in seen["plain"]["answers"])
    assert any("ConnectionClosedError" in answer for answer in seen["plain"]["answers"])
    assert any("ReadTimeoutError" in answer for answer in seen["plain"]["answers"])
    assert seen["fast"]["answers"] == seen["plain"]["answers"]
    assert seen["again"]["answers"] == seen["plain"]["answers"]


def test_every_improvement_applies_to_the_installed_sdk(seen: dict[str, Any]) -> None:
    assert seen["left_as_it_is"] == []
    assert seen["pending"] == []


def test_modules_that_are_not_imported_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fast_sdk, "_pending", {"urllib3.poolmanager"})
    monkeypatch.delitem(sys.modules, "urllib3.poolmanager", raising=False)
    fast_sdk.speed_up_sdk()
    assert fast_sdk._pending == {"urllib3.poolmanager"}


@pytest.mark.parametrize(
    ("improvement", "name"),
    [
        (pure_results, "botocore.auth"),
        (pure_results, "botocore.validate"),
        (request_headers, "botocore.awsrequest"),
        (plain_exchange, "botocore.httpsession"),
        (user_agent, "botocore.useragent"),
    ],
)
def test_an_sdk_that_lacks_the_code_is_left_as_it_is(improvement: ModuleType, name: str) -> None:
    module = ModuleType(name)
    before = dict(vars(module))
    improvement.improve(module)
    assert vars(module) == before


def test_an_sdk_that_does_it_in_another_way_is_left_as_it_is() -> None:
    module = load_copy()

    def checking(self: Any, key: str, value: Any) -> None:
        if "\n" in value:
            raise ValueError(value)
        self._dict[module._HeaderKey(key)] = value

    module.HeadersDict.__setitem__ = checking
    request_headers.improve(module)
    assert module.HeadersDict.__setitem__ is checking
    with pytest.raises(ValueError, match="b"):
        module.HeadersDict([("a", "\nb")])


# --- heads of answers ---


@pytest.fixture(scope="module")
def parsers() -> Iterator[tuple[Callable[[Any], Any], Callable[[Any], Any]]]:
    """http.client's own reader of heads, and the fast one."""
    with pytest.MonkeyPatch.context() as patch:
        plain = http.client.parse_headers
        patch.setattr(http.client, "parse_headers", plain)
        patch.setattr(_policybase.Compat32, "header_fetch_parse", _policybase.Compat32.header_fetch_parse)
        answer_heads.improve(ModuleType("urllib3.connection"))
        yield plain, http.client.parse_headers


NAMES = st.one_of(
    st.sampled_from(["Content-Type", "content-type", "Content-Length", "x-amz-crc32", "Date", "From", "Connection"]),
    st.text("ab-_!~:. \t", max_size=6),
)
VALUES = st.one_of(
    st.sampled_from(["multipart/mixed; boundary=x", "message/rfc822", "text/plain", "2", "keep-alive", ""]),
    st.text('ab \t:;="\x00\x0b\x1c\x7f\x85é', max_size=12),
)
LINES = st.one_of(
    st.tuples(
        NAMES, st.sampled_from([": ", ":", ":  ", " : ", ""]), VALUES, st.sampled_from(["\r\n"] * 6 + ["\n", "\r"])
    )
    .map("".join)
    .map(lambda line: line.encode("latin-1")),
    st.sampled_from(
        [b"x-amzn-RequestId: 98DC3DDE61A9\r\n", b" folded\r\n", b"Date: Sat, 28 Nov 2026 19:07:25 GMT\r\n"]
    ),
    st.binary(max_size=8),
)
HEADS = st.tuples(
    st.lists(LINES, max_size=8).map(b"".join), st.sampled_from([b"\r\n", b"\r\n", b"\n", b""]), st.binary(max_size=4)
).map(b"".join)


@given(head=HEADS)
def test_a_head_is_read_as_http_client_reads_it(parsers: Any, head: bytes) -> None:
    assert read_head(parsers[1], head) == read_head(parsers[0], head)


@pytest.mark.parametrize("count", [1, 63, 64, 65, 99, 100, 101])
def test_many_fields_are_read_or_refused_as_by_http_client(parsers: Any, count: int) -> None:
    head = b"a: b\r\n" * count + b"\r\n{}"
    assert read_head(parsers[1], head) == read_head(parsers[0], head)


@pytest.mark.parametrize("length", [1, 4_000, 8_180, 8_192, 8_193, 65_536, 70_000])
def test_long_fields_are_read_or_refused_as_by_http_client(parsers: Any, length: int) -> None:
    head = b"a: " + b"b" * length + b"\r\n\r\n{}"
    assert read_head(parsers[1], head, buffer=1 << 20) == read_head(parsers[0], head, buffer=1 << 20)
    assert read_head(parsers[1], head) == read_head(parsers[0], head)


def test_a_usual_head_is_read_without_the_parser_of_emails(parsers: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http.client.email.parser, "Parser", None)  # type: ignore[attr-defined]
    message = parsers[1](io.BufferedReader(io.BytesIO(b"Server: Server\r\nContent-Length: 2\r\n\r\n{}")))
    assert message.items() == [("Server", "Server"), ("Content-Length", "2")]


def read_head(parse: Callable[[Any], Any], head: bytes, buffer: int = io.DEFAULT_BUFFER_SIZE) -> Any:
    """Everything about the message, and what was left of the stream; or the error."""
    stream = io.BufferedReader(io.BytesIO(head), buffer)
    try:
        message = parse(stream)
    except http.client.HTTPException as error:
        return repr(error)
    return describe(message), stream.read()


def describe(message: Any) -> Any:
    attributes = {name: repr(value) for name, value in vars(message).items() if name != "_payload"}
    content = message.get_payload()
    parts = [describe(part) for part in content] if isinstance(content, list) else content
    return type(message), attributes, message.items(), parts


# --- header dictionaries ---


def load_copy() -> Any:
    """The SDK's module once more, for tests that change it."""
    spec = importlib.util.find_spec("botocore.awsrequest")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def fast_requests() -> Any:
    module = load_copy()
    request_headers.improve(module)
    assert module.HeadersDict.get is not botocore.awsrequest.HeadersDict.get
    return module


FIELD = st.tuples(st.sampled_from(["Date", "date", "DATE", "X-Amz-Target", "x-amz-target", "Host"]), st.integers(0, 3))
STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["set", "get", "default", "in", "delete", "pop"]), FIELD),
        st.tuples(st.sampled_from(["pairs", "mapping", "words", "headers", "copy"]), st.lists(FIELD, max_size=4)),
    ),
    max_size=12,
)


@given(steps=STEPS)
def test_headers_behave_as_the_sdks(fast_requests: Any, steps: list[tuple[str, Any]]) -> None:
    assert run_steps(fast_requests.HeadersDict, steps) == run_steps(botocore.awsrequest.HeadersDict, steps)


def run_steps(headers_class: Any, steps: list[tuple[str, Any]]) -> list[Any]:
    headers, log = headers_class(), []
    for action, given_value in steps:
        try:
            headers, result = take_step(headers_class, headers, action, given_value)
        except KeyError as error:
            result = repr(error)
        log.append((result, list(headers.items()), repr(headers), len(headers)))
    return log


def take_step(headers_class: Any, headers: Any, action: str, given_value: Any) -> tuple[Any, Any]:
    if action in ("pairs", "mapping", "words", "headers"):
        source: Any = given_value if action == "pairs" else dict(given_value)
        if action == "words":
            return headers, headers.update(**{name.replace("-", "_"): value for name, value in source.items()})
        return headers, headers.update(headers_class(given_value) if action == "headers" else source)
    if action == "copy":
        duplicate = headers.copy()
        duplicate["Date"] = "only here"
        return duplicate if given_value else headers, type(duplicate) is headers_class
    name, value = given_value
    if action == "set":
        headers[name] = value
        return headers, None
    actions: dict[str, Callable[[], Any]] = {
        "get": lambda: headers[name],
        "default": lambda: headers.get(name, value),
        "in": lambda: name in headers,
        "delete": lambda: headers.__delitem__(name),
        "pop": lambda: headers.pop(name, value),
    }
    return headers, actions[action]()


@given(
    data=st.sampled_from([None, b"", b"bytes", "text é", {"a": "1", "b": ["2", "3"]}]),
    method=st.sampled_from(["GET", "PUT"]),
)
def test_the_body_of_a_request_is_the_sdks(fast_requests: Any, data: Any, method: str) -> None:
    fast, plain = (
        module.AWSRequest(method=method, url="http://a/", headers={"b": "c"}, data=data)
        for module in (fast_requests, botocore.awsrequest)
    )
    assert fast.body == plain.body
    assert type(fast.body) is type(plain.body)


# --- User-Agent ---


@pytest.fixture(scope="module")
def build_fast() -> Iterator[tuple[Any, Any]]:
    """The SDK's own to_string() and the fast one."""
    with pytest.MonkeyPatch.context() as patch:
        plain = botocore.useragent.UserAgentString.to_string
        patch.setattr(botocore.useragent.UserAgentString, "to_string", plain)
        user_agent.improve(botocore.useragent)
        yield plain, botocore.useragent.UserAgentString.to_string


class Agent(NamedTuple):
    """Everything that a User-Agent tells of."""

    creator: Any
    config: Any
    context: ClientContext


CHANGES: list[Callable[[Agent], Any]] = [
    lambda agent: agent.context.features.add("Z"),
    lambda agent: agent.context.features.add("b"),
    lambda agent: agent.context.features.discard("b"),
    lambda agent: agent.creator.set_client_features({"E", "e"}),
    lambda agent: agent.creator.set_session_config("Boto3", "1", "extra"),
    lambda agent: setattr(agent.config, "user_agent_extra", "more"),
    lambda agent: setattr(agent.config, "user_agent_appid", "shop"),
    lambda agent: setattr(agent.config, "user_agent_appid", None),
    lambda agent: agent.config.retries.update(mode="adaptive"),
    lambda agent: agent.config.retries.update(mode="standard"),
    lambda agent: setattr(agent.config, "endpoint_discovery_enabled", True),
    lambda agent: setattr(agent.config, "_supplied_user_agent", "mine/1"),
    lambda agent: setattr(agent.creator, "_execution_env", "AWS_Lambda_python3.13"),
]


@given(changes=st.lists(st.sampled_from(CHANGES), max_size=6))
def test_a_changed_user_agent_is_built_again(build_fast: Any, changes: list[Callable[[Agent], Any]]) -> None:
    plain, fast = build_fast
    config = Config(retries={"mode": "standard"})
    creator = botocore.useragent.UserAgentString.from_environment().with_client_config(config)
    context = ClientContext()
    token = set_context(context)
    try:
        assert fast(creator) == plain(creator)
        for change in changes:
            change(Agent(creator, config, context))
            assert fast(creator) == plain(creator)
            assert fast(creator) == plain(creator)
    finally:
        botocore.context.reset_context(token)


def test_an_unchanged_user_agent_is_not_built_again(build_fast: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    creator = botocore.useragent.UserAgentString.from_environment().with_client_config(Config())
    built = creator.to_string()
    monkeypatch.setattr(botocore.useragent.UserAgentString, "_build_extra", None)
    assert creator.to_string() == built


def test_a_function_that_changes_the_user_agent_is_called_each_time(
    build_fast: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    creator = botocore.useragent.UserAgentString.from_environment().with_client_config(Config())
    creator.to_string()
    numbers = iter("12")
    component = botocore.useragent.RawStringUserAgentComponent
    monkeypatch.setattr(botocore.useragent, "modify_components", lambda _components: [component(next(numbers))])
    assert [creator.to_string(), creator.to_string()] == ["1", "2"]
