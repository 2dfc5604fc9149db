"""Deployment packages: checking a zip archive, and unpacking it where a child can run it.

Promises: nothing is written outside the target folder, whatever the archive's names say, and not more than Lambda's
limit; a folder that exists is complete (it is renamed into place).
AWS: https://docs.aws.amazon.com/lambda/latest/dg/python-package.html
"""

from __future__ import annotations

import base64
import hashlib
import io
import os
import shutil
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from onebox.services.lambda_.errors import InvalidParameterValueException
from onebox.services.lambda_.limits import UNZIPPED_BYTES_MAX, ZIP_ENTRIES_MAX

_UNREADABLE = "Could not unzip uploaded file. Please check your file, then try to upload again."


def code_sha256(archive: bytes) -> str:
    """CodeSha256 as AWS gives it: the archive's SHA-256 in base64."""
    return base64.b64encode(hashlib.sha256(archive).digest()).decode("ascii")


def folder_name(sha256: str) -> str:
    """CodeSha256 as the name of a folder."""
    return base64.b64decode(sha256).hex()


def check_archive(archive: bytes) -> None:
    """Raise InvalidParameterValueException unless Lambda would take this zip."""
    if not archive:
        raise InvalidParameterValueException("Uploaded file must be a non-empty zip")
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            _checked_entries(opened)
    except (zipfile.BadZipFile, ValueError, NotImplementedError, UnicodeDecodeError) as error:
        raise InvalidParameterValueException(_UNREADABLE) from error


def unpack(archive: bytes, target: Path, scratch_name: str) -> None:
    """Unpack into ``target``, which appears whole or not at all; nothing to do if it exists.

    Raises InvalidParameterValueException if the archive is damaged. Blocks; call it off the event loop."""
    if target.exists():
        return
    scratch = target.with_name(scratch_name)
    scratch.mkdir(parents=True)
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            for entry in _checked_entries(opened):
                _extract(opened, entry, scratch)
        try:
            scratch.rename(target)
        except OSError:
            if not target.exists():
                raise
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError) as error:
        raise InvalidParameterValueException(_UNREADABLE) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _checked_entries(opened: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    entries = opened.infolist()
    if not entries:
        raise InvalidParameterValueException("Uploaded file must be a non-empty zip")
    if len(entries) > ZIP_ENTRIES_MAX or any(entry.flag_bits & 1 for entry in entries):
        raise InvalidParameterValueException(_UNREADABLE)
    if sum(entry.file_size for entry in entries) >= UNZIPPED_BYTES_MAX:
        raise InvalidParameterValueException(f"Unzipped size must be smaller than {UNZIPPED_BYTES_MAX} bytes")
    for entry in entries:
        path = PurePosixPath(entry.filename.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts:
            raise InvalidParameterValueException(_UNREADABLE)
    return entries


def _extract(opened: zipfile.ZipFile, entry: zipfile.ZipInfo, folder: Path) -> None:
    target = folder.joinpath(*PurePosixPath(entry.filename.replace("\\", "/")).parts)
    if entry.is_dir():
        target.mkdir(parents=True, exist_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    mode = entry.external_attr >> 16
    # Links are written as plain files: one that points out of the folder would undo the check of the names.
    with opened.open(entry) as source, target.open("wb") as sink:
        shutil.copyfileobj(source, sink)
    executable = stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH if mode & stat.S_IXUSR else 0
    os.chmod(target, 0o644 | executable)
