"""Goal: what is put comes back byte for byte with its headers; ranges, conditions, checksums, copies and deletions
behave as AWS documents them."""

from __future__ import annotations

import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest
from botocore.auth import HmacV1QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from onebox.services.s3.checksums import checksum_of
from onebox.testing import EngineThread

Make = Callable[..., Any]


@pytest.fixture
def s3(client: Make) -> Any:
    return client("s3")


@pytest.fixture
def bucket(s3: Any, account: str) -> str:
    name = f"objects-{account}"
    s3.create_bucket(Bucket=name)
    return name


def test_put_object_in_signed_chunks_arrives_with_its_trailing_checksum(onebox: Any, s3: Any, bucket: str) -> None:
    # Over https boto3 sends this form by itself.
    content = b"streamed" * 50_000
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (content[:100_000], content[100_000:]))
    headers = {
        "Authorization": "AWS4-HMAC-SHA256 "
        f"Credential={_account_of(s3)}/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0",
        "Content-Encoding": "aws-chunked",
        "X-Amz-Content-Sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "X-Amz-Decoded-Content-Length": str(len(content)),
        "X-Amz-Trailer": "x-amz-checksum-crc32",
    }

    def put(checksum: str) -> int:
        body = chunks + f"0\r\nx-amz-checksum-crc32:{checksum}\r\n\r\n".encode()
        connection = http.client.HTTPConnection(urlsplit(onebox.endpoint_url).netloc)
        connection.request("PUT", f"/{bucket}/k", body, headers)
        return connection.getresponse().status

    checksum = checksum_of("CRC32", content)
    assert put(checksum_of("CRC32", b"other")) == 400
    assert put(checksum) == 200
    got = s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert (got["Body"].read(), got["ChecksumCRC32"]) == (content, checksum)
    assert "ContentEncoding" not in got


def _account_of(s3: Any) -> str:
    account: str = s3._request_signer._credentials.access_key
    return account


def test_virtual_hosted_address_reaches_the_bucket(onebox: Any, s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"virtual")
    connection = http.client.HTTPConnection(urlsplit(onebox.endpoint_url).netloc)
    url = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "k"})
    query = url.partition("?")[2]

    connection.request(
        "GET", f"/k?{query}", headers={"Host": f"{bucket}.localhost:{urlsplit(onebox.endpoint_url).port}"}
    )

    assert connection.getresponse().read() == b"virtual"


@pytest.mark.parametrize("config", [{}, {"signature_version": "s3v4"}], ids=["version 2", "version 4"])
def test_presigned_url_gets_the_object(client: Make, bucket: str, config: dict[str, str]) -> None:
    s3 = client("s3", **config)
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "k"})

    assert urllib.request.urlopen(url).read() == b"x"


@pytest.mark.parametrize("config", [{}, {"signature_version": "s3v4"}], ids=["version 2", "version 4"])
@pytest.mark.parametrize("operation", ["get_object", "put_object"])
def test_presigned_url_expires(config: dict[str, str], operation: str) -> None:
    with EngineThread(manual_clock=True, now_ms=int(time.time() * 1000)) as engine:
        s3 = engine.client("s3", **config)
        s3.create_bucket(Bucket="bucket")
        s3.put_object(Bucket="bucket", Key="k", Body=b"x")
        url = s3.generate_presigned_url(operation, Params={"Bucket": "bucket", "Key": "k"}, ExpiresIn=60)
        method, body = ("GET", None) if operation == "get_object" else ("PUT", b"y")
        request = urllib.request.Request(url, body, method=method)

        with urllib.request.urlopen(request) as answer:
            assert answer.status == 200
        engine.clock.advance(62)
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(request)

        root = ElementTree.fromstring(caught.value.read())
        names = ["Code", "Message", "Expires", "ServerTime"]
        assert caught.value.code == 403
        assert (root.findtext("Code"), root.findtext("Message")) == ("AccessDenied", "Request has expired")
        assert {*names, *(["X-Amz-Expires"] if config else [])} <= {member.tag for member in root}


def test_nobody_prolongs_a_presigned_url_of_version_2_by_members_of_version_4() -> None:
    """Its signature covers no other members of the query, so whoever has an old link may add some."""
    with EngineThread(manual_clock=True, now_ms=int(time.time() * 1000)) as engine:
        iam = engine.client("iam")
        iam.create_user(UserName="Ann")
        iam.attach_user_policy(UserName="Ann", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
        key = iam.create_access_key(UserName="Ann")["AccessKey"]
        engine.client("s3").create_bucket(Bucket="bucket")
        engine.client("s3").put_object(Bucket="bucket", Key="k", Body=b"x")
        link = AWSRequest(method="GET", url=f"{engine.endpoint_url}/bucket/k")
        HmacV1QueryAuth(Credentials(key["AccessKeyId"], key["SecretAccessKey"]), expires=60).add_auth(link)
        url = str(link.url)
        assert urllib.request.urlopen(url).read() == b"x"

        engine.clock.advance(62)
        added = "&X%2DAmz-Credential=a&X-Amz-Algorithm=a&X-Amz-Signature=a&X-Amz-SignedHeaders=a"
        today = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() + 62))
        for prolonged in (url, f"{url}{added}&X-Amz-Date={today}&X-Amz-Expires=600", f"{url}&Expire%73=9999999999"):
            with pytest.raises(urllib.error.HTTPError) as caught:
                urllib.request.urlopen(prolonged)
            assert b"<Message>Request has expired</Message>" in caught.value.read()
