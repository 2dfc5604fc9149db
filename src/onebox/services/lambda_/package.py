"""Deployment packages: checking a zip archive, and unpacking it where a function can run it.

Promises: nothing is written outside the target folder, whatever the archive's names say, and not more than Lambda's
limit; an archive that passes :func:`inspect` can be unpacked. Blocks: call it off the event loop.
AWS: https://docs.aws.amazon.com/lambda/latest/dg/python-package.html
"""

from __future__ import annotations

import base64
import hashlib
import lzma
import os
import shutil
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from onebox.services.lambda_.errors import InvalidParameterValueException
from onebox.services.lambda_.limits import UNZIPPED_BYTES_MAX, ZIP_DIRECTORY_BYTES_MAX, ZIP_ENTRIES_MAX
from onebox.services.pieces import Pieces

_UNREADABLE = "Could not unzip uploaded file. Please check your file, then try to upload again."
_NAME_BYTES_MAX = 255
_PATH_BYTES_MAX = 1024
_END_RECORD = b"PK\x05\x06"
_END_RECORD_BYTES = 22
_COMMENT_BYTES_MAX = 65_535
_READ_BYTES = 256 * 1024
_ENTRIES_READ_MAX = 2_000
"""The content of an archive with more entries is read when it is unpacked."""
# What the standard library raises for archives that are none; more than its documentation names.
_DAMAGE: tuple[type[Exception], ...] = (
    *(zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError),
    *(NotImplementedError, RuntimeError, ValueError, LookupError, OverflowError),
)


@dataclass(frozen=True, slots=True)
class Package:
    """An archive that Lambda takes."""

    archive: Pieces
    sha256: str
    """Base64, as CodeSha256."""
    unzipped_bytes: int


def inspect(archive: Pieces) -> Package:
    """Read a whole archive as unpacking would. Raises InvalidParameterValueException if Lambda would refuse it."""
    if not archive:
        raise InvalidParameterValueException("Uploaded file must be a non-empty zip")
    _check_directory_size(archive)
    try:
        with zipfile.ZipFile(archive.open()) as opened:
            entries = _checked_entries(opened.infolist())
            for entry in entries if len(entries) <= _ENTRIES_READ_MAX else ():
                with opened.open(entry) as content:
                    while content.read(_READ_BYTES):
                        pass
    except _DAMAGE as error:
        raise InvalidParameterValueException(_UNREADABLE) from error
    return Package(archive, code_sha256(archive), sum(entry.file_size for entry in entries))


def code_sha256(archive: Iterable[bytes]) -> str:
    """CodeSha256 as AWS gives it: the archive's SHA-256 in base64."""
    digest = hashlib.sha256()
    for piece in archive:
        digest.update(piece)
    return base64.b64encode(digest.digest()).decode("ascii")


def unpack(archive: Pieces, folder: Path) -> None:
    """Unpack into ``folder``, over what is there. Raises InvalidParameterValueException if the archive is damaged."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with zipfile.ZipFile(archive.open()) as opened:
            for entry in _checked_entries(opened.infolist()):
                _extract(opened, entry, folder)
    except _DAMAGE as error:
        raise InvalidParameterValueException(_UNREADABLE) from error


def _check_directory_size(archive: Pieces) -> None:
    """Refuse a table of contents that is too long to be read: its length stands at the archive's end."""
    tail = archive.tail(_END_RECORD_BYTES + _COMMENT_BYTES_MAX)
    at = tail.rfind(_END_RECORD)
    if at < 0 or len(tail) < at + _END_RECORD_BYTES:
        raise InvalidParameterValueException(_UNREADABLE)
    count, length = struct.unpack_from("<HL", tail, at + 10)
    # The largest values refer to the zip64 record; no archive within the limits has need of it.
    if count > ZIP_ENTRIES_MAX or length > ZIP_DIRECTORY_BYTES_MAX:
        raise InvalidParameterValueException(_UNREADABLE)


def _checked_entries(entries: list[zipfile.ZipInfo]) -> list[zipfile.ZipInfo]:
    if not entries:
        raise InvalidParameterValueException("Uploaded file must be a non-empty zip")
    if len(entries) > ZIP_ENTRIES_MAX or any(entry.flag_bits & 1 for entry in entries):
        raise InvalidParameterValueException(_UNREADABLE)
    if sum(entry.file_size for entry in entries) >= UNZIPPED_BYTES_MAX:
        raise InvalidParameterValueException(f"Unzipped size must be smaller than {UNZIPPED_BYTES_MAX} bytes")
    if not _fit_together(entries):
        raise InvalidParameterValueException(_UNREADABLE)
    return entries


def _fit_together(entries: Iterable[zipfile.ZipInfo]) -> bool:
    """Whether every name can be a path inside one folder, and none is a file where another needs a folder."""
    files: set[PurePosixPath] = set()
    folders: set[PurePosixPath] = set()
    for entry in entries:
        path = _path(entry)
        if path.is_absolute() or ".." in path.parts or len(os.fsencode(path)) > _PATH_BYTES_MAX:
            return False
        if any(len(os.fsencode(part)) > _NAME_BYTES_MAX for part in path.parts):
            return False
        if entry.is_dir():
            folders.add(path)
        elif not path.parts or path in files:
            return False
        else:
            files.add(path)
        for parent in path.parents:
            if parent in folders:
                break
            folders.add(parent)
    return not files & folders


def _path(entry: zipfile.ZipInfo) -> PurePosixPath:
    return PurePosixPath(entry.filename.replace("\\", "/"))


def _extract(opened: zipfile.ZipFile, entry: zipfile.ZipInfo, folder: Path) -> None:
    target = folder.joinpath(*_path(entry).parts)
    if entry.is_dir():
        target.mkdir(parents=True, exist_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    mode = entry.external_attr >> 16
    # Links are written as plain files: one that points out of the folder would undo the check of the names.
    target.unlink(missing_ok=True)
    with opened.open(entry) as source, target.open("wb") as sink:
        shutil.copyfileobj(source, sink)
    executable = stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH if mode & stat.S_IXUSR else 0
    os.chmod(target, 0o444 | executable)
