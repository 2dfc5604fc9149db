"""Goal: filter patterns match what AWS's page of examples says, and garbage is refused, never an accident."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebox.services.logs.errors import InvalidParameterException
from onebox.services.logs.patterns import parse_pattern
from onebox.services.logs.patterns.pattern import text_test


def matches(pattern: str, message: str) -> bool:
    return parse_pattern(pattern).extract(message) is not None


@pytest.mark.parametrize(
    ("pattern", "message", "expected"),
    [
        ("", "anything", True),
        ("ERROR", "[ERROR 400] BAD REQUEST", True),
        ("ERROR", "error 400", False),
        ("ERROR ARGUMENTS", "[ERROR 419] MISSING ARGUMENTS", True),
        ("ERROR ARGUMENTS", "[ERROR 400] BAD REQUEST", False),
        ('"INTERNAL SERVER ERROR"', "[ERROR 500] INTERNAL SERVER ERROR", True),
        ('"INTERNAL SERVER ERROR"', "SERVER INTERNAL ERROR", False),
        ('"say \\"hi\\""', 'they say "hi" twice', True),
        ("?ERROR ?ARGUMENTS", "[ERROR 400] BAD REQUEST", True),
        ("?ERROR ?ARGUMENTS", "MISSING ARGUMENTS", True),
        ("?ERROR ?ARGUMENTS", "fine", False),
        ("ERROR -ARGUMENTS", "[ERROR 400] BAD REQUEST", True),
        ("ERROR -ARGUMENTS", "[ERROR 419] MISSING ARGUMENTS", False),
        ("-ERROR", "fine", True),
        ('ERROR -"BAD REQUEST"', "[ERROR 400] BAD REQUEST", False),
        ("?WARN REQUEST", "a REQUEST", True),  # beside other terms the optional ones are ignored
        ("%AUTH[A-Z]+%", "[SUCCESS 200] AUTHORIZED REQUEST", True),
        ("%^AUTH%", "[SUCCESS 200] AUTHORIZED REQUEST", False),
    ],
)
def test_terms_match(pattern: str, message: str, expected: bool) -> None:
    assert matches(pattern, message) is expected


EVENT = {
    "eventType": "UpdateTrail",
    "sourceIPAddress": "111.111.111.111",
    "arrayKey": ["value", "another value"],
    "objectList": [{"name": "a", "id": 1}, {"name": "b", "id": 2}],
    "SomeObject": None,
    "on": True,
    "off": False,
    "bandwidth": 80,
    "dotted.key": "x",
    "level": "ERROR",
    "status": 502,
}


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ('{ $.eventType = "UpdateTrail" }', True),
        ("{ $.eventType = UpdateTrail }", True),
        ('{ $.eventType = "*Trail" }', True),
        ('{ $.eventType = "Up*Tr*" }', True),
        ('{ $.eventType = "Trail" }', False),
        ('{ $.eventType != "UpdateTrail" }', False),
        ('{ $.sourceIPAddress != "123.123.*" }', True),
        ('{ $.nothing != "x" }', False),
        ('{ $.arrayKey[0] = "value" }', True),
        ('{ $.arrayKey[2] = "value" }', False),
        ('{ $.arrayKey[*] = "another value" }', True),
        ("{ $.objectList[1].id = 2 }", True),
        ("{ $.objectList[*].id > 1 }", True),
        ("{ $.SomeObject IS NULL }", True),
        ("{ $.SomeOtherObject NOT EXISTS }", True),
        ("{ $.SomeObject NOT EXISTS }", False),
        ("{ $.on IS TRUE }", True),
        ("{ $.off IS FALSE }", True),
        ("{ $.on IS FALSE }", False),
        ("{ $.bandwidth > 75 }", True),
        ("{ $.bandwidth >= 8e1 }", True),
        ("{ $.bandwidth < 80 }", False),
        ('{ $["dotted.key"] = "x" }', True),
        ('{ $.level = "ERROR" && $.status >= 500 }', True),
        ('{ $.level = "WARN" && $.status >= 500 || $.bandwidth = 80 }', True),
        ('{ $.level = "WARN" && ($.status >= 500 || $.bandwidth = 80) }', False),
        ("{ $.eventType = %^Up[a-z]+% }", True),
        ("{ $.status = 5* }", True),
    ],
)
def test_json_patterns_match(pattern: str, expected: bool) -> None:
    assert matches(pattern, json.dumps(EVENT)) is expected


def test_json_pattern_on_a_line_that_is_no_json_does_not_match() -> None:
    assert not matches("{ $.a NOT EXISTS }", "ERROR plain text")
    assert not matches("{ $.a NOT EXISTS }", '{"a": ')


ACCESS = '127.0.0.1 Prod frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534'


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("[ip, server, username, timestamp, request, status_code, bytes]", True),
        ("[ip, server, username, timestamp, request, status_code]", False),
        ("[ip, ..., status_code = 404, bytes]", True),
        ("[..., status_code = 4*, bytes > 1000]", True),
        ("[..., status_code = 4*, bytes > 2000]", False),
        ("[ip, ...]", True),
        ("[ip != 127.0.0.1, ...]", False),
        ("[ip, server, username, timestamp, request = *html*, status_code, bytes]", True),
        ("[..., status_code = 403 || status_code = 404, bytes]", True),
        ("[..., status_code >= 400 && status_code < 404, bytes]", False),
        ("[ip = %127\\.0\\.0\\.[1-9]%, ...]", True),
        ('[..., request = "GET /index.html HTTP/1.0", status_code, bytes]', True),
    ],
)
def test_space_delimited_patterns_match(pattern: str, expected: bool) -> None:
    assert matches(pattern, ACCESS) is expected


def test_space_delimited_pattern_extracts_its_columns() -> None:
    found = parse_pattern("[ip, ..., status = 4*, bytes]").extract(ACCESS)
    assert found == {"$ip": "127.0.0.1", "$status": "404", "$bytes": "1534"}


def test_json_pattern_extracts_its_selectors() -> None:
    assert parse_pattern('{ $.status > 1 && $.level = "*" }').extract(json.dumps(EVENT)) == {
        "$.status": "502",
        "$.level": "ERROR",
    }


@pytest.mark.parametrize(
    "pattern",
    ["{ $.a = }", "{ $.a 1 }", "{ a = 1 }", "{ $.a = 1", "[a, ..., b, ...]", "[a, b", "[a > x]", "a.b", '"open', "%(%"],
)
def test_a_pattern_that_is_none_is_refused(pattern: str) -> None:
    with pytest.raises(InvalidParameterException):
        parse_pattern(pattern)


@given(st.text(alphabet='{}[]()$.=!<>&|"%*-?ab1, \\', max_size=40), st.text(max_size=40))
def test_any_text_is_a_pattern_or_refused(pattern: str, message: str) -> None:
    try:
        parsed = parse_pattern(pattern)
    except InvalidParameterException:
        return
    parsed.extract(message)


WORD = st.text(alphabet="ab", min_size=1, max_size=3)


@given(st.lists(st.tuples(st.sampled_from(["", "-"]), WORD), max_size=4), st.text(alphabet="ab ", max_size=12))
def test_terms_agree_with_their_definition(terms: list[tuple[str, str]], message: str) -> None:
    expected = all((word in message) == (sign == "") for sign, word in terms)
    assert matches(" ".join(sign + word for sign, word in terms), message) is expected


@given(st.text(alphabet="ab*", max_size=8), st.text(alphabet="ab", max_size=10))
def test_wildcards_agree_with_regular_expressions(pattern: str, text: str) -> None:
    expected = re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text) is not None
    assert text_test(pattern, quoted=True)(text) is expected
