"""Goal: an archive is unpacked whole and inside its folder, or not at all."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import pytest

from onebox.services.lambda_.errors import InvalidParameterValueException
from onebox.services.lambda_.package import check_archive, code_sha256, folder_name, unpack


def archive(*entries: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in entries:
            opened.writestr(name, content)
    return data.getvalue()


def test_unpack_writes_files_and_keeps_the_executable_bit(tmp_path: Path) -> None:
    script = zipfile.ZipInfo("bin/run")
    script.external_attr = 0o755 << 16
    unpack(archive(("a.py", b"x"), (script, b"y")), tmp_path / "code", "scratch")
    assert (tmp_path / "code/a.py").read_bytes() == b"x"
    assert os.access(tmp_path / "code/bin/run", os.X_OK)
    assert not os.access(tmp_path / "code/a.py", os.X_OK)
    assert [path.name for path in tmp_path.iterdir()] == ["code"]


@pytest.mark.parametrize("name", ["../x", "a/../../x", "/x", "..\\x"])
def test_unpack_name_outside_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    evil = archive((name, b"x"))
    with pytest.raises(InvalidParameterValueException):
        check_archive(evil)
    with pytest.raises(InvalidParameterValueException):
        unpack(evil, tmp_path / "in/code", "scratch")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_unpack_link_is_no_way_out(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("link")
    link.external_attr = 0o120777 << 16
    unpack(archive((link, b"/etc"), ("link2", b"x")), tmp_path / "code", "scratch")
    assert not (tmp_path / "code/link").is_symlink()


def test_unpack_damaged_archive_leaves_nothing(tmp_path: Path) -> None:
    data = bytearray(archive(("a.py", b"x" * 1000), ("b.py", b"y" * 1000)))
    data[40] ^= 0xFF
    with pytest.raises(InvalidParameterValueException, match="Could not unzip"):
        unpack(bytes(data), tmp_path / "code", "scratch")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("data", [b"", b"x", b"PK\x03\x04", archive()])
def test_check_archive_what_is_no_archive_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidParameterValueException):
        check_archive(data)


def test_check_archive_too_large_unpacked_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = archive(*((f"{number}", b"\0" * 200_000) for number in range(6)))
    check_archive(bomb)
    monkeypatch.setattr("onebox.services.lambda_.package.UNZIPPED_BYTES_MAX", 1_200_000)
    with pytest.raises(InvalidParameterValueException, match="Unzipped size must be smaller than 1200000 bytes"):
        check_archive(bomb)


def test_code_sha256_is_that_of_aws() -> None:
    assert code_sha256(b"") == "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
    assert folder_name(code_sha256(b"")).startswith("e3b0c442")
