"""Goal: an archive is unpacked whole and inside its folder, or not at all."""

from __future__ import annotations

import contextlib
import io
import os
import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebox.services.lambda_.errors import InvalidParameterValueException
from onebox.services.lambda_.package import code_sha256, inspect, unpack
from onebox.services.pieces import Pieces


def archive(*entries: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in entries:
            opened.writestr(name, content)
    return data.getvalue()


def test_unpack_writes_files_and_keeps_the_executable_bit(tmp_path: Path) -> None:
    script = zipfile.ZipInfo("bin/run")
    script.external_attr = 0o755 << 16
    unpack(Pieces.of(archive(("a.py", b"x"), (script, b"y"))), tmp_path / "code")
    assert (tmp_path / "code/a.py").read_bytes() == b"x"
    assert os.access(tmp_path / "code/bin/run", os.X_OK)
    assert not os.access(tmp_path / "code/a.py", os.X_OK)
    assert [path.name for path in tmp_path.iterdir()] == ["code"]


@pytest.mark.parametrize("name", ["../x", "a/../../x", "/x", "..\\x"])
def test_unpack_name_outside_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    evil = archive((name, b"x"))
    with pytest.raises(InvalidParameterValueException):
        inspect(Pieces.of(evil))
    with pytest.raises(InvalidParameterValueException):
        unpack(Pieces.of(evil), tmp_path / "in/code")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_unpack_link_is_no_way_out(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("link")
    link.external_attr = 0o120777 << 16
    unpack(Pieces.of(archive((link, b"/etc"), ("link2", b"x"))), tmp_path / "code")
    assert not (tmp_path / "code/link").is_symlink()


def test_unpack_damaged_archive_leaves_nothing(tmp_path: Path) -> None:
    data = bytearray(archive(("a.py", b"x" * 1000), ("b.py", b"y" * 1000)))
    data[40] ^= 0xFF
    with pytest.raises(InvalidParameterValueException, match="Could not unzip"):
        inspect(Pieces.of(bytes(data)))
    with pytest.raises(InvalidParameterValueException, match="Could not unzip"):
        unpack(Pieces.of(bytes(data)), tmp_path / "code")


@pytest.mark.parametrize("data", [b"", b"x", b"PK\x03\x04", archive()])
def test_inspect_what_is_no_archive_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidParameterValueException):
        inspect(Pieces.of(data))


def test_inspect_too_large_unpacked_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = archive(*((f"{number}", b"\0" * 200_000) for number in range(6)))
    inspect(Pieces.of(bomb))
    monkeypatch.setattr("onebox.services.lambda_.package.UNZIPPED_BYTES_MAX", 1_200_000)
    with pytest.raises(InvalidParameterValueException, match="Unzipped size must be smaller than 1200000 bytes"):
        inspect(Pieces.of(bomb))


def test_code_sha256_is_that_of_aws() -> None:
    assert code_sha256([b""]) == "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="


@pytest.mark.parametrize(
    "names",
    [
        ["a", "a"],
        ["a", "a/b"],
        ["a/b", "a"],
        ["a/b/c", "a/b"],
        ["x" * 256],
        ["/".join(["x" * 200] * 6)],
        ["\N{GRINNING FACE}" * 64],
        ["."],
    ],
)
def test_inspect_names_that_cannot_live_in_one_folder_are_refused(names: list[str]) -> None:
    with pytest.raises(InvalidParameterValueException, match="Could not unzip"):
        inspect(Pieces.of(archive(*((name, b"x") for name in names))))


def test_inspect_folders_named_twice_are_fine(tmp_path: Path) -> None:
    package = inspect(Pieces.of(archive(("a/", b""), ("a/", b""), ("a/b", b"x"), ("./c", b"y"))))
    unpack(package.archive, tmp_path / "code")
    assert sorted(path.name for path in (tmp_path / "code").rglob("*")) == ["a", "b", "c"]


def test_inspect_too_many_entries_are_refused() -> None:
    with pytest.raises(InvalidParameterValueException, match="Could not unzip"):
        inspect(Pieces.of(archive(*((str(number), b"") for number in range(100_001)))))


def test_inspect_table_of_contents_too_long_is_refused_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    many = archive(*(("x" * 200 + str(number), b"") for number in range(1000)))
    monkeypatch.setattr("onebox.services.lambda_.package.ZIP_DIRECTORY_BYTES_MAX", 100_000)
    monkeypatch.setattr("zipfile.ZipFile", None)
    with pytest.raises(InvalidParameterValueException, match="Could not unzip"):
        inspect(Pieces.of(many))


@given(st.binary(max_size=200), st.integers(0, 300))
def test_inspect_what_it_takes_can_be_unpacked(noise: bytes, at: int) -> None:
    data = bytearray(archive(("a.py", b"x" * 50), ("b/c.py", b"y")))
    data[at : at + len(noise)] = noise
    with contextlib.suppress(InvalidParameterValueException), tempfile.TemporaryDirectory() as folder:
        unpack(inspect(Pieces.of(bytes(data))).archive, Path(folder, "code"))
