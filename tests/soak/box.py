"""The onebox of a soak: a real process with the deployed system, two neighbours, and parts whose content expires."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from typing import Any

from tests.api.dynamodb_support import create_table
from tests.bench.pipeline import Pipeline, deploy_ours
from tests.crash.kill_under_load import dead_letters
from tests.long_life.growth import children, count_rows, open_files, resident_kib
from tests.neighbours.client import GIVE_UP_S
from tests.peers.servers import Onebox
from tests.soak.samples import Sample, Wait
from tests.stalls.wire import JSON, authorization

EXPIRING_A_SECOND = 10
KEPT_S = 60
"""The shortest retention that SQS offers, and the time to live of the items."""
REMOVED_AFTER_S = 150
"""Within so long what has expired is gone: onebox sweeps each minute."""
_COUNTS = tuple(f"ApproximateNumberOfMessages{part}" for part in ("", "NotVisible", "Delayed"))


class Watch:
    """A neighbour in a process of its own that asks for an item, or writes one, ten times a second."""

    def __init__(self, port: int, kind: str, pid: int) -> None:
        command = [sys.executable, "-m", "tests.neighbours.client", str(port), kind, str(pid), "0.1"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._line()

    def wait(self) -> Wait:
        """Since the last question. Raises RuntimeError where a request of the neighbour was refused."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        waits = json.loads(self._line())
        if waits["refused"]:
            raise RuntimeError(f"{waits['refused']} requests of a neighbour were refused")
        return Wait(waits["p99"], waits["cpu_p99"])

    def end(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"a neighbour ended: it waited {GIVE_UP_S} s for an answer, or its connection was cut")
        return line


class SoakBox:
    """A running onebox with all that a soak needs."""

    def __init__(self, server: Onebox, pipeline: Pipeline) -> None:
        self.server = server
        self.pipeline = pipeline
        self.database = server.folder / "data" / "onebox.db"
        self._sqs, self._dynamodb = pipeline.sqs, pipeline.dynamodb
        self._queue, self._dead_letters = (self._url(name) for name in ("OrderQueue", "OrderDLQ"))
        created = self._sqs.create_queue(QueueName="Passing", Attributes={"MessageRetentionPeriod": str(KEPT_S)})
        self._passing = str(created["QueueUrl"])
        create_table(self._dynamodb, "Expiring", "id:S")
        self._dynamodb.update_time_to_live(
            TableName="Expiring", TimeToLiveSpecification={"Enabled": True, "AttributeName": "until"}
        )
        create_table(self._dynamodb, "neighbour")

    def put_what_expires(self, is_over: threading.Event) -> None:
        """Each second some messages into the queue that nobody reads, and some items with a time to live."""
        number = 0
        while not is_over.wait(1.0):
            entries = [{"Id": str(position), "MessageBody": "x" * 200} for position in range(EXPIRING_A_SECOND)]
            self._sqs.send_message_batch(QueueUrl=self._passing, Entries=entries)
            until = str(int(time.time()) + KEPT_S)
            puts = []
            for _ in range(EXPIRING_A_SECOND):
                number += 1
                puts.append({"PutRequest": {"Item": {"id": {"S": str(number)}, "until": {"N": until}}}})
            self._dynamodb.batch_write_item(RequestItems={"Expiring": puts})

    def stored(self) -> int:
        """Orders in the table."""
        return self._items_of("Orders")

    def waiting(self) -> int:
        """Messages in OrderQueue, whatever they wait for."""
        return self._messages_of(self._queue)

    def dead(self) -> int:
        """Messages in OrderDLQ."""
        return self._messages_of(self._dead_letters)

    def sample(self, at_s: float, published: int, reader: Watch, writer: Watch) -> Sample:
        """What it holds now."""
        pid = self.server.process.pid
        log = self.database.with_name(self.database.name + "-wal")
        return Sample(
            at_s=at_s,
            published=published,
            stored=self.stored(),
            waiting=self.waiting(),
            dead=self.dead(),
            resident_kib=resident_kib(pid),
            files=open_files(pid),
            processes=1 + len(children(pid)),
            database_bytes=self.database.stat().st_size,
            log_bytes=log.stat().st_size if log.exists() else 0,
            reader=reader.wait(),
            writer=writer.wait(),
            passing=self._messages_of(self._passing),
            expiring=self._items_of("Expiring"),
        )

    def items(self) -> Iterator[dict[str, Any]]:
        """All items of Orders as they travel, without an SDK in between."""
        connection = HTTPConnection("127.0.0.1", self.server.port, timeout=120)
        headers = {
            "X-Amz-Target": "DynamoDB_20120810.Scan",
            "Content-Type": JSON,
            "Authorization": authorization("dynamodb"),
        }
        request: dict[str, Any] = {"TableName": "Orders", "ConsistentRead": True}
        while True:
            connection.request("POST", "/", json.dumps(request), headers)
            answer = connection.getresponse()
            content = answer.read()
            if answer.status != 200:
                raise RuntimeError(f"Scan answered {answer.status}: {content[:500]!r}")
            page = json.loads(content)
            yield from page["Items"]
            if "LastEvaluatedKey" not in page:
                connection.close()
                return
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def dead_letter_texts(self) -> Iterator[str]:
        """The messages of OrderDLQ, out of their envelopes."""
        return dead_letters(self.pipeline)

    def rows(self) -> dict[str, int]:
        """The rows of each table of the database."""
        return count_rows(self.database)

    def _url(self, queue: str) -> str:
        return str(self._sqs.get_queue_url(QueueName=queue)["QueueUrl"])

    def _messages_of(self, url: str) -> int:
        attributes = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(_COUNTS))["Attributes"]
        return sum(int(attributes[name]) for name in _COUNTS)

    def _items_of(self, table: str) -> int:
        return int(self._dynamodb.describe_table(TableName=table)["Table"]["ItemCount"])


@contextmanager
def running_soak_box() -> Iterator[SoakBox]:
    """A onebox with the deployed system on an empty data folder, which is deleted afterwards."""
    with Onebox() as server:
        yield SoakBox(server, deploy_ours(server))


@contextmanager
def watching(box: SoakBox) -> Iterator[tuple[Watch, Watch]]:
    """A reading and a writing neighbour."""
    with ExitStack() as stack:
        watches = []
        for kind in ("read", "write"):
            watches.append(Watch(box.server.port, kind, box.server.process.pid))
            stack.callback(watches[-1].end)
        yield watches[0], watches[1]
