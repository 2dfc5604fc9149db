"""Goal: checksums agree with the published check values, with zlib, and with themselves when pieces are joined."""

from __future__ import annotations

import zlib
from base64 import b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebox.services.s3.checksums import ALGORITHMS, RunningChecksum, checksum_of, full_object_checksum

# The check values of https://reveng.sourceforge.io/crc-catalogue for «123456789».
CHECK_VALUES = {"CRC32": "cbf43926", "CRC32C": "e3069283", "CRC64NVME": "ae8b14860a799888"}


@pytest.mark.parametrize(("algorithm", "expected"), CHECK_VALUES.items())
def test_checksum_of_the_check_string_is_the_published_value(algorithm: str, expected: str) -> None:
    assert b64decode(checksum_of(algorithm, b"123456789")).hex() == expected


@pytest.mark.parametrize("algorithm", ["CRC32", "CRC32C", "CRC64NVME"])
@given(parts=st.lists(st.binary(max_size=200), min_size=1, max_size=5))
def test_full_object_checksum_of_parts_is_that_of_the_whole(algorithm: str, parts: list[bytes]) -> None:
    of_parts = [(b64decode(checksum_of(algorithm, part)), len(part)) for part in parts]

    assert full_object_checksum(algorithm, of_parts) == checksum_of(algorithm, b"".join(parts))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@given(parts=st.lists(st.binary(max_size=200), max_size=5))
def test_running_checksum_of_parts_is_that_of_the_whole(algorithm: str, parts: list[bytes]) -> None:
    running = RunningChecksum(algorithm)
    for part in parts:
        running.add(part)

    assert running.result() == checksum_of(algorithm, b"".join(parts))


@given(st.binary(max_size=3000))
def test_polynomial_arithmetic_gives_zlibs_crc32(data: bytes) -> None:
    from onebox.services.s3.checksums import _CRC32

    assert _CRC32.of(data) == zlib.crc32(data)
