"""Goal: uploads in parts become one object, verified whole, and what is wrong with them is named as AWS names it."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest

from tests.aws.support import Unique, code_and_status, make_bucket

Make = Callable[..., Any]
MIB = 1024 * 1024


@pytest.fixture
def s3(client: Make) -> Any:
    return client("s3")


@pytest.fixture
def bucket(s3: Any, unique: Unique) -> str:
    return make_bucket(s3, unique("uploads"))


def _content(size: int) -> bytes:
    return (bytes(range(251)) * (size // 251 + 1))[:size]


def test_upload_fileobj_of_many_parts_comes_back(s3: Any, bucket: str) -> None:
    body = _content(17 * MIB + 5)

    s3.upload_fileobj(io.BytesIO(body), bucket, "k", ExtraArgs={"Metadata": {"a": "b"}})
    received = io.BytesIO()
    s3.download_fileobj(bucket, "k", received)

    head = s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert received.getvalue() == body
    assert (head["ContentLength"], head["Metadata"]) == (len(body), {"a": "b"})
    assert head["ETag"].endswith('-3"')
    assert (head["ChecksumType"], head["ChecksumCRC32"].endswith("-3")) == ("COMPOSITE", True)
    second = s3.get_object(Bucket=bucket, Key="k", PartNumber=2)
    assert (second["Body"].read(), second["PartsCount"]) == (body[8 * MIB : 16 * MIB], 3)


def test_upload_part_again_replaces_it_and_unlisted_parts_are_discarded(s3: Any, bucket: str) -> None:
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    where = {"Bucket": bucket, "Key": "k", "UploadId": upload}
    first = s3.upload_part(**where, PartNumber=1, Body=b"first")["ETag"]
    s3.upload_part(**where, PartNumber=3, Body=b"unlisted")
    again = s3.upload_part(**where, PartNumber=1, Body=b"again")["ETag"]

    listed = s3.list_parts(**where)
    assert [(part["PartNumber"], part["Size"]) for part in listed["Parts"]] == [(1, 5), (3, 8)]
    stale = {"Parts": [{"PartNumber": 1, "ETag": first}]}
    assert code_and_status(s3.complete_multipart_upload, **where, MultipartUpload=stale) == ("InvalidPart", 400)
    s3.complete_multipart_upload(**where, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": again}]})

    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"again"
    assert code_and_status(s3.list_parts, **where) == ("NoSuchUpload", 404)


def test_complete_refuses_small_disordered_and_missing_parts(s3: Any, bucket: str) -> None:
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    where = {"Bucket": bucket, "Key": "k", "UploadId": upload}
    etag = s3.upload_part(**where, PartNumber=1, Body=b"x")["ETag"]
    s3.upload_part(**where, PartNumber=2, Body=b"x")
    one, two = {"PartNumber": 1, "ETag": etag}, {"PartNumber": 2, "ETag": etag}

    def complete(*parts: dict[str, Any]) -> tuple[str, int]:
        return code_and_status(s3.complete_multipart_upload, **where, MultipartUpload={"Parts": list(parts)})

    assert complete(one, two) == ("EntityTooSmall", 400)
    assert complete(two, one) == ("InvalidPartOrder", 400)
    assert complete(one, {"PartNumber": 3, "ETag": etag}) == ("InvalidPart", 400)
    assert complete() == ("MalformedXML", 400)
    assert code_and_status(s3.upload_part, **where, PartNumber=10_001, Body=b"x") == ("InvalidArgument", 400)


def test_upload_part_copy_takes_stretches_of_another_object(s3: Any, bucket: str) -> None:
    body = _content(11 * MIB)
    s3.upload_fileobj(io.BytesIO(body), bucket, "source")

    s3.copy({"Bucket": bucket, "Key": "source"}, bucket, "copy")

    copy = s3.get_object(Bucket=bucket, Key="copy")
    assert (copy["Body"].read(), copy["ETag"].endswith('-2"')) == (body, True)
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    where = {"Bucket": bucket, "Key": "k", "UploadId": upload, "CopySource": f"{bucket}/source"}
    part = s3.upload_part_copy(**where, PartNumber=1, CopySourceRange="bytes=5-9")["CopyPartResult"]
    listed = [{"PartNumber": 1, "ETag": part["ETag"]}]
    s3.complete_multipart_upload(Bucket=bucket, Key="k", UploadId=upload, MultipartUpload={"Parts": listed})
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == body[5:10]
    where["UploadId"] = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    beyond = f"bytes=5-{len(body)}"
    assert code_and_status(s3.upload_part_copy, **where, PartNumber=1, CopySourceRange=beyond) == (
        "InvalidArgument",
        400,
    )
    assert code_and_status(s3.upload_part_copy, **where, PartNumber=1, CopySourceRange="5-9") == (
        "InvalidArgument",
        400,
    )


def test_abort_discards_the_upload(s3: Any, bucket: str) -> None:
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    where = {"Bucket": bucket, "Key": "k", "UploadId": upload}
    s3.upload_part(**where, PartNumber=1, Body=b"x")
    assert [item["UploadId"] for item in s3.list_multipart_uploads(Bucket=bucket)["Uploads"]] == [upload]

    s3.abort_multipart_upload(**where)

    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)
    assert code_and_status(s3.upload_part, **where, PartNumber=2, Body=b"x") == ("NoSuchUpload", 404)
    assert code_and_status(s3.abort_multipart_upload, **where) == ("NoSuchUpload", 404)


def test_list_multipart_uploads_pages_by_key(s3: Any, bucket: str) -> None:
    for key in ("a", "b", "b", "c"):
        s3.create_multipart_upload(Bucket=bucket, Key=key)

    pages = s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket, PaginationConfig={"PageSize": 1})

    assert [item["Key"] for page in pages for item in page["Uploads"]] == ["a", "b", "b", "c"]
    prefixed = s3.list_multipart_uploads(Bucket=bucket, Prefix="b")
    assert [item["Key"] for item in prefixed["Uploads"]] == ["b", "b"]


def test_list_multipart_uploads_rolls_up_what_is_behind_a_delimiter(s3: Any, bucket: str) -> None:
    for key in ("a", "photos/1", "photos/1", "photos/2", "videos/1/x", "z z"):
        s3.create_multipart_upload(Bucket=bucket, Key=key)

    whole = s3.list_multipart_uploads(Bucket=bucket, Delimiter="/")
    pages = s3.get_paginator("list_multipart_uploads").paginate(
        Bucket=bucket, Delimiter="/", PaginationConfig={"PageSize": 1}
    )
    inside = s3.list_multipart_uploads(Bucket=bucket, Delimiter="/", Prefix="videos/")
    encoded = s3.list_multipart_uploads(Bucket=bucket, Prefix="z", EncodingType="url")

    assert [item["Key"] for item in whole["Uploads"]] == ["a", "z z"]
    assert (whole["Delimiter"], whole["IsTruncated"]) == ("/", False)
    assert [one["Prefix"] for one in whole["CommonPrefixes"]] == ["photos/", "videos/"]
    found = [
        one.get("Key") or one["Prefix"]
        for page in pages
        for one in (*page.get("Uploads", ()), *page.get("CommonPrefixes", ()))
    ]
    assert found == ["a", "photos/", "videos/", "z z"]
    assert [one["Prefix"] for one in inside["CommonPrefixes"]] == ["videos/1/"]
    assert (encoded["EncodingType"], encoded["Uploads"][0]["Key"]) == ("url", "z%20z")
