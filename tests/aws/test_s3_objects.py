"""Goal: what is put comes back byte for byte with its headers; ranges, conditions, checksums, copies and deletions
behave as AWS documents them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.aws.support import Unique, code_and_status, make_bucket

Make = Callable[..., Any]


@pytest.fixture
def s3(client: Make) -> Any:
    return client("s3")


@pytest.fixture
def bucket(s3: Any, unique: Unique) -> str:
    return make_bucket(s3, unique("objects"))


@pytest.mark.parametrize("key", ["k", "a/b c/ü€😀", "a+b&c=d?e#f", "../x/./y//z", "%20%2F", "q'\"<>\\"])
def test_put_object_any_key_comes_back(s3: Any, bucket: str, key: str) -> None:
    s3.put_object(Bucket=bucket, Key=key, Body=b"content")

    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == b"content"
    assert [item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]] == [key]


@pytest.mark.parametrize("size", [0, 1, 256 * 1024, 256 * 1024 + 1, 1_000_000])
def test_put_object_any_size_comes_back(s3: Any, bucket: str, size: int) -> None:
    body = bytes(index % 251 for index in range(size))

    put = s3.put_object(Bucket=bucket, Key="k", Body=body)
    got = s3.get_object(Bucket=bucket, Key="k")

    assert got["Body"].read() == body
    assert got["ContentLength"] == size
    assert put["ETag"] == got["ETag"] == f'"{hashlib.md5(body).hexdigest()}"'


def test_put_object_headers_and_metadata_come_back(s3: Any, bucket: str) -> None:
    headers = {
        "ContentType": "text/plain; charset=utf-8",
        "CacheControl": "max-age=5",
        "ContentDisposition": 'attachment; filename="x"',
        "ContentEncoding": "gzip",
        "ContentLanguage": "de",
        "Metadata": {"order-id": "536365"},
    }
    s3.put_object(Bucket=bucket, Key="k", Body=b"\x1f\x8b not really gzip", **headers)

    head = s3.head_object(Bucket=bucket, Key="k")

    assert {name: head[name] for name in headers} == headers
    assert head["ContentLength"] == 18
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"\x1f\x8b not really gzip"
    assert s3.get_object(Bucket=bucket, Key="k", ResponseContentType="a/b")["ContentType"] == "a/b"


def test_get_object_missing_names_the_key(s3: Any, bucket: str) -> None:
    with pytest.raises(s3.exceptions.NoSuchKey) as caught:
        s3.get_object(Bucket=bucket, Key="missing")

    assert caught.value.response["Error"]["Key"] == "missing"
    assert code_and_status(s3.head_object, Bucket=bucket, Key="missing") == ("404", 404)
    assert code_and_status(s3.get_object, Bucket=bucket + "-no", Key="k") == ("NoSuchBucket", 404)
    assert code_and_status(s3.put_object, Bucket=bucket, Key="k" * 1025) == ("KeyTooLongError", 400)
    assert code_and_status(s3.put_object, Bucket=bucket, Key="k", Metadata={"a": "b" * 2048}) == (
        "MetadataTooLarge",
        400,
    )


@pytest.mark.parametrize(
    ("wanted", "content", "content_range"),
    [
        ("bytes=0-3", b"0123", "bytes 0-3/10"),
        ("bytes=4-", b"456789", "bytes 4-9/10"),
        ("bytes=-3", b"789", "bytes 7-9/10"),
        ("bytes=8-100", b"89", "bytes 8-9/10"),
        ("bytes=-100", b"0123456789", "bytes 0-9/10"),
    ],
)
def test_get_object_range_gives_that_stretch(
    s3: Any, bucket: str, wanted: str, content: bytes, content_range: str
) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")

    got = s3.get_object(Bucket=bucket, Key="k", Range=wanted)

    assert (got["Body"].read(), got["ContentRange"]) == (content, content_range)
    assert got["ResponseMetadata"]["HTTPStatusCode"] == 206


def test_get_object_range_over_chunks_and_outside(s3: Any, bucket: str) -> None:
    body = bytes(index % 251 for index in range(700_000))
    s3.put_object(Bucket=bucket, Key="k", Body=body)

    assert s3.get_object(Bucket=bucket, Key="k", Range="bytes=262000-600000")["Body"].read() == body[262000:600001]
    assert code_and_status(s3.get_object, Bucket=bucket, Key="k", Range="bytes=700000-") == ("InvalidRange", 416)


def test_get_object_conditions(s3: Any, bucket: str) -> None:
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"x")["ETag"]
    modified = s3.head_object(Bucket=bucket, Key="k")["LastModified"]

    assert s3.get_object(Bucket=bucket, Key="k", IfMatch=etag, IfModifiedSince="2020-01-01")["ETag"] == etag
    assert code_and_status(s3.get_object, Bucket=bucket, Key="k", IfNoneMatch=etag) == ("304", 304)
    assert code_and_status(s3.get_object, Bucket=bucket, Key="k", IfModifiedSince=modified) == ("304", 304)
    assert code_and_status(s3.get_object, Bucket=bucket, Key="k", IfMatch='"other"') == ("PreconditionFailed", 412)
    assert code_and_status(s3.get_object, Bucket=bucket, Key="k", IfUnmodifiedSince="2020-01-01") == (
        "PreconditionFailed",
        412,
    )


def test_put_object_conditions(s3: Any, bucket: str) -> None:
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"1", IfNoneMatch="*")["ETag"]

    assert code_and_status(s3.put_object, Bucket=bucket, Key="k", Body=b"2", IfNoneMatch="*") == (
        "PreconditionFailed",
        412,
    )
    assert code_and_status(s3.put_object, Bucket=bucket, Key="k", Body=b"2", IfMatch='"0"') == (
        "PreconditionFailed",
        412,
    )
    assert code_and_status(s3.put_object, Bucket=bucket, Key="missing", Body=b"2", IfMatch=etag) == ("NoSuchKey", 404)
    s3.put_object(Bucket=bucket, Key="k", Body=b"2", IfMatch=etag)

    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"2"


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA1", "SHA256"])
def test_put_object_checksum_is_verified_kept_and_checked_on_reading(s3: Any, bucket: str, algorithm: str) -> None:
    put = s3.put_object(Bucket=bucket, Key="k", Body=b"content", ChecksumAlgorithm=algorithm)
    member = f"Checksum{algorithm}"

    assert s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")[member] == put[member]
    assert code_and_status(s3.put_object, Bucket=bucket, Key="k", Body=b"other", **{member: put[member]}) == (
        "BadDigest",
        400,
    )
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"content"


def test_put_object_content_md5_is_verified(s3: Any, bucket: str) -> None:
    assert code_and_status(s3.put_object, Bucket=bucket, Key="k", Body=b"x", ContentMD5="1B2M2Y8AsgTpgAmY7PhCfg==") == (
        "BadDigest",
        400,
    )
    assert code_and_status(s3.put_object, Bucket=bucket, Key="k", Body=b"x", ContentMD5="x") == ("InvalidDigest", 400)


def test_copy_object_keeps_or_replaces_headers(s3: Any, bucket: str) -> None:
    body = bytes(700_000)
    etag = s3.put_object(Bucket=bucket, Key="a b/ü", Body=body, ContentType="x/y", Metadata={"m": "1"})["ETag"]
    source = {"Bucket": bucket, "Key": "a b/ü"}

    copied = s3.copy_object(Bucket=bucket, Key="copy", CopySource=source)
    s3.copy_object(Bucket=bucket, Key="new", CopySource=source, MetadataDirective="REPLACE", Metadata={"m": "2"})

    copy = s3.get_object(Bucket=bucket, Key="copy")
    assert (copied["CopyObjectResult"]["ETag"], copy["Body"].read()) == (etag, body)
    assert (copy["ContentType"], copy["Metadata"]) == ("x/y", {"m": "1"})
    new = s3.head_object(Bucket=bucket, Key="new")
    assert (new["ContentType"], new["Metadata"]) == ("binary/octet-stream", {"m": "2"})
    s3.delete_object(Bucket=bucket, Key="a b/ü")
    assert s3.get_object(Bucket=bucket, Key="copy")["Body"].read() == body


def test_copy_object_refusals(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")

    assert code_and_status(s3.copy_object, Bucket=bucket, Key="k", CopySource=f"{bucket}/k") == ("InvalidRequest", 400)
    assert code_and_status(s3.copy_object, Bucket=bucket, Key="c", CopySource=f"{bucket}/no") == ("NoSuchKey", 404)
    assert code_and_status(s3.copy_object, Bucket=bucket, Key="c", CopySource="nothing") == ("InvalidArgument", 400)
    assert code_and_status(
        s3.copy_object, Bucket=bucket, Key="c", CopySource=f"{bucket}/k", CopySourceIfMatch='"0"'
    ) == (
        "PreconditionFailed",
        412,
    )


def test_delete_objects_deletes_each_and_is_idempotent(s3: Any, bucket: str) -> None:
    for key in ("a", "b & <c>", "kept"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")

    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "a"}, {"Key": "b & <c>"}, {"Key": "none"}]})
    quiet = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "a"}], "Quiet": True})

    assert [item["Key"] for item in answer["Deleted"]] == ["a", "b & <c>", "none"]
    assert "Deleted" not in quiet
    assert [item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["kept"]
    assert s3.delete_object(Bucket=bucket, Key="none")["ResponseMetadata"]["HTTPStatusCode"] == 204


def test_list_objects_pages_prefixes_and_delimiters(s3: Any, bucket: str) -> None:
    keys = ["a/1", "a/2", "b/x/1", "b/y", "c", "d/1"]
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key)

    top = s3.list_objects_v2(Bucket=bucket, Delimiter="/")
    assert [item["Prefix"] for item in top["CommonPrefixes"]] == ["a/", "b/", "d/"]
    assert [item["Key"] for item in top["Contents"]] == ["c"]
    below = s3.list_objects_v2(Bucket=bucket, Prefix="b/", Delimiter="/")
    assert ([item["Prefix"] for item in below["CommonPrefixes"]], below["Contents"][0]["Key"]) == (["b/x/"], "b/y")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, PaginationConfig={"PageSize": 2})
    assert [item["Key"] for page in pages for item in page["Contents"]] == keys
    older = s3.get_paginator("list_objects").paginate(Bucket=bucket, Delimiter="/", PaginationConfig={"PageSize": 1})
    assert [prefix["Prefix"] for page in older for prefix in page.get("CommonPrefixes", [])] == ["a/", "b/", "d/"]
    assert [item["Key"] for item in s3.list_objects_v2(Bucket=bucket, StartAfter="b/y")["Contents"]] == ["c", "d/1"]
    assert code_and_status(s3.list_objects_v2, Bucket=bucket, ContinuationToken="é") == ("InvalidArgument", 400)


def test_get_object_error_is_s3s_own_xml(s3: Any, bucket: str) -> None:
    with pytest.raises(ClientError) as caught:
        s3.get_object(Bucket=bucket, Key="<&>")

    error = caught.value.response
    assert error["Error"]["Message"] == "The specified key does not exist."
    assert error["ResponseMetadata"]["RequestId"]
