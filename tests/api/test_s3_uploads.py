"""Goal: the checksum of an object that was uploaded in parts is that of the whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from onebox.services.s3.checksums import checksum_of

Make = Callable[..., Any]
MIB = 1024 * 1024


@pytest.fixture
def s3(client: Make) -> Any:
    return client("s3")


@pytest.fixture
def bucket(s3: Any, account: str) -> str:
    name = f"uploads-{account}"
    s3.create_bucket(Bucket=name)
    return name


def _content(size: int) -> bytes:
    return (bytes(range(251)) * (size // 251 + 1))[:size]


@pytest.mark.parametrize("algorithm", ["CRC32", "CRC32C", "CRC64NVME"])
def test_complete_with_full_object_checksum_is_that_of_the_whole(s3: Any, bucket: str, algorithm: str) -> None:
    member = f"Checksum{algorithm}"
    pieces = [_content(5 * MIB), b"the end"]
    upload = s3.create_multipart_upload(
        Bucket=bucket, Key="k", ChecksumAlgorithm=algorithm, ChecksumType="FULL_OBJECT"
    )["UploadId"]
    parts = []
    for number, piece in enumerate(pieces, 1):
        checksum = checksum_of(algorithm, piece)
        answer = s3.upload_part(
            Bucket=bucket, Key="k", UploadId=upload, PartNumber=number, Body=piece, **{member: checksum}
        )
        parts.append({"PartNumber": number, "ETag": answer["ETag"], member: checksum})

    done = s3.complete_multipart_upload(Bucket=bucket, Key="k", UploadId=upload, MultipartUpload={"Parts": parts})

    assert done[member] == checksum_of(algorithm, b"".join(pieces))
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"".join(pieces)


@pytest.mark.parametrize("member", ["ChecksumSHA512", "ChecksumMD5", "ChecksumXXHASH64"])
def test_a_checksum_that_is_not_offered_is_refused_and_not_forgotten(s3: Any, bucket: str, member: str) -> None:
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    named = {"Bucket": bucket, "Key": "k", "UploadId": upload}
    with pytest.raises(ClientError, match="NotImplemented"):
        s3.upload_part(**named, PartNumber=1, Body=b"x", **{member: "AAAA"})
    parts = [{"PartNumber": 1, "ETag": s3.upload_part(**named, PartNumber=1, Body=b"x")["ETag"]}]
    with pytest.raises(ClientError, match="NotImplemented"):
        s3.complete_multipart_upload(**named, MultipartUpload={"Parts": parts}, **{member: "AAAA"})
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)
