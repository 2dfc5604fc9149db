"""Goal: chunked uploads yield their content and trailers, and a body cut short anywhere is noticed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebox.gateway.message import Request
from onebox.gateway.protocols.aws_chunked import unchunked


def _chunked(chunks: list[bytes], *, signed: bool = False, trailer: bytes = b"") -> bytes:
    signature = b";chunk-signature=" + b"0" * 64 if signed else b""
    body = b"".join(b"%x%s\r\n%s\r\n" % (len(chunk), signature, chunk) for chunk in chunks if chunk)
    return body + b"0" + signature + b"\r\n" + trailer + b"\r\n"


def _request(body: bytes, length: int, encoding: str = "aws-chunked") -> Request:
    headers = {
        "content-encoding": encoding,
        "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "x-amz-decoded-content-length": str(length),
    }
    return Request("PUT", "/bucket/key", "", headers, body)


@given(st.lists(st.binary(max_size=300), max_size=5), st.booleans())
def test_unchunked_any_chunks_give_the_content(chunks: list[bytes], signed: bool) -> None:
    content = b"".join(chunks)
    request = _request(_chunked(chunks, signed=signed, trailer=b"x-amz-checksum-crc32:AAAAAA==\r\n"), len(content))

    plain = unchunked(request)

    assert plain.body == content
    assert plain.headers["x-amz-checksum-crc32"] == "AAAAAA=="
    assert "content-encoding" not in plain.headers


def test_unchunked_other_encodings_stay() -> None:
    assert unchunked(_request(_chunked([b"abc"]), 3, "gzip,aws-chunked")).headers["content-encoding"] == "gzip"


@given(st.data())
def test_unchunked_body_cut_short_is_refused(data: st.DataObject) -> None:
    body = _chunked([b"some content", b"and more"])
    cut = data.draw(st.integers(0, len(body) - 6))

    with pytest.raises(ValueError, match=r"chunk|bytes"):
        unchunked(_request(body[:cut], 20))


def test_unchunked_plain_request_is_untouched() -> None:
    request = Request("PUT", "/bucket/key", "", {}, b"5\r\n")

    assert unchunked(request) is request
