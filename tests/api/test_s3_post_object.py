"""Goal: a form that boto3 presigned uploads its file byte for byte, as on AWS; what the policy, the signature or the
form do not allow is refused with AWS's reason, and nothing is stored."""

from __future__ import annotations

import http.client
import json
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest
from botocore.exceptions import ClientError

from onebox.testing import EngineThread

Make = Callable[..., Any]
BOUNDARY = "----form-7d8f"
PAGE = "https://shop.example"


class Answer(NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def error(self) -> tuple[int, str, str]:
        root = ElementTree.fromstring(self.body)
        return self.status, root.findtext("Code", ""), root.findtext("Message", "")

    def member(self, name: str) -> str | None:
        return ElementTree.fromstring(self.body).findtext(name)


def form(fields: dict[str, str], file: bytes | None, name: str = "photo.jpg", after: str = "") -> bytes:
    """A body as browsers send it: the fields in order, the file last."""
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'.encode()
        for field, value in fields.items()
    ]
    if file is not None:
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
        parts += [head.encode(), b"Content-Type: application/octet-stream\r\n\r\n", file, b"\r\n"]
    return b"".join(parts) + after.encode() + f"--{BOUNDARY}--\r\n".encode()


def send(url: str, body: bytes, **headers: str) -> Answer:
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.netloc, timeout=60)
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    connection.request("POST", address.path, body, {"Content-Type": kind, **headers})
    answer = connection.getresponse()
    found = Answer(answer.status, answer.headers, answer.read())
    connection.close()
    return found


@pytest.fixture(scope="module")
def onebox() -> Iterator[EngineThread]:
    """One whose clients may come from a page."""
    with EngineThread(allowed_origins=(PAGE,)) as engine:
        yield engine


@pytest.fixture
def bucket(client: Make, account: str) -> str:
    name = f"form-{account}"
    client("s3").create_bucket(Bucket=name)
    return name


@pytest.fixture
def user(onebox: EngineThread, client: Make) -> Callable[..., Any]:
    """Makes S3 clients of an IAM user who may put objects under ``in/``: its signatures are checked."""
    import boto3
    from botocore.config import Config

    iam = client("iam")
    iam.create_user(UserName="u")
    statement = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::form-*/in/*"}
    iam.put_user_policy(UserName="u", PolicyName="p", PolicyDocument=json.dumps({"Statement": [statement]}))
    key = iam.create_access_key(UserName="u")["AccessKey"]

    def make(version: str | None, secret: str | None = None) -> Any:
        return boto3.client(
            "s3",
            region_name="us-east-1",
            endpoint_url=onebox.endpoint_url,
            aws_access_key_id=key["AccessKeyId"],
            aws_secret_access_key=secret or key["SecretAccessKey"],
            config=Config(s3={"addressing_style": "path"}, signature_version=version),
        )

    return make


@pytest.mark.parametrize("version", [None, "s3v4"])
@pytest.mark.parametrize("size", [0, 11, 3_000_000])
def test_signed_form_uploads_its_file(
    client: Make, user: Callable[..., Any], bucket: str, version: str | None, size: int
) -> None:
    content = bytes(index % 251 for index in range(size))
    extra = {"Content-Type": "image/jpeg", "x-amz-meta-note": "grün"}
    conditions = [["starts-with", "$Content-Type", "image/"], {"x-amz-meta-note": "grün"}]
    post = user(version).generate_presigned_post(
        bucket, "in/${filename}", extra, [*conditions, ["content-length-range", 0, size]]
    )

    answer = send(post["url"], form(post["fields"], content, r"C:\pictures\a b.jpg"))

    assert (answer.status, answer.body) == (204, b"")
    got = client("s3").get_object(Bucket=bucket, Key="in/a b.jpg")
    assert got["Body"].read() == content
    assert (got["ContentType"], got["ETag"]) == ("image/jpeg", answer.headers["ETag"])
    assert got["Metadata"]["note"].encode("latin-1").decode() == "grün"
    assert answer.headers["Location"] == f"{post['url']}/in%2Fa%20b.jpg"


def test_large_file_that_holds_something_like_the_boundary(client: Make, bucket: str) -> None:
    content = (b"x" * 1_000_003 + f"\r\n--{BOUNDARY[:-1]}".encode()) * 9
    post = client("s3").generate_presigned_post(bucket, "k")
    submit = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="submit"\r\n\r\nUpload\r\n'

    assert send(post["url"], form(post["fields"], content, after=submit)).status == 204
    assert client("s3").get_object(Bucket=bucket, Key="k")["Body"].read() == content


@pytest.mark.parametrize(("file_name", "key"), [("photo.jpg", "in/photo.jpg"), (None, "in/${filename}")])
def test_form_whose_names_are_not_quoted_uploads_its_file(
    client: Make, bucket: str, file_name: str | None, key: str
) -> None:
    """As .NET's HttpClient writes it; AWS keeps ``${filename}`` if the file has no name."""
    post = client("s3").generate_presigned_post(bucket, "in/${filename}")
    named = "" if file_name is None else f"; filename={file_name}; filename*=utf-8''other.jpg"
    head = f"--{BOUNDARY}\r\nContent-Disposition: form-data; name"
    parts = [f"{head}={name}\r\n\r\n{value}\r\n" for name, value in post["fields"].items()]
    body = "".join([*parts, f"{head}=file{named}\r\n\r\nabc\r\n", f"--{BOUNDARY}--\r\n"]).encode()

    assert send(post["url"], body).status == 204
    assert client("s3").get_object(Bucket=bucket, Key=key)["Body"].read() == b"abc"


def test_field_without_a_name_meets_no_condition(client: Make, bucket: str) -> None:
    post = client("s3").generate_presigned_post(bucket, "k", {"": "v"}, [["eq", "", "v"]])

    error = send(post["url"], form(post["fields"], b"abc")).error

    assert error == (403, "AccessDenied", DENIED + 'Policy Condition failed: ["eq", "", "v"]')


@pytest.mark.parametrize(
    ("fields", "status", "shown"),
    [
        ({}, 204, "Location"),
        ({"success_action_status": "200"}, 200, "Location"),
        ({"success_action_status": "404"}, 204, "Location"),
        ({"success_action_status": "201"}, 201, "document"),
        ({"success_action_redirect": "https://shop.example/done?a=b"}, 303, "https://shop.example/done?a=b&"),
        ({"redirect": "http://shop.example/done"}, 303, "http://shop.example/done?"),
        ({"success_action_redirect": "javascript:alert(1)"}, 204, "Location"),
        ({"success_action_redirect": "http://a/\r\nSet-Cookie: x"}, 204, "Location"),
    ],
)
def test_answer_is_the_one_that_the_form_asks_for(
    client: Make, bucket: str, fields: dict[str, str], status: int, shown: str
) -> None:
    conditions: list[Any] = [["starts-with", f"${name}", ""] for name in fields]
    post = client("s3").generate_presigned_post(bucket, "a/b", fields, conditions)

    answer = send(post["url"], form(post["fields"], b"abc"))

    etag = '"900150983cd24fb0d6963f7d28e17f72"'
    assert (answer.status, answer.headers["ETag"], answer.headers["Set-Cookie"]) == (status, etag, None)
    location = f"{post['url']}/a%2Fb"
    if status == 303:
        result = f"bucket={bucket}&key=a%2Fb&etag=%22900150983cd24fb0d6963f7d28e17f72%22"
        assert answer.headers["Location"] == shown + result
    else:
        assert answer.headers["Location"] == location
    if shown == "document":
        members = {name: answer.member(name) for name in ("Location", "Bucket", "Key", "ETag")}
        assert members == {"Location": location, "Bucket": bucket, "Key": "a/b", "ETag": etag}
    else:
        assert answer.body == b""


def test_form_sets_tags_class_encryption_checksum_and_version(client: Make, bucket: str) -> None:
    s3 = client("s3")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    fields = {
        "tagging": "<Tagging><TagSet><Tag><Key>team</Key><Value>a</Value></Tag></TagSet></Tagging>",
        "x-amz-storage-class": "STANDARD_IA",
        "x-amz-server-side-encryption": "AES256",
        "x-amz-checksum-algorithm": "SHA256",
        "acl": "private",
    }
    post = s3.generate_presigned_post(bucket, "k", fields, [{name: value} for name, value in fields.items()])

    answer = send(post["url"], form(post["fields"], b"abc"))

    head = s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert head["VersionId"] == answer.headers["x-amz-version-id"]
    assert (head["StorageClass"], head["ServerSideEncryption"]) == ("STANDARD_IA", "AES256")
    assert head["ChecksumSHA256"] == answer.headers["x-amz-checksum-sha256"]
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == [{"Key": "team", "Value": "a"}]


def test_name_of_metadata_cannot_begin_another_header(client: Make, bucket: str) -> None:
    for name in ("x-amz-meta-a: b\nset-cookie", "x-amz-meta-a\rset-cookie", "x-amz-meta-a b", "x-amz-meta-ü"):
        post = client("s3").generate_presigned_post(bucket, "k", {name: "v"}, [{name: "v"}])
        answer = send(post["url"], form(post["fields"], b"abc"))

        assert answer.error == (400, "InvalidArgument", "The name of a field is not the name of a header.")
    assert "Contents" not in client("s3").list_objects_v2(Bucket=bucket)


def test_long_name_of_a_file_many_times_is_too_large(client: Make, bucket: str) -> None:
    many = {"x-ignore-a": "${filename}" * 800, "x-ignore-b": "${filename}"}
    post = client("s3").generate_presigned_post(bucket, "${filename}", many)

    answer = send(post["url"], form(post["fields"], b"abc", "é" * 4_000))

    assert answer.error[:2] == (400, "MaxPostPreDataLengthExceededError")
    assert send(post["url"], form(post["fields"], b"abc", "short")).status == 204


def test_link_that_was_presigned_for_another_operation_uploads_nothing(client: Make, bucket: str) -> None:
    s3 = client("s3", signature_version="s3v4")
    link = s3.generate_presigned_url("head_bucket", {"Bucket": bucket})  # of an account's key: not verified
    address = urlsplit(link)
    connection = http.client.HTTPConnection(address.netloc, timeout=60)
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    target = f"{address.path}?{address.query}"
    connection.request("POST", target, form({"key": "k"}, b"abc"), {"Content-Type": kind})
    answer = connection.getresponse()

    assert (answer.status, b"AccessDenied" in answer.read()) == (403, True)
    connection.close()
    assert "Contents" not in client("s3").list_objects_v2(Bucket=bucket)


def changed_policy(post: Any, change: Callable[[Any], None]) -> None:
    document = json.loads(b64decode(post["fields"]["policy"]))
    change(document)
    post["fields"]["policy"] = b64encode(json.dumps(document).encode()).decode()


DENIED = "Invalid according to Policy: "


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda d: d.update(expiration="2020-01-01T00:00:00Z"), (403, "AccessDenied", DENIED + "Policy expired.")),
        (
            lambda d: d["conditions"].append(["eq", "$key", "other"]),
            (403, "AccessDenied", DENIED + 'Policy Condition failed: ["eq", "$key", "other"]'),
        ),
        (
            lambda d: d["conditions"].append({"acl": "private"}),
            (403, "AccessDenied", DENIED + 'Policy Condition failed: ["eq", "$acl", "private"]'),
        ),
        (
            lambda d: d["conditions"].append(["starts-with", "$Content-Type", "image/"]),
            (403, "AccessDenied", DENIED + 'Policy Condition failed: ["starts-with", "$Content-Type", "image/"]'),
        ),
        (
            lambda d: d["conditions"].append(["starts-with", "$Content-Type", ""]),
            (403, "AccessDenied", DENIED + 'Policy Condition failed: ["starts-with", "$Content-Type", ""]'),
        ),
        (
            lambda d: d["conditions"].append({"bucket": "another"}),
            (403, "AccessDenied", DENIED + 'Policy Condition failed: ["eq", "$bucket", "another"]'),
        ),
        (
            lambda d: d.update(conditions=[c for c in d["conditions"] if "key" not in c]),
            (403, "AccessDenied", DENIED + "Extra input fields: key"),
        ),
        (
            lambda d: d["conditions"].append(["content-length-range", 4, 10]),
            (400, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size"),
        ),
        (
            lambda d: d["conditions"].append(["content-length-range", "0", "2"]),
            (400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size"),
        ),
        (
            lambda d: d["conditions"].append(["content-length-range", "test", "10"]),
            (403, "AccessDenied", DENIED + 'Policy Condition failed: ["content-length-range", "test", "10"]'),
        ),
        (
            lambda d: d["conditions"].append(["eq", "key", "k"]),
            (403, "AccessDenied", DENIED + 'Policy Condition failed: ["eq", "key", "k"]'),
        ),
        (
            lambda d: d["conditions"].append(["starts-with", "key", ""]),
            (403, "AccessDenied", DENIED + 'Policy Condition failed: ["starts-with", "key", ""]'),
        ),
        (
            lambda d: d.update(expiration="tomorrow"),
            (400, "InvalidPolicyDocument", "Invalid Policy: Invalid 'expiration' value: 'tomorrow'"),
        ),
        (
            lambda d: d["conditions"].append({"acl": "a", "x": "b"}),
            (
                400,
                "InvalidPolicyDocument",
                "Invalid Policy: Invalid Simple-Condition: Simple-Conditions must have exactly one property specified.",
            ),
        ),
    ],
    ids=[
        "expired",
        "eq",
        "absent",
        "starts-with",
        "any-but-absent",
        "bucket",
        "extra",
        "small",
        "large",
        "no-size",
        "eq-without-$",
        "starts-with-without-$",
        "date",
        "simple-condition",
    ],
)
def test_policy_decides_what_is_uploaded(
    client: Make, bucket: str, change: Callable[[Any], None], error: tuple[int, str, str]
) -> None:
    post = client("s3").generate_presigned_post(bucket, "k")
    changed_policy(post, change)

    answer = send(post["url"], form(post["fields"], b"abc"))

    assert answer.error == error
    assert "Contents" not in client("s3").list_objects_v2(Bucket=bucket)


@pytest.mark.parametrize("policy", ["{no base64}", b64encode(b"[]").decode(), b64encode(b'{"expiration": 1}').decode()])
def test_policy_that_is_none_is_refused(client: Make, bucket: str, policy: str) -> None:
    post = client("s3").generate_presigned_post(bucket, "k")
    post["fields"]["policy"] = policy

    status, code, message = send(post["url"], form(post["fields"], b"abc")).error

    assert (status, code) == (400, "InvalidPolicyDocument")
    assert message.startswith("Invalid Policy: ")


@pytest.mark.parametrize("version", [None, "s3v4"])
def test_signature_and_rights_are_checked(
    user: Callable[..., Any], client: Make, bucket: str, version: str | None
) -> None:
    wrong = user(version, secret="another").generate_presigned_post(bucket, "in/k")
    assert send(wrong["url"], form(wrong["fields"], b"abc")).error[:2] == (403, "SignatureDoesNotMatch")

    widened = user(version).generate_presigned_post(bucket, "in/k", None, [["content-length-range", 0, 1]])
    changed_policy(widened, lambda document: document["conditions"].pop(0))
    assert send(widened["url"], form(widened["fields"], b"abc")).error[:2] == (403, "SignatureDoesNotMatch")

    elsewhere = user(version).generate_presigned_post(bucket, "out/k")
    assert send(elsewhere["url"], form(elsewhere["fields"], b"abc")).error[:2] == (403, "AccessDenied")

    unknown = user(version).generate_presigned_post(bucket, "in/k")
    for name in ("AWSAccessKeyId", "x-amz-credential"):
        if name in unknown["fields"]:
            unknown["fields"][name] = re.sub("^[A-Z0-9]+", "AKIAUNKNOWNUNKNOWN00", unknown["fields"][name])
    status, code, _ = send(unknown["url"], form(unknown["fields"], b"abc")).error
    assert code in ("InvalidAccessKeyId", "AccessDenied")  # the policy names the credential of version 4
    assert status == 403
    assert "Contents" not in client("s3").list_objects_v2(Bucket=bucket)


MISSING = "Bucket POST must contain a field named '{}'.  If it is specified, please check the order of the fields."
NOT_A_FORM = "The body of your POST request is not well-formed multipart/form-data."


def test_forms_that_are_none_are_refused_in_awss_words(client: Make, bucket: str) -> None:
    post = client("s3", signature_version="s3v4").generate_presigned_post(bucket, "k")
    url, fields = post["url"], post["fields"]
    without_key = {name: value for name, value in fields.items() if name != "key"}
    unsigned = {"key": "k"}

    def sent(body: bytes, path: str = "") -> tuple[int, str, str]:
        return send(url + path, body).error

    assert sent(b"key=k") == (400, "MalformedPOSTRequest", NOT_A_FORM)
    assert sent(form(fields, b"abc")[: -len(BOUNDARY) - 8]) == (400, "MalformedPOSTRequest", NOT_A_FORM)
    assert sent(form(without_key, b"abc")) == (400, "InvalidArgument", MISSING.format("key"))
    assert sent(form(fields, None)) == (400, "InvalidArgument", "POST requires exactly one file upload per request.")
    assert sent(form({**fields, "key": ""}, b"abc")) == (
        400,
        "InvalidArgument",
        "User key must have a length greater than 0.",
    )
    assert sent(form({**fields, "key": "k" * 1025}, b"abc"))[1] in ("KeyTooLongError", "AccessDenied")
    assert sent(form({**fields, "x-ignore-a": "a" * 21_000}, b"abc"))[:2] == (400, "MaxPostPreDataLengthExceededError")
    assert sent(form(unsigned, b"abc")) == (403, "AccessDenied", "Access Denied")
    assert sent(form(fields, b"abc"), "/k")[:2] == (405, "MethodNotAllowed")
    del fields["x-amz-date"]
    assert sent(form(fields, b"abc")) == (400, "InvalidArgument", MISSING.format("X-Amz-Date"))
    fields |= {"x-amz-date": "20200101T000000Z"}
    assert sent(form(fields, b"abc"))[:2] == (400, "AuthorizationQueryParametersError")
    assert "Contents" not in client("s3").list_objects_v2(Bucket=bucket)


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "application/json", "", "form-data"])
def test_post_to_a_bucket_that_is_no_form_fails_a_precondition(client: Make, bucket: str, kind: str) -> None:
    post = client("s3", signature_version="s3v4").generate_presigned_post(bucket, "k")

    answer = send(post["url"], form(post["fields"], b"abc"), **{"Content-Type": kind})

    sentence = "At least one of the pre-conditions you specified did not hold"
    assert answer.error == (412, "PreconditionFailed", sentence)
    assert answer.member("Condition") == "Bucket POST must be of the enclosure-type multipart/form-data"
    assert "Contents" not in client("s3").list_objects_v2(Bucket=bucket)


def test_type_of_a_form_is_read_in_any_case(client: Make, bucket: str) -> None:
    post = client("s3").generate_presigned_post(bucket, "k")
    kind = f"Multipart/Form-Data; boundary={BOUNDARY}"
    assert send(post["url"], form(post["fields"], b"abc"), **{"Content-Type": kind}).status == 204


def test_bucket_that_does_not_exist(client: Make) -> None:
    post = client("s3").generate_presigned_post("form-nowhere", "k")

    assert send(post["url"], form(post["fields"], b"abc")).error[:2] == (404, "NoSuchBucket")


def test_page_of_an_allowed_origin_uploads_and_reads_the_answer(client: Make, bucket: str) -> None:
    post = client("s3").generate_presigned_post(bucket, "k")
    body = form(post["fields"], b"abc")

    allowed = send(post["url"], body, Origin=PAGE)
    other = send(post["url"], body, Origin="https://other.example")

    assert (allowed.status, allowed.headers["Access-Control-Allow-Origin"]) == (204, PAGE)
    assert "ETag" in allowed.headers["Access-Control-Expose-Headers"]
    assert (other.status, other.headers["Access-Control-Allow-Origin"]) == (403, None)
    address = urlsplit(post["url"])
    connection = http.client.HTTPConnection(address.netloc)
    connection.request("OPTIONS", address.path, headers={"Origin": PAGE, "Access-Control-Request-Method": "POST"})
    preflight = connection.getresponse()
    assert preflight.status == 204
    assert "POST" in str(preflight.headers["Access-Control-Allow-Methods"])
    connection.close()


def test_event_of_a_form_is_post(client: Make, bucket: str, account: str) -> None:
    from tests.api.test_s3_notifications import open_queue, put, received, records, to_queue

    url, arn = open_queue(client, bucket, account)
    put(client, bucket, QueueConfigurations=[to_queue(arn, ["s3:ObjectCreated:Post"])])
    client("s3").put_object(Bucket=bucket, Key="by-put")
    post = client("s3").generate_presigned_post(bucket, "by-form")
    assert send(post["url"], form(post["fields"], b"abc")).status == 204

    _, message = received(client, url, 2)

    (record,) = records([message])
    assert (record["eventName"], record["s3"]["object"]["key"]) == ("ObjectCreated:Post", "by-form")


def test_upload_is_there_after_a_restart(tmp_path: Path) -> None:
    with EngineThread(tmp_path) as engine:
        engine.client("s3").create_bucket(Bucket="kept")
        post = engine.client("s3").generate_presigned_post("kept", "k")
        assert send(post["url"], form(post["fields"], b"abc")).status == 204
    with EngineThread(tmp_path) as engine:
        assert engine.client("s3").get_object(Bucket="kept", Key="k")["Body"].read() == b"abc"
        with pytest.raises(ClientError, match="NoSuchKey"):
            engine.client("s3").get_object(Bucket="kept", Key="file")
