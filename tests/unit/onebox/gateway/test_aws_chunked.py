"""Goal: chunked uploads yield their content and trailers, and a body cut short anywhere is noticed."""

from __future__ import annotations

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from onebox.gateway.message import Request
from onebox.gateway.protocols.aws_chunked import InvalidRequest, MalformedTrailerError, unchunked


def _chunked(chunks: list[bytes], *, signed: bool = False, trailer: bytes = b"") -> bytes:
    signature = b";chunk-signature=" + b"0" * 64 if signed else b""
    body = b"".join(b"%x%s\r\n%s\r\n" % (len(chunk), signature, chunk) for chunk in chunks if chunk)
    return body + b"0" + signature + b"\r\n" + trailer + b"\r\n"


def _request(body: bytes, length: int, encoding: str = "aws-chunked", **others: str) -> Request:
    headers = {
        "content-encoding": encoding,
        "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "x-amz-decoded-content-length": str(length),
        **{name.replace("_", "-"): value for name, value in others.items()},
    }
    return Request("PUT", "/bucket/key", "", headers, body)


@given(st.lists(st.binary(max_size=300), max_size=5), st.booleans())
def test_unchunked_any_chunks_give_the_content(chunks: list[bytes], signed: bool) -> None:
    content = b"".join(chunks)
    trailer = b"x-amz-checksum-crc32:AAAAAA==\r\n" + (b"x-amz-trailer-signature:0\r\n" if signed else b"")
    body = _chunked(chunks, signed=signed, trailer=trailer)

    plain = unchunked(_request(body, len(content), x_amz_trailer="x-amz-checksum-crc32"))

    assert plain.body == content
    assert plain.headers["x-amz-checksum-crc32"] == "AAAAAA=="
    assert "content-encoding" not in plain.headers
    assert "x-amz-trailer-signature" not in plain.headers


@given(st.sampled_from(["", "x-amz-checksum-crc32"]), st.text(st.characters(codec="latin-1"), max_size=20))
@example("", "x-amz-checksum-crc32")
@example("x-amz-checksum-crc32", "x-amz-checksum-sha256")
@example("x-amz-checksum-crc32", "x-amz-tagging")
@example("", "x-amz-acl")
@example("", "authorization")
def test_unchunked_a_trailer_that_was_not_announced_is_refused(announced: str, name: str) -> None:
    assume(name.strip().lower() != announced and not set(name) & set(":\r\n"))
    trailer = f"{name}:AAAAAA==\r\n".encode("latin-1")
    if announced:
        trailer += f"{announced}:AAAAAA==\r\n".encode()
    with pytest.raises(MalformedTrailerError):
        unchunked(_request(_chunked([b"abc"], trailer=trailer), 3, x_amz_trailer=announced))


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({"x_amz_trailer": "x-amz-acl"}, "x-amz-trailer header is not supported"),
        ({"x_amz_trailer": "x-amz-checksum-type"}, "x-amz-trailer header is not supported"),
        ({"x_amz_trailer": "x-amz-checksum-crc32, x-amz-checksum-sha1"}, "single x-amz-checksum- header"),
        ({"x_amz_trailer": "x-amz-checksum-crc32", "x_amz_checksum_sha1": "x"}, "single x-amz-checksum- header"),
    ],
)
def test_unchunked_only_one_checksum_can_be_announced(headers: dict[str, str], message: str) -> None:
    names = headers["x_amz_trailer"].split(", ")
    body = _chunked([b"abc"], trailer="".join(f"{name}:AAAAAA==\r\n" for name in names).encode())
    with pytest.raises(InvalidRequest, match=message):
        unchunked(_request(body, 3, **headers))


def test_unchunked_a_trailer_that_was_announced_and_is_missing_is_refused() -> None:
    with pytest.raises(MalformedTrailerError):
        unchunked(_request(_chunked([b"abc"]), 3, x_amz_trailer="x-amz-checksum-crc32"))


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
