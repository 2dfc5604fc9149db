"""Goal: lifecycle rules delete what is due, at the midnight AWS would, and nothing else; also after a restart."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from onebox.errors import StorageFault
from onebox.ids import RandomIds
from onebox.runtime.metrics import MetricBuffer
from onebox.services.context import Deps, Principal, RequestContext, Wire
from onebox.services.registry import BoundOperation, BoundWaitingOperation
from onebox.services.s3.background import lifecycle_walk
from onebox.services.s3.destinations import Destinations
from onebox.services.s3.lifecycle import DAY_MS, Filter, LifecycleRule, due_at_ms, is_current_due
from onebox.services.s3.model import StoredObject, new_version
from onebox.services.s3.service import S3
from onebox.services.sqs.model import Delivery
from onebox.storage.database import Storage
from onebox.storage.faults import DatabaseBusy
from onebox.storage.migrate import migrate
from onebox.storage.opening import open_connection
from onebox.testing import ManualClock

DAY_S = DAY_MS // 1000
ACCOUNT = "111122223333"


class Bench:
    """S3 alone on a clock moved by hand, with a bucket."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        connection = open_connection(None)
        migrate(connection)
        self.storage = Storage(connection, lambda _: None)
        deps = Deps(self.storage, self.clock, RandomIds(7), MetricBuffer(), logging.getLogger("test"))
        self.told: list[tuple[str, Any]] = []
        self.s3 = S3(deps, self.load_destinations)

    async def load_destinations(self) -> Destinations:
        """A queue service that takes whatever comes."""
        return Destinations(self, self, self)  # type: ignore[arg-type]

    def deliver(self, _context: RequestContext, queue_arn: str, delivery: Delivery, **_: str) -> None:
        self.told.append((queue_arn, orjson.loads(delivery.body)))

    async def call(self, operation: str, **request: Any) -> Wire:
        principal = Principal(ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT)
        context = RequestContext(ACCOUNT, "us-east-1", principal, self.clock.now_ms(), "r", "http://localhost")
        entry = self.s3.operations[operation]
        call = {"Bucket": "bucket", **request}
        if isinstance(entry, BoundWaitingOperation):
            return await entry.run(context, call)
        assert isinstance(entry, BoundOperation)
        run = entry.run
        return await self.storage.write(lambda: run(context, call))

    async def begin(self, **rule: Any) -> None:
        await self.call("CreateBucket")
        rules = {"Rules": [{"Status": "Enabled", "Filter": {"Prefix": "log/"}, **rule}]}
        await self.call("PutBucketLifecycleConfiguration", LifecycleConfiguration=rules)
        await self.s3.start()

    async def notify(self, *events: str) -> None:
        """Have a queue told of these events."""
        queue = {"QueueArn": "arn:aws:sqs:us-east-1:1:q", "Events": list(events)}
        await self.call(
            "PutBucketNotificationConfiguration",
            NotificationConfiguration={"QueueConfigurations": [queue]},
            SkipDestinationValidation=True,
        )

    async def keys(self) -> list[str]:
        return [item["Key"] for item in (await self.call("ListObjectsV2"))["Contents"]]


def test_expiration_deletes_at_midnight_after_its_days() -> None:
    async def scenario() -> None:
        bench = Bench()
        await bench.begin(Expiration={"Days": 2})
        await bench.clock.advance(3600)
        for key in ("log/1", "other"):
            await bench.call("PutObject", Key=key, Body=b"x")

        await bench.clock.advance(3 * DAY_S - 3601)
        assert await bench.keys() == ["log/1", "other"]
        await bench.clock.advance(1)
        assert await bench.keys() == ["other"]

    asyncio.run(scenario())


def test_expiration_after_a_restart_does_what_became_due() -> None:
    async def scenario() -> None:
        bench = Bench()
        await bench.begin(Expiration={"Days": 1})
        await bench.call("PutObject", Key="log/1")
        await bench.s3.stop()
        await bench.clock.advance(5 * DAY_S)
        assert await bench.keys() == ["log/1"]

        await bench.s3.start()
        await bench.clock.advance(0)

        assert await bench.keys() == []

    asyncio.run(scenario())


def test_expiration_walks_through_more_than_one_piece() -> None:
    async def scenario() -> None:
        bench = Bench()
        await bench.begin(Expiration={"Days": 1})
        for number in range(450):
            await bench.call("PutObject", Key=f"log/{number:03}")

        await bench.clock.advance(2 * DAY_S)

        assert await bench.keys() == []

    asyncio.run(scenario())


def test_rules_that_are_deleted_amid_the_walk_delete_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        bench = Bench()
        judged = []

        def judge(*arguments: Any) -> bool:
            judged.append(1)
            bench.s3._core.buckets.delete_setting("bucket", "lifecycle")
            return is_current_due(*arguments)

        await bench.begin(Expiration={"Days": 1})
        for number in range(450):
            await bench.call("PutObject", Key=f"log/{number:03}")
        monkeypatch.setattr(lifecycle_walk, "is_current_due", judge)
        await bench.clock.advance(2 * DAY_S)

        assert len(judged) == 200, "the piece in which they were deleted"
        assert await bench.keys() == [f"log/{number:03}" for number in range(200, 450)]

    asyncio.run(scenario())


def test_noncurrent_expiration_deletes_earlier_versions_alone() -> None:
    async def scenario() -> None:
        bench = Bench()
        await bench.begin(NoncurrentVersionExpiration={"NoncurrentDays": 1})
        await bench.call("PutBucketVersioning", VersioningConfiguration={"Status": "Enabled"})
        await bench.call("PutObject", Key="log/1", Body=b"1")
        latest = await bench.call("PutObject", Key="log/1", Body=b"2")

        await bench.clock.advance(3 * DAY_S)

        versions = (await bench.call("ListObjectVersions"))["Versions"]
        assert [version["VersionId"] for version in versions] == [latest["VersionId"]]
        assert (await bench.call("GetObject", Key="log/1"))["Body"] == b"2"

    asyncio.run(scenario())


@pytest.mark.parametrize("versioning", ["", "Enabled"])
def test_expiration_is_told_as_what_lifecycle_did(versioning: str) -> None:
    async def scenario() -> None:
        bench = Bench()
        await bench.begin(Expiration={"Days": 1})
        if versioning:
            await bench.call("PutBucketVersioning", VersioningConfiguration={"Status": versioning})
        await bench.notify("s3:LifecycleExpiration:*", "s3:ObjectRemoved:*")
        await bench.call("PutObject", Key="log/1")

        await bench.clock.advance(2 * DAY_S)

        ((_, message),) = bench.told
        (record,) = message["Records"]
        outcome = "DeleteMarkerCreated" if versioning else "Delete"
        assert record["eventName"] == f"LifecycleExpiration:{outcome}"
        assert record["eventVersion"] == "2.3"
        assert record["userIdentity"] == {"principalId": "s3.amazonaws.com"}
        assert record["requestParameters"] == {"sourceIPAddress": "s3.amazonaws.com"}
        assert ("versionId" in record["s3"]["object"]) == bool(versioning)

    asyncio.run(scenario())


@pytest.mark.parametrize("broken", ["parse_rules", "a bucket's piece"])
def test_walk_survives_an_error_and_goes_on_the_next_day(broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        bench = Bench()
        failures = []

        def fail(*_: object) -> Any:
            failures.append(1)
            raise RuntimeError("tried on purpose")

        if broken == "parse_rules":
            monkeypatch.setattr(lifecycle_walk, "parse_rules", fail)
        else:
            monkeypatch.setattr(lifecycle_walk, "is_current_due", fail)
        await bench.begin(Expiration={"Days": 1})
        await bench.call("PutObject", Key="log/1")
        await bench.clock.advance(1.5 * DAY_S)
        assert failures
        assert await bench.keys() == ["log/1"]

        monkeypatch.undo()
        await bench.clock.advance(DAY_S)

        assert await bench.keys() == []

    asyncio.run(scenario())


@pytest.mark.parametrize("failure", [RuntimeError("tried on purpose"), StorageFault("no disk")])
def test_failed_expiration_leaves_the_removal_of_uploads_to_the_same_night(
    failure: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        bench = Bench()

        def fail(*_: object) -> Any:
            raise failure

        monkeypatch.setattr(lifecycle_walk, "is_current_due", fail)
        await bench.begin(Expiration={"Days": 1}, AbortIncompleteMultipartUpload={"DaysAfterInitiation": 1})
        await bench.call("PutObject", Key="log/1")
        await bench.call("CreateMultipartUpload", Key="log/2")

        await bench.clock.advance(2 * DAY_S)

        assert await bench.keys() == ["log/1"]
        uploads = (await bench.call("ListMultipartUploads"))["Uploads"]
        assert len(uploads) == isinstance(failure, StorageFault)

    asyncio.run(scenario())


def test_walk_waits_for_another_program_s_lock(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario() -> None:
        bench = Bench()
        when_free, refusals = bench.storage.when_free, [DatabaseBusy()] * 5

        async def refuse(job: Callable[[], Any]) -> Any:
            if refusals:
                raise refusals.pop()
            return await when_free(job)

        await bench.begin(Expiration={"Days": 1})
        for number in range(450):
            await bench.call("PutObject", Key=f"log/{number:03}")
        await bench.clock.advance(1.5 * DAY_S)
        monkeypatch.setattr(bench.storage, "when_free", refuse)
        await bench.clock.advance(0.6 * DAY_S)

        monkeypatch.undo()
        assert (refusals, await bench.keys(), caplog.records) == ([], [], [])

    asyncio.run(scenario())


def test_delivery_of_events_waits_for_another_program_s_lock(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario() -> None:
        bench = Bench()
        await bench.begin(Expiration={"Days": 1})
        await bench.notify("s3:ObjectCreated:*")
        when_free, refusals = bench.storage.when_free, [DatabaseBusy()] * 3

        async def refuse(job: Callable[[], Any]) -> Any:
            if "_deliver_one" in repr(job) and refusals:
                raise refusals.pop()
            return await when_free(job)

        monkeypatch.setattr(bench.storage, "when_free", refuse)
        for key in ("1", "2"):
            await bench.call("PutObject", Key=key)
        await bench.clock.advance(0)

        keys = [message["Records"][0]["s3"]["object"]["key"] for _, message in bench.told]
        assert (refusals, keys, caplog.records) == ([], ["1", "2"], [])

    asyncio.run(scenario())


@pytest.mark.parametrize("broken", ["parse_rules", "is_current_due", "is_upload_due"])
def test_walk_ends_quietly_when_the_disk_fails(
    broken: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario() -> None:
        bench = Bench()
        failures = []

        def fail(*_: object) -> Any:
            failures.append(1)
            raise StorageFault("no disk")

        monkeypatch.setattr(lifecycle_walk, broken, fail)
        await bench.begin(Expiration={"Days": 1})
        await bench.call("PutObject", Key="log/1")
        await bench.call("CreateMultipartUpload", Key="log/1")
        for _ in range(3):
            await bench.clock.advance(DAY_S)
        await bench.s3.stop()

        assert (len(failures), caplog.records) == (1, [])

    asyncio.run(scenario())


def test_delivery_of_events_ends_quietly_when_the_disk_fails(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario() -> None:
        bench = Bench()
        await bench.begin(Expiration={"Days": 1})
        await bench.notify("s3:ObjectCreated:*")
        failures = []

        def fail(*_: object, **__: object) -> None:
            failures.append(1)
            raise StorageFault("no disk")

        monkeypatch.setattr(bench, "deliver", fail)
        for key in ("1", "2"):
            await bench.call("PutObject", Key=key)
            await bench.clock.advance(3600)

        assert (len(failures), caplog.records) == (1, [])

    asyncio.run(scenario())


def test_bytes_of_a_large_object_are_deleted_in_pieces_also_after_a_restart() -> None:
    async def scenario() -> None:
        bench = Bench()
        await bench.call("CreateBucket")
        await bench.s3.start()
        for key in ("1", "2"):
            await bench.call("PutObject", Key=key, Body=b"x" * 10_000_000)
        await bench.call("DeleteObject", Key="1")
        await bench.clock.advance(0)
        assert bench.storage.first("SELECT count(*), count(DISTINCT content_id) FROM s3_chunk") == (39, 1)

        await bench.s3.stop()
        await bench.call("DeleteObject", Key="2")
        bench.storage.run(lambda: bench.s3._core.contents.insert(b"of a write that never came"))
        assert bench.storage.first("SELECT count(*) FROM s3_chunk") == (40,)
        await bench.s3.start()
        await bench.clock.advance(0)

        assert bench.storage.first("SELECT count(*) FROM s3_content") == (0,)

    asyncio.run(scenario())


def test_forgotten_upload_is_discarded_with_its_bytes() -> None:
    async def scenario() -> None:
        bench = Bench()
        await bench.begin(AbortIncompleteMultipartUpload={"DaysAfterInitiation": 1})
        upload = (await bench.call("CreateMultipartUpload", Key="log/1"))["UploadId"]
        await bench.call("UploadPart", Key="log/1", UploadId=upload, PartNumber=1, Body=b"x" * 600_000)

        await bench.clock.advance(2 * DAY_S)

        assert (await bench.call("ListMultipartUploads"))["Uploads"] == []
        assert bench.storage.first("SELECT count(*) FROM s3_chunk") == (0,)

    asyncio.run(scenario())


def test_forgotten_upload_behind_a_thousand_others_is_discarded() -> None:
    async def scenario() -> None:
        bench = Bench()
        await bench.begin(AbortIncompleteMultipartUpload={"DaysAfterInitiation": 1})
        for number in range(1_001):
            await bench.call("CreateMultipartUpload", Key=f"kept/{number:04}")
        await bench.call("CreateMultipartUpload", Key="log/1")

        await bench.clock.advance(2 * DAY_S)

        assert bench.storage.all("SELECT count(*), max(key) FROM s3_upload") == [(1_001, "kept/1000")]

    asyncio.run(scenario())


def test_forgotten_uploads_with_many_parts_are_discarded_in_several_commits(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        bench = Bench()
        await bench.begin(AbortIncompleteMultipartUpload={"DaysAfterInitiation": 1})
        for key in ("log/1", "log/2", "log/3"):
            upload = (await bench.call("CreateMultipartUpload", Key=key))["UploadId"]
            for number in range(150):
                await bench.call("UploadPart", Key=key, UploadId=upload, PartNumber=number + 1, Body=b"x")
        left = []
        run = bench.storage.run

        def watched(job: Callable[[], Any], of: str | None = None) -> Any:
            answer = run(job, of)
            left.append(bench.storage.all("SELECT count(*) FROM s3_part")[0][0])
            return answer

        monkeypatch.setattr(bench.storage, "run", watched)
        await bench.clock.advance(2 * DAY_S)

        assert sorted(set(left), reverse=True) == [450, 150, 0]

    asyncio.run(scenario())


@pytest.mark.parametrize(("since_s", "days", "due_s"), [(0, 1, DAY_S), (1, 1, 2 * DAY_S), (DAY_S - 1, 2, 3 * DAY_S)])
def test_due_at_ms_is_the_midnight_after(since_s: int, days: int, due_s: int) -> None:
    assert due_at_ms(since_s * 1000, days) == due_s * 1000


def test_expiration_by_date_is_due_then_and_for_its_prefix() -> None:
    rules = [LifecycleRule(Filter("log/"), expire_at_ms=5 * DAY_MS)]

    assert is_current_due(rules, an_object("log/1"), 5 * DAY_MS)
    assert not is_current_due(rules, an_object("log/1"), 5 * DAY_MS - 1)
    assert not is_current_due(rules, an_object("other"), 9 * DAY_MS)


@pytest.mark.parametrize(
    ("given", "expired"),
    [
        ({"Tag": {"Key": "keep", "Value": "no"}}, ["log/tagged"]),
        ({"ObjectSizeGreaterThan": 10}, ["log/large"]),
        ({"ObjectSizeLessThan": 11}, ["log/small", "log/tagged", "other"]),
        (
            {"And": {"Prefix": "log/", "ObjectSizeGreaterThan": 0, "ObjectSizeLessThan": 11}},
            ["log/small", "log/tagged"],
        ),
        ({"And": {"Prefix": "log/", "Tags": [{"Key": "keep", "Value": "no"}]}}, ["log/tagged"]),
        ({}, ["log/large", "log/small", "log/tagged", "other"]),
    ],
)
def test_filter_decides_what_expires(given: dict[str, Any], expired: list[str]) -> None:
    async def scenario() -> None:
        bench = Bench()
        await bench.begin(Expiration={"Days": 1}, Filter=given)
        for key, size in (("log/large", 11), ("log/small", 10), ("other", 10)):
            await bench.call("PutObject", Key=key, Body=b"x" * size)
        await bench.call("PutObject", Key="log/tagged", Body=b"x", Tagging="keep=no&a=b")
        before = await bench.keys()

        await bench.clock.advance(2 * DAY_S)

        assert sorted(set(before) - set(await bench.keys())) == expired

    asyncio.run(scenario())


def test_newer_noncurrent_versions_are_kept() -> None:
    async def scenario() -> None:
        bench = Bench()
        await bench.begin(NoncurrentVersionExpiration={"NoncurrentDays": 1, "NewerNoncurrentVersions": 2})
        await bench.call("PutBucketVersioning", VersioningConfiguration={"Status": "Enabled"})
        written = [(await bench.call("PutObject", Key="log/1"))["VersionId"] for _ in range(6)]

        await bench.clock.advance(3 * DAY_S)

        versions = (await bench.call("ListObjectVersions"))["Versions"]
        assert [version["VersionId"] for version in versions] == written[:2:-1]

    asyncio.run(scenario())


@pytest.mark.parametrize("expiration", [{"ExpiredObjectDeleteMarker": True}, {"Days": 1}])
def test_delete_marker_that_stands_alone_is_removed(expiration: dict[str, Any]) -> None:
    async def scenario() -> None:
        bench = Bench()
        await bench.begin(Expiration=expiration)
        await bench.call("PutBucketVersioning", VersioningConfiguration={"Status": "Enabled"})
        for key in ("log/alone", "log/covers"):
            version = await bench.call("PutObject", Key=key)
            await bench.call("DeleteObject", Key=key)
            if key == "log/alone":
                await bench.call("DeleteObject", Key=key, VersionId=version["VersionId"])

        await bench.clock.advance(3 * DAY_S)

        markers = (await bench.call("ListObjectVersions"))["DeleteMarkers"]
        assert [marker["Key"] for marker in markers] == ["log/covers"]

    asyncio.run(scenario())


def an_object(key: str) -> StoredObject:
    return new_version("b", key, size_bytes=1, etag="", now_ms=0, headers={}, checksums={}, tags={})
