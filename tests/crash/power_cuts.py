"""``make power-cuts``: cut the power at random moments around deploys and load; nothing acknowledged is lost.

onebox runs on a recording disk while clients deploy a stack, update code, and write items and messages.
A ledger notes for each acknowledged change how far the journal was at the time. Then, for each cut, the whole data
folder is made as a disk may hold it when the power went at that moment: the database, its log and its mark from the
journal, with any subset of the sectors that were not synced; every other file whole, cut short, full of zeros or
absent, because none of them is promised to be synced. onebox starts on it, everything acknowledged must be there
and every function must work. ``--seed`` repeats the random choices. ``--sync-ms`` is how long a sync of the log takes:
with the default of 3 onebox syncs beside its event loop, with 0 on it, unless the machine's own disk is slow.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from onebox.testing import EngineThread
from tests.api.dynamodb_support import create_table
from tests.api.lambda_support import BASIC, RUNTIME, invoke, make_function, make_role, zipped
from tests.crash.code_folders import code, damage
from tests.crash.disk import Entry, files_after_power_cut
from tests.crash.recorded_onebox import JournalReader, read_journal

FUNCTIONS = ("a", "b")
STACK_FUNCTION = "of-the-stack"
CODE_UPDATES = 15
STACK_UPDATES = 4
WRITES = 250
SYNC_MS = 3.0
BUCKET = "code"

Client = Callable[..., Any]


@dataclass
class Ledger:
    """What was acknowledged, each with the length of the journal at the time."""

    versions: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    """By function: journal length and version of its code."""
    items: dict[str, int] = field(default_factory=dict)
    sent: dict[str, int] = field(default_factory=dict)
    deleted: dict[str, int] = field(default_factory=dict)

    def version(self, function: str, moment: int) -> int | None:
        """The newest version of a function that was acknowledged by then."""
        return max((version for at, version in self.versions.get(function, []) if at <= moment), default=None)


class Load:
    """The clients, each on a thread of its own."""

    def __init__(self, client: Client, journal: JournalReader) -> None:
        self._client = client
        self._journal = journal
        self.ledger = Ledger()
        self.queue_url = ""

    def prepare(self) -> None:
        """Make what the load works on."""
        client = self._client
        role = make_role(client, BASIC)
        for name in FUNCTIONS:
            make_function(client, code(0), FunctionName=name, Role=role)
            self._note(name, 0)
        create_table(client("dynamodb"), "Orders")
        self.queue_url = client("sqs").create_queue(QueueName="q", Attributes={"VisibilityTimeout": "0"})["QueueUrl"]
        client("s3").create_bucket(Bucket=BUCKET)

    def run(self) -> None:
        """All of it, side by side."""
        jobs = [self.write_items, self.send_and_delete, self.deploy_stack]
        with ThreadPoolExecutor(len(jobs) + len(FUNCTIONS)) as threads:
            running = [threads.submit(job) for job in jobs]
            running += [threads.submit(self.update_code, name) for name in FUNCTIONS]
            for job in running:
                job.result()

    def update_code(self, name: str) -> None:
        """New code again and again, called after each update."""
        for version in range(1, CODE_UPDATES + 1):
            self._client("lambda").update_function_code(FunctionName=name, ZipFile=zipped(code(version)))
            self._note(name, version)
            assert invoke(self._client, FunctionName=name)[0] == version

    def deploy_stack(self) -> None:
        """A stack with a function, created and updated to newer code."""
        cloudformation, s3 = self._client("cloudformation"), self._client("s3")
        for version in range(1, STACK_UPDATES + 1):
            s3.put_object(Bucket=BUCKET, Key=f"{version}.zip", Body=zipped(code(version)))
            change = cloudformation.create_stack if version == 1 else cloudformation.update_stack
            change(StackName="s", TemplateBody=_template(version), Capabilities=["CAPABILITY_NAMED_IAM"])
            waiter = cloudformation.get_waiter("stack_create_complete" if version == 1 else "stack_update_complete")
            waiter.wait(StackName="s", WaiterConfig={"Delay": 1})
            self._note(STACK_FUNCTION, version)

    def write_items(self) -> None:
        """Items, one after the other."""
        dynamodb = self._client("dynamodb")
        for number in range(WRITES):
            name = f"item-{number}"
            dynamodb.put_item(
                TableName="Orders", Item={"orderId": {"S": name}, "text": {"S": "x" * (number * 7 % 900)}}
            )
            self.ledger.items[name] = self._journal.count()

    def send_and_delete(self) -> None:
        """Messages, every second of which is received and deleted."""
        sqs = self._client("sqs")
        for number in range(WRITES):
            sqs.send_message(QueueUrl=self.queue_url, MessageBody=f"message-{number}")
            self.ledger.sent[f"message-{number}"] = self._journal.count()
            if number % 2:
                (message,) = sqs.receive_message(QueueUrl=self.queue_url)["Messages"]
                sqs.delete_message(QueueUrl=self.queue_url, ReceiptHandle=message["ReceiptHandle"])
                self.ledger.deleted[message["Body"]] = self._journal.count()

    def _note(self, function: str, version: int) -> None:
        self.ledger.versions.setdefault(function, []).append((self._journal.count(), version))


@dataclass
class Recording:
    """A run on the recording disk: its journal, the other files it left, its ledger."""

    journal: list[Entry]
    first_moment: int
    data: Path
    ledger: Ledger


def record(folder: Path, sync_ms: float) -> Recording:
    """Run the load on the recording disk; killed at its end."""
    data, path = folder / "data", folder / "journal"
    with _onebox(data, path, sync_ms) as client:
        load = Load(client, JournalReader(path))
        load.prepare()
        first_moment = JournalReader(path).count()
        load.run()
    return Recording(list(read_journal(path)), first_moment, data, load.ledger)


def cut(recording: Recording, moment: int, folder: Path, chance: random.Random) -> int:
    """Cut the power at a moment and check what onebox makes of the folder; how many facts were checked."""
    folder.mkdir()
    for name, content in files_after_power_cut(recording.journal, moment, chance).items():
        (folder / name).write_bytes(content)
    shutil.copytree(recording.data / "lambda", folder / "lambda", symlinks=True)
    damage(folder / "lambda", chance)
    with EngineThread(folder) as engine:
        return _check(engine, recording.ledger, moment)


def run(seed: int, cuts: int, sync_ms: float = SYNC_MS, say: Callable[[str], object] = print) -> dict[str, int]:
    """One whole run; raises AssertionError where onebox broke its word."""
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="power-cuts-") as name:
        folder = Path(name)
        recording = record(folder, sync_ms)
        length = len(recording.journal)
        say(f"seed {seed}: {length:,} writes and syncs recorded, {cuts} power cuts")
        facts = 0
        for number in range(cuts):
            moment = chance.randrange(recording.first_moment, length + 1)
            try:
                facts += cut(recording, moment, folder / f"cut-{number}", chance)
            except Exception as error:
                error.args = (f"cut {number} at {moment} of {length}, seed {seed}: {error}", *error.args[1:])
                raise
            shutil.rmtree(folder / f"cut-{number}", ignore_errors=True)
    result = {"cuts": cuts, "recorded": length, "facts": facts}
    say(f"{cuts} power cuts: nothing of {facts:,} acknowledged facts lost, every function worked")
    return result


def _check(engine: EngineThread, ledger: Ledger, moment: int) -> int:
    versions = {name: version for name in ledger.versions if (version := ledger.version(name, moment)) is not None}
    with ThreadPoolExecutor(len(versions)) as threads:
        answers = dict(
            zip(versions, threads.map(lambda n: invoke(engine.client, FunctionName=n)[0], versions), strict=True)
        )
    wrong = {name: answers[name] for name, version in versions.items() if not _is_at_least(answers[name], version)}
    assert not wrong, f"functions answer {wrong}, acknowledged were {versions}"
    items = {name for name, at in ledger.items.items() if at <= moment}
    pages = engine.client("dynamodb").get_paginator("scan").paginate(TableName="Orders")
    stored = {item["orderId"]["S"] for page in pages for item in page["Items"]}
    assert items <= stored, f"items are lost: {sorted(items - stored)[:5]}"
    sent = {body for body, at in ledger.sent.items() if at <= moment}
    deleted = {body for body, at in ledger.deleted.items() if at <= moment}
    # A message is deleted some time before its deletion is acknowledged.
    may_be_deleted = set(ledger.deleted) - deleted
    there = set(_drain(engine))
    assert sent - deleted - may_be_deleted <= there, "messages are lost"
    assert not deleted & there, "deleted messages came back"
    return len(versions) + len(items) + len(sent) + len(deleted)


def _is_at_least(answer: Any, version: int) -> bool:
    return isinstance(answer, int) and answer >= version


def _drain(engine: EngineThread) -> Iterator[str]:
    sqs = engine.client("sqs")
    url = sqs.get_queue_url(QueueName="q")["QueueUrl"]
    while True:
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=600).get("Messages", [])
        if not messages:
            return
        yield from (message["Body"] for message in messages)


def _template(version: int) -> str:
    return f"""
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      RoleName: stack-role
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement: [{{Effect: Allow, Principal: {{Service: lambda.amazonaws.com}}, Action: "sts:AssumeRole"}}]
      ManagedPolicyArns: ["{BASIC}"]
  Function:
    Type: AWS::Lambda::Function
    Properties:
      FunctionName: {STACK_FUNCTION}
      Runtime: {RUNTIME}
      Handler: app.handler
      Timeout: 30
      Role: !GetAtt Role.Arn
      Code: {{S3Bucket: {BUCKET}, S3Key: {version}.zip}}
"""


@contextmanager
def _onebox(data: Path, journal: Path, sync_ms: float) -> Iterator[Client]:
    command = [sys.executable, "-m", "tests.crash.recorded_onebox", str(data), str(journal), str(sync_ms)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().split()[4]
            lock = threading.Lock()

            def client(service: str, **config: Any) -> Any:
                with lock:  # botocore makes clients on one thread at a time only
                    return boto3.client(
                        service,
                        config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}, **config),
                        endpoint_url=url,
                        region_name="us-east-1",
                        aws_access_key_id="test",
                        aws_secret_access_key="test",
                    )

            yield client
        finally:
            process.kill()


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cuts", type=int, default=200)
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(3), "big"))
    parser.add_argument("--sync-ms", type=float, default=SYNC_MS)
    arguments = parser.parse_args()
    run(arguments.seed, arguments.cuts, arguments.sync_ms)


if __name__ == "__main__":
    main()
