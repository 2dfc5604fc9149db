"""Goal: a trace keeps its id from W3C's form through X-Ray's into the log, and nothing else is taken for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.domain.trace_context import find_trace_id, from_xray_header, read_traceparent, to_xray_header, trace_id_of

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"


def hexadecimal(length: int) -> st.SearchStrategy[str]:
    return st.text("0123456789abcdef", min_size=length, max_size=length).filter(lambda text: text.strip("0"))


@pytest.mark.parametrize(("flags", "sampled"), [("01", "1"), ("00", "0"), ("03", "1"), ("fe", "0")])
def test_traceparent_becomes_the_header_of_x_ray(flags: str, sampled: str) -> None:
    header = to_xray_header(f"00-{TRACE}-{PARENT}-{flags}")
    assert header == f"Root=1-4bf92f35-77b34da6a3ce929d0e0e4736;Parent={PARENT};Sampled={sampled}"


@given(hexadecimal(32), hexadecimal(16), st.sampled_from(["00", "01"]))
def test_trace_id_is_the_same_behind_the_header(trace: str, parent: str, flags: str) -> None:
    header = to_xray_header(f"00-{trace}-{parent}-{flags}")
    assert header is not None
    assert find_trace_id(header) == trace
    assert from_xray_header(header) == f"00-{trace}-{parent}-{flags}"
    assert trace_id_of(f"00-{trace}-{parent}-{flags}") == trace


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"00-{TRACE}-{PARENT}",
        f"ff-{TRACE}-{PARENT}-01",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{PARENT}-01",
        f"00-{TRACE}-{PARENT}-01\n",
        f"00-{TRACE}-{PARENT}-01-more",
    ],
)
def test_what_is_no_traceparent_makes_no_header(text: str) -> None:
    assert to_xray_header(text) is None
    assert read_traceparent(text) is None


@pytest.mark.parametrize("value", [None, 7, b"00", ["00"], {"Value": "00"}])
def test_value_that_is_no_text_is_no_traceparent(value: object) -> None:
    assert read_traceparent(value) is None


ROOT = "Root=1-4bf92f35-77b34da6a3ce929d0e0e4736"


@pytest.mark.parametrize("header", [ROOT, f"Self=1-2-3;{ROOT}", f"Sampled=1; {ROOT};Parent={PARENT}"])
def test_root_is_found_wherever_it_stands(header: str) -> None:
    assert find_trace_id(header) == TRACE


@pytest.mark.parametrize(
    "header", ["", "Root=1-4bf92f35", f"Not{ROOT}", f"{ROOT}0", "Root=" * 100_000, "x" * 2_000 + f";{ROOT}"]
)
def test_header_without_a_root_has_no_trace_id(header: str) -> None:
    assert find_trace_id(header) is None


@pytest.mark.parametrize(
    "header",
    [ROOT, f"{ROOT};Parent={'0' * 16}", f"{ROOT};Parent={PARENT}0", f"Parent={PARENT}", f"{ROOT};NotParent={PARENT}"],
)
def test_header_without_root_and_parent_is_no_traceparent(header: str) -> None:
    assert from_xray_header(header) is None
