"""Goal: with ClaimCheck on, orders that are too large for a message or for an item go the whole way of an order, and a
pointer to any other place is refused.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner, Result

from onebox.testing import EngineThread
from orders import OrderPublisher
from orders.aws.clients import Aws
from orders.aws.names import Names
from orders.aws.settings import find_settings
from orders.claims.bucket import ClaimBucket
from orders.cli.main import main
from orders.domain.claims import CLAIM_BYTES_MAX, POINTER_CLASS, SIZE_ATTRIBUTE, make_key, write_pointer
from orders.outbox import add
from tests.conftest import environment_of
from tests.console.support import console_for
from tests.polling import until

Orders = Callable[..., Result]
ACCOUNT = "717171717171"
PREFIX = "shop-"
BUCKET = f"{PREFIX}orders-claims-{ACCOUNT}-us-east-1"
TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT}:{PREFIX}OrderTopic"
OPTIONS = ("History=Yes", "Archive=Yes", "ArchiveWindow=1", "ClaimCheck=Yes", "Intake=Token")


# An order that takes 7 bytes as an item for 4 of its text.
DENSE = json.dumps({"orderId": "dense", "x": [[1]] * 62_000}, separators=(",", ":"))


@pytest.fixture(scope="module")
def engine() -> Iterator[EngineThread]:
    with EngineThread() as engine:
        deploy = ["deploy", "--yes", *(part for option in OPTIONS for part in ("-p", option))]
        done = CliRunner().invoke(main, deploy, env=environment(engine))
        assert done.exit_code == 0, done.output
        yield engine


def environment(engine: EngineThread) -> dict[str, str]:
    return {**environment_of(engine.endpoint_url, ACCOUNT), "ORDERS_PREFIX": PREFIX}


@pytest.fixture
def orders(engine: EngineThread, tmp_path: Any) -> Orders:
    return lambda *arguments: CliRunner().invoke(
        main, arguments, env={**environment(engine), "XDG_STATE_HOME": str(tmp_path)}
    )


def client(engine: EngineThread, service: str) -> Any:
    return engine.client(service, account=ACCOUNT)


def large(order_id: str, lines: int, **fields: Any) -> dict[str, Any]:
    """An order with so many lines of 10 KB."""
    items = [{"sku": f"{order_id}-{number}", "itemName": "x" * 10_000, "unitPrice": 1.5} for number in range(lines)]
    return {"orderId": order_id, "userId": "ada", "status": "new", "total": 19.9, "items": items, **fields}


def publish(orders: Orders, tmp_path: Path, *found: dict[str, Any], expected: int = 0) -> str:
    path = tmp_path / "orders.jsonl"
    path.write_text("".join(f"{json.dumps(order)}\n" for order in found))
    done = orders("publish", str(path), "--claim-check")
    assert done.exit_code == expected, done.output
    return done.output


def stored(engine: EngineThread, order_id: str) -> dict[str, Any]:
    def look() -> Any:
        answer = client(engine, "dynamodb").get_item(TableName=f"{PREFIX}Orders", Key={"orderId": {"S": order_id}})
        return answer.get("Item")

    return dict(until(look, f"order {order_id} in the table"))


def keys(engine: EngineThread, prefix: str = "") -> set[str]:
    found = client(engine, "s3").list_objects_v2(Bucket=BUCKET, Prefix=prefix)
    return {one["Key"] for one in found.get("Contents", [])}


def test_an_order_too_large_for_sns_is_stored_whole_in_its_item(
    engine: EngineThread, orders: Orders, tmp_path: Path
) -> None:
    order = large("c1", 30)
    text = json.dumps(order)
    assert 262_144 < len(text) < 400_000
    publish(orders, tmp_path, order)
    assert len(stored(engine, "c1")["items"]["L"]) == 30
    assert make_key(text.encode()) in keys(engine, "claims/")


def test_an_order_too_large_for_an_item_is_stored_with_its_body_in_s3(
    engine: EngineThread, orders: Orders, tmp_path: Path
) -> None:
    order = large("c2", 110, timestamp="2026-05-03T12:00:00Z")
    assert len(json.dumps(order)) > 1024 * 1024
    publish(orders, tmp_path, order)
    item = stored(engine, "c2")
    assert item["total"] == {"N": "19.9"}
    assert "items" not in item
    assert int(item["orders:body"]["M"]["bytes"]["N"]) > 1024 * 1024
    assert json.loads(orders("get", "c2", "--json").output) == order
    publish(orders, tmp_path, order)
    until(lambda: "duplicate" in orders("history", "c2", "--json").output, "the duplicate")
    verified = orders("verify", str(tmp_path / "orders.jsonl"), "--wait", "20")
    assert verified.exit_code == 0, verified.output


def put_claim(engine: EngineThread, order: dict[str, Any]) -> str:
    """Write an order as a publisher of another language does; the message that points to it."""
    content = json.dumps(order).encode()
    key = make_key(content)
    client(engine, "s3").put_object(Bucket=BUCKET, Key=key, Body=content)
    return write_pointer(BUCKET, key)


def dead_letter(engine: EngineThread, body: str) -> str:
    sqs = client(engine, "sqs")
    url = sqs.get_queue_url(QueueName=f"{PREFIX}OrderDLQ")["QueueUrl"]
    return str(sqs.send_message(QueueUrl=url, MessageBody=body)["MessageId"])


def rejections(engine: EngineThread) -> str:
    events = client(engine, "logs").filter_log_events(
        logGroupName=f"/aws/lambda/{PREFIX}OrderProcessor", filterPattern='{ $.outcome = "rejected" }'
    )["events"]
    return "\n".join(event["message"] for event in events)


def test_a_pointer_to_any_other_place_or_content_is_refused_with_the_reason_and_without_what_it_says(
    engine: EngineThread,
) -> None:
    s3, sns = client(engine, "s3"), client(engine, "sns")
    s3.create_bucket(Bucket="anybody")
    s3.put_object(Bucket="anybody", Key="claims/secret-of-ada", Body=b'{"orderId": "foreign"}')
    forged = make_key(b'{"orderId": "one"}')
    s3.put_object(Bucket=BUCKET, Key=forged, Body=b'{"orderId": "two"}')
    s3.put_object(Bucket=BUCKET, Key="claims/latin", Body=b'{"orderId": "\xe9"}')
    s3.put_object(Bucket=BUCKET, Key="claims/huge", Body=b" " * (4 * 1024 * 1024 + 1))
    expected = {
        write_pointer("anybody", "claims/secret-of-ada"): "another bucket",
        write_pointer(BUCKET, "bodies/secret-of-ada"): "another place of the bucket",
        write_pointer(BUCKET, "claims/../secret-of-ada"): "another place of the bucket",
        write_pointer(BUCKET, forged): "size or digest differs",
        write_pointer(BUCKET, make_key(b"never written")): "no longer in S3",
        write_pointer(BUCKET, "claims/latin"): "not UTF-8",
        write_pointer(BUCKET, "claims/huge"): "4,194,305 bytes",
        json.dumps([POINTER_CLASS, {"s3BucketName": 7}]): "another bucket",
    }
    for text in expected:
        sns.publish(TopicArn=TOPIC, Message=text)

    def seen() -> bool:
        found = rejections(engine)
        return all(reason in found for reason in expected.values())

    until(seen, "every reason in the log")
    assert "secret-of-ada" not in rejections(engine)
    table = client(engine, "dynamodb").scan(TableName=f"{PREFIX}Orders", ProjectionExpression="orderId")["Items"]
    assert not {"foreign", "one", "two"} & {one["orderId"]["S"] for one in table}


def test_a_claim_of_the_extended_client_library_is_taken(engine: EngineThread) -> None:
    """As amazon-sns-extended-client 1.0.1 writes it, given an S3Key below the prefix."""
    order = large("ext", 30)
    content = json.dumps(order).encode()
    client(engine, "s3").put_object(Bucket=BUCKET, Key="claims/8a5b6c1e-1111-4222-8333-444455556666", Body=content)
    client(engine, "sns").publish(
        TopicArn=TOPIC,
        Message=f'["software.amazon.payloadoffloading.PayloadS3Pointer", {{"s3BucketName": "{BUCKET}", '
        '"s3Key": "claims/8a5b6c1e-1111-4222-8333-444455556666"}]',
        MessageAttributes={"ExtendedPayloadSize": {"DataType": "Number", "StringValue": str(len(content))}},
    )
    assert len(stored(engine, "ext")["items"]["L"]) == 30


def test_without_the_option_a_large_order_is_refused_and_the_option_named(
    engine: EngineThread, orders: Orders, tmp_path: Path
) -> None:
    path = tmp_path / "large.json"
    path.write_text(json.dumps(large("c3", 30)))
    done = orders("publish", str(path))
    assert done.exit_code == 3
    assert "a claim check 4,194,304" in done.output


def test_an_order_that_neither_a_message_nor_an_item_may_hold_is_refused_before_it_is_sent(
    engine: EngineThread, orders: Orders, tmp_path: Path
) -> None:
    path = tmp_path / "dense.json"
    path.write_text(DENSE)
    refused = orders("publish", str(path), "--claim-check")
    assert refused.exit_code == 3
    assert "the order takes 434,016 bytes in DynamoDB, which leaves 409,408 for an order" in refused.output
    many = {"orderId": "many", "x": [0] * 600_000}
    said = publish(orders, tmp_path, many, expected=3)
    assert "the order holds 600,003 values: an order has 200,000 at most" in said
    message_id = dead_letter(engine, put_claim(engine, many))
    assert "600,003 values" in orders("dlq", "show", message_id).output
    assert orders("dlq", "purge", "--yes").exit_code == 0


def test_the_console_publishes_large_orders_through_s3(engine: EngineThread) -> None:
    names = Names(PREFIX)
    order = large("from-console", 30)
    with console_for(engine, ACCOUNT, names=names) as console:
        checked = console.post("/publish/check-file", {"text": f"{json.dumps(order)}\n{DENSE}"}).json()
        assert (checked["valid"], checked["refused"][0]["line"]) == (1, 2)
        assert "409,408" in checked["refused"][0]["reason"]
        assert console.post("/publish/orders", {"text": json.dumps(order)}).status_code == 303
        assert len(stored(engine, "from-console")["items"]["L"]) == 30
        both = [json.dumps(large(f"from-console-{number}", 110)) for number in range(2)]
        location = console.post("/publish/orders", {}, files={"file": ("two.jsonl", "\n".join(both))})
        assert location.status_code == 303
        assert all(stored(engine, f"from-console-{number}")["orders:body"] for number in range(2))


def test_a_failed_claim_is_shown_edited_and_sent_back(engine: EngineThread, orders: Orders, tmp_path: Path) -> None:
    order = large("c4", 110, total="much")
    message_id = dead_letter(engine, put_claim(engine, order))
    rows = [json.loads(line) for line in orders("dlq", "list", "--each", "--json").output.splitlines()]
    row = next(row for row in rows if row.get("message_id") == message_id)
    assert (row["order_id"], row["field"]) == ("c4", "total")
    shown = orders("dlq", "show", message_id).output
    assert "claim      claims/" in shown
    assert '"total": "much"' in shown
    edited = tmp_path / "edited.json"
    edited.write_text(json.dumps({**order, "total": 7}))
    done = orders("dlq", "edit", message_id, "--with", str(edited))
    assert done.exit_code == 0, done.output
    assert stored(engine, "c4")["total"] == {"N": "7"}
    assert json.loads(orders("get", "c4", "--json").output) == {**order, "total": 7}


def test_a_failed_claim_is_sent_back_unchanged(engine: EngineThread, orders: Orders) -> None:
    message_id = dead_letter(engine, put_claim(engine, large("c5", 30)))
    assert orders("dlq", "redrive", message_id).exit_code == 0
    assert len(stored(engine, "c5")["items"]["L"]) == 30


def test_an_export_holds_whole_orders(engine: EngineThread, orders: Orders, tmp_path: Path) -> None:
    order = large("c6", 110, userId="exporter")
    publish(orders, tmp_path, order)
    stored(engine, "c6")
    done = orders("export", "--user", "exporter", str(tmp_path / "out.jsonl"))
    assert done.exit_code == 0, done.output
    assert json.loads((tmp_path / "out.jsonl").read_text()) == order
    assert json.loads(orders("export", "--user", "exporter", "--lines", "--format", "jsonl").output.splitlines()[0])


def test_a_body_that_is_lost_or_changed_is_told(engine: EngineThread, orders: Orders, tmp_path: Path) -> None:
    publish(orders, tmp_path, large("c7", 110))
    sha256 = stored(engine, "c7")["orders:body"]["M"]["sha256"]["S"]
    (key,) = {one for one in keys(engine, "bodies/") if one.endswith(sha256)}
    client(engine, "s3").put_object(Bucket=BUCKET, Key=key, Body=b'{"orderId": "c7"}')
    assert "damaged" in orders("get", "c7").output
    client(engine, "s3").delete_object(Bucket=BUCKET, Key=key)
    assert f"is not in S3: {key}" in orders("get", "c7").output


def test_the_publisher_of_a_shop_s_program_and_the_relay_send_large_orders(
    engine: EngineThread, orders: Orders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment(engine).items():
        monkeypatch.setenv(name, value)
    with OrderPublisher(tmp_path / "spool", claim_check=True) as publisher:
        publisher.publish(large("c8", 110))
    database = f"sqlite:///{tmp_path}/shop.db"
    assert orders("relay", "init", "--database", database).exit_code == 0
    with sqlite3.connect(tmp_path / "shop.db") as shop:
        add(shop, large("c9", 30), claim_check=True)
    shop.close()
    assert orders("relay", "run", "--once", "--database", database).exit_code == 3, "refused without the option"
    assert orders("relay", "retry", "1", "--database", database).exit_code == 0
    done = orders("relay", "run", "--once", "--claim-check", "--database", database)
    assert done.exit_code == 0, done.output
    assert stored(engine, "c8")
    assert len(stored(engine, "c9")["items"]["L"]) == 30


def test_the_intake_takes_and_reads_back_large_orders(engine: EngineThread, orders: Orders, tmp_path: Path) -> None:
    token = orders("intake", "add", "shop").output.strip().splitlines()[-1]
    url = orders("intake", "url").output.strip()
    order = large("c10", 60)

    def ask(path: str, body: bytes | None = None) -> Any:
        headers = {"Host": urlsplit(url).netloc, "Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        connection = HTTPConnection(urlsplit(engine.endpoint_url).netloc, timeout=120)
        connection.request("GET" if body is None else "POST", path, body, headers)
        return json.loads(connection.getresponse().read())

    text = json.dumps(order, separators=(",", ":"))
    assert 400 * 1024 < len(text) < 1024 * 1024
    assert ask("/orders", text.encode())["orderId"] == "c10"
    assert "orders:body" in stored(engine, "c10")
    assert ask("/orders/c10") == order
    publish(orders, tmp_path, wide := large("c11", 370))
    stored(engine, "c11")
    assert ask("/orders/c11") == wide, "3.7 MB, in base64"


def test_replay_chooses_by_the_fields_in_s3_and_sends_the_pointer(
    engine: EngineThread, orders: Orders, tmp_path: Path
) -> None:
    publish(orders, tmp_path, large("c12", 30, userId="replayed"))
    sqs = client(engine, "sqs")
    url = sqs.create_queue(QueueName="warehouse")["QueueUrl"]
    replay = ("replay", "--since", "1h", "--user", "replayed", "--to", "warehouse", "--raw")
    until(lambda: "1 sent to warehouse" in orders(*replay).output, "the notification in the archive")
    (message,) = sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"], VisibilityTimeout=0)["Messages"]
    assert json.loads(message["Body"])[0] == POINTER_CLASS
    assert int(message["MessageAttributes"][SIZE_ATTRIBUTE]["StringValue"]) > 262_144


def extended(engine: EngineThread, service: str) -> Any:
    """A client of AWS's own Extended Client Library for a service; skips where it is not installed."""
    module = pytest.importorskip(f"{service}_extended_client")
    session = getattr(module, f"{service.upper()}ExtendedClientSession")(ACCOUNT, "test", region_name="us-east-1")
    made = session.client(service, endpoint_url=engine.endpoint_url)
    made.large_payload_support = BUCKET
    return made


def test_the_extended_client_library_for_sns_publishes_an_order(engine: EngineThread) -> None:
    sns = extended(engine, "sns")
    sns.s3_client = client(engine, "s3")
    key = {"DataType": "String", "StringValue": "claims/9a5b6c1e-1111-4222-8333-444455556666"}
    sns.publish(TopicArn=TOPIC, Message=json.dumps(large("peer", 30)), MessageAttributes={"S3Key": key})
    assert len(stored(engine, "peer")["items"]["L"]) == 30


def test_the_extended_client_library_for_sqs_reads_an_order(
    engine: EngineThread, orders: Orders, tmp_path: Path
) -> None:
    reader = extended(engine, "sqs")
    reader.s3_client = client(engine, "s3")
    sqs, sns = client(engine, "sqs"), client(engine, "sns")
    url = sqs.create_queue(QueueName="peers")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn}]}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    sns.subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    publish(orders, tmp_path, order := large("c16", 30))
    found = until(
        lambda: reader.receive_message(QueueUrl=url, MessageAttributeNames=["All"]).get("Messages"), "the message"
    )
    assert json.loads(found[0]["Body"]) == order


def test_an_erased_person_is_found_nowhere_and_does_not_come_back(
    engine: EngineThread, orders: Orders, tmp_path: Path
) -> None:
    wide = large("c13", 110, userId="eve", timestamp="2026-05-03T12:00:00Z")
    publish(orders, tmp_path, wide, large("c14", 30, userId="eve"))
    dead_letter(engine, put_claim(engine, large("c15", 30, userId="eve", total="much")))
    stored(engine, "c13")
    stored(engine, "c14")
    look = ("replay", "--since", "1h", "--user", "eve", "--to", f"{PREFIX}OrderQueue", "--dry-run", "--json")
    until(lambda: json.loads(orders(*look).output)["chosen"] == 2, "the archive")
    done = orders("erase", "--user", "eve", "--yes", "--json")
    report = json.loads(done.output)
    places = {one["place"]: (one["found"], one["erased"], one["left"]) for one in report["places"]}
    assert places["the claims bucket"] == (4, 4, 0)
    assert places[f"{PREFIX}OrderDLQ"] == (1, 1, 0)
    assert places["the archive"] == (2, 2, 0)
    for key in keys(engine):
        content = client(engine, "s3").get_object(Bucket=BUCKET, Key=key)["Body"].read()
        assert b"eve" not in content, key
    before = keys(engine, "bodies/")
    publish(orders, tmp_path, wide)
    until(lambda: '"erased"' in log_of(engine, "c13"), "the late notification")
    assert keys(engine, "bodies/") == before, "no body is kept of an erased order"


def log_of(engine: EngineThread, order_id: str) -> str:
    events = client(engine, "logs").filter_log_events(
        logGroupName=f"/aws/lambda/{PREFIX}OrderProcessor", filterPattern=f'{{ $.orderId = "{order_id}" }}'
    )["events"]
    return "\n".join(event["message"] for event in events)


def test_the_doctor_examines_the_bucket(engine: EngineThread, orders: Orders) -> None:
    checks = json.loads(orders("doctor", "--no-test-order", "--json").output)["checks"]
    (found,) = [one for one in checks if one["name"] == "claims bucket"]
    assert found["message"] == f"{BUCKET} keeps claims for 90 days"


def test_claims_may_not_be_deleted_before_the_archive(orders: Orders) -> None:
    done = orders("deploy", "--yes", "-p", "ArchiveDays=365")
    assert done.exit_code == 1
    assert "ClaimDays=90 is less than ArchiveDays=365" in done.output


def test_an_object_larger_than_any_order_is_not_read_whole_by_operators(
    engine: EngineThread, orders: Orders, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment(engine).items():
        monkeypatch.setenv(name, value)
    client(engine, "s3").put_object(Bucket=BUCKET, Key="claims/huge", Body=b" " * (2 * CLAIM_BYTES_MAX))
    claims = ClaimBucket(Aws(find_settings(environment(engine))))
    assert len(claims.get("claims/huge") or b"") == CLAIM_BYTES_MAX + 1
    message_id = dead_letter(engine, write_pointer(BUCKET, "claims/huge"))
    assert "PayloadS3Pointer" in orders("dlq", "show", message_id).output


def test_erasing_finds_old_versions_and_passes_delete_markers(engine: EngineThread, orders: Orders) -> None:
    """The last test of this file: the bucket keeps versions from here on."""
    s3 = client(engine, "s3")
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    before = keys(engine)
    put_claim(engine, large("c20", 30, userId="mallory"))
    [key] = keys(engine) - before
    s3.delete_object(Bucket=BUCKET, Key=key)
    done = orders("erase", "--user", "mallory", "--yes", "--json")
    assert done.exit_code == 0, done.output
    places = {one["place"]: (one["found"], one["erased"], one["left"]) for one in json.loads(done.output)["places"]}
    assert places["the claims bucket"] == (1, 1, 0)
    assert s3.list_object_versions(Bucket=BUCKET, Prefix=key).get("Versions", []) == []
