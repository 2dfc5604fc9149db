"""Goal: large bodies are whole, hold up nobody, and leave nothing behind when their write never comes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest
from botocore.exceptions import ClientError

from onebox.services.s3.checksums import RunningChecksum, checksum_of
from onebox.services.s3.store.contents import ContentStore
from onebox.testing import EngineThread
from tests.polling import until
from tests.stalls.loop import longest_stall_s

LARGE = bytes(range(256)) * 4096 * 40  # 40 MiB
STALL_S = 0.1


@pytest.fixture(scope="module")
def engine() -> Iterator[EngineThread]:
    with EngineThread() as running:
        running.client("s3").create_bucket(Bucket="large")
        yield running


@pytest.fixture(scope="module")
def s3(engine: EngineThread) -> Any:
    return engine.client("s3")


def digest(s3: Any, key: str) -> str:
    return hashlib.sha256(s3.get_object(Bucket="large", Key=key)["Body"].read()).hexdigest()


def test_a_large_object_is_put_read_and_copied_whole_and_holds_up_nobody(engine: EngineThread, s3: Any) -> None:
    wanted = hashlib.sha256(LARGE).hexdigest()
    source = {"Bucket": "large", "Key": "a"}
    stalls = {
        "put": longest_stall_s(engine, lambda: s3.put_object(Bucket="large", Key="a", Body=LARGE)),
        "copy": longest_stall_s(engine, lambda: s3.copy_object(Bucket="large", Key="b", CopySource=source)),
    }
    assert (digest(s3, "a"), digest(s3, "b")) == (wanted, wanted)
    stretch = s3.get_object(Bucket="large", Key="b", Range="bytes=1048570-9437190")["Body"].read()
    assert stretch == LARGE[1_048_570:9_437_191]
    upload_id = s3.create_multipart_upload(Bucket="large", Key="c")["UploadId"]
    part = s3.upload_part_copy(Bucket="large", Key="c", UploadId=upload_id, PartNumber=1, CopySource=source)
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["CopyPartResult"]["ETag"]}]}
    s3.complete_multipart_upload(Bucket="large", Key="c", UploadId=upload_id, MultipartUpload=parts)
    assert digest(s3, "c") == wanted
    assert max(stalls.values()) < STALL_S, stalls


def test_an_object_that_is_deleted_or_replaced_while_it_is_read_is_read_to_its_end(s3: Any) -> None:
    changes: dict[str, Callable[[], object]] = {
        "deleted": lambda: s3.delete_object(Bucket="large", Key="deleted"),
        "replaced": lambda: s3.put_object(Bucket="large", Key="replaced", Body=b"new"),
    }
    for key, change in changes.items():
        s3.put_object(Bucket="large", Key=key, Body=LARGE)
        answer = s3.get_object(Bucket="large", Key=key)
        start = answer["Body"].read(1000)
        change()
        assert answer["ContentLength"] == len(LARGE)
        assert start + answer["Body"].read() == LARGE


def test_a_part_is_copied_from_a_stretch_with_its_checksum(s3: Any) -> None:
    s3.put_object(Bucket="large", Key="source", Body=LARGE)
    stretch = LARGE[3:-5]
    for algorithm in ("CRC32", "CRC64NVME", "SHA256"):
        upload_id = s3.create_multipart_upload(Bucket="large", Key="p", ChecksumAlgorithm=algorithm)["UploadId"]
        copied = s3.upload_part_copy(
            Bucket="large",
            Key="p",
            UploadId=upload_id,
            PartNumber=1,
            CopySource={"Bucket": "large", "Key": "source"},
            CopySourceRange=f"bytes=3-{len(LARGE) - 6}",
        )["CopyPartResult"]
        assert copied["ETag"] == f'"{hashlib.md5(stretch, usedforsecurity=False).hexdigest()}"'
        assert copied[f"Checksum{algorithm}"] == checksum_of(algorithm, stretch)
        s3.abort_multipart_upload(Bucket="large", Key="p", UploadId=upload_id)


def test_a_copied_part_is_what_was_hashed_though_its_source_is_deleted_meanwhile(
    s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = RunningChecksum.result

    def deleting(checksum: RunningChecksum) -> str:
        s3.delete_object(Bucket="large", Key="fleeting")
        return result(checksum)

    s3.put_object(Bucket="large", Key="fleeting", Body=b"here")
    upload_id = s3.create_multipart_upload(Bucket="large", Key="kept", ChecksumAlgorithm="SHA256")["UploadId"]
    source = {"Bucket": "large", "Key": "fleeting"}
    monkeypatch.setattr(RunningChecksum, "result", deleting)
    copied = s3.upload_part_copy(Bucket="large", Key="kept", UploadId=upload_id, PartNumber=1, CopySource=source)
    part = {"PartNumber": 1, **{name: copied["CopyPartResult"][name] for name in ("ETag", "ChecksumSHA256")}}
    s3.complete_multipart_upload(Bucket="large", Key="kept", UploadId=upload_id, MultipartUpload={"Parts": [part]})
    assert s3.get_object(Bucket="large", Key="kept")["Body"].read() == b"here"


def test_an_object_whose_bytes_are_missing_is_a_fault_and_stops_nobody(
    engine: EngineThread, s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3.put_object(Bucket="large", Key="damaged", Body=b"here")
    with monkeypatch.context() as patch:
        patch.setattr(ContentStore, "read", lambda *_: b"")
        with pytest.raises(ClientError, match="InternalFailure"):
            engine.client("s3", retries={"max_attempts": 0}).get_object(Bucket="large", Key="damaged")
    assert s3.get_object(Bucket="large", Key="damaged")["Body"].read() == b"here"


def contents(data: Path) -> int:
    with apsw.Connection(str(next(data.glob("*.db"))), flags=apsw.SQLITE_OPEN_READONLY) as connection:
        row = connection.execute("SELECT count(*) FROM s3_content").fetchone()
    assert row is not None
    return int(row[0])


def test_a_refused_write_leaves_no_bytes_behind(tmp_path: Path) -> None:
    body = LARGE[: 3 * 1024 * 1024]
    with EngineThread(tmp_path) as engine:
        s3 = engine.client("s3")
        s3.create_bucket(Bucket="large")
        s3.put_object(Bucket="large", Key="a", Body=b"x")
        with pytest.raises(ClientError):
            s3.put_object(Bucket="large", Key="a", Body=body, IfNoneMatch="*")
        s3.put_object(Bucket="large", Key="b", Body=body)
    assert contents(tmp_path) == 2


def test_bytes_that_a_crash_left_are_removed_at_the_next_start(tmp_path: Path) -> None:
    with EngineThread(tmp_path) as engine:
        engine.client("s3").create_bucket(Bucket="large")
        engine.client("s3").put_object(Bucket="large", Key="a", Body=b"x")
    with apsw.Connection(str(next(tmp_path.glob("*.db")))) as connection:
        connection.execute("INSERT INTO s3_content DEFAULT VALUES")
        connection.execute("INSERT INTO s3_chunk SELECT max(content_id), 0, x'00' FROM s3_content")
    with EngineThread(tmp_path, manual_clock=True) as engine:
        engine.clock.advance(1)
        assert engine.client("s3").get_object(Bucket="large", Key="a")["Body"].read() == b"x"
    assert contents(tmp_path) == 1


def test_bytes_of_many_objects_that_are_deleted_at_once_are_soon_gone(tmp_path: Path) -> None:
    keys = [str(number) for number in range(8)]
    with EngineThread(tmp_path) as engine:
        s3 = engine.client("s3")
        s3.create_bucket(Bucket="many")
        for key in keys:
            s3.put_object(Bucket="many", Key=key, Body=LARGE[: 1024 * 1024])
        s3.delete_objects(Bucket="many", Delete={"Objects": [{"Key": key} for key in keys]})
        assert "Contents" not in s3.list_objects_v2(Bucket="many")
        until(lambda: contents(tmp_path) == 0, "the bytes of all objects are deleted")
