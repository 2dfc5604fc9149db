"""Goal: a backup taken while items are written holds every item that was acknowledged before it began, and starts."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import boto3
from click.testing import CliRunner

from onebox.cli.main import main
from onebox.testing import EngineThread
from tests.polling import PATIENCE_S

WRITERS = 2
BACKUPS = 3
ITEMS_BEFORE_A_BACKUP = 60


class Writer(threading.Thread):
    """Writes items one after another and notes each that was acknowledged."""

    def __init__(self, number: int, endpoint_url: str) -> None:
        super().__init__(daemon=True)
        self.number = number
        self.acknowledged: list[str] = []
        self.stopping = threading.Event()
        self.table = _client(endpoint_url)
        self.grown = threading.Condition()

    def run(self) -> None:
        while not self.stopping.is_set():
            key = f"{self.number}-{len(self.acknowledged)}"
            self.table.put_item(TableName="Items", Item={"key": {"S": key}, "filler": {"S": "x" * 2_000}})
            with self.grown:
                self.acknowledged.append(key)
                self.grown.notify_all()

    def wait_for(self, count: int) -> None:
        with self.grown:
            assert self.grown.wait_for(lambda: len(self.acknowledged) >= count, timeout=PATIENCE_S)


def _client(endpoint_url: str) -> Any:
    return boto3.client(
        "dynamodb",
        endpoint_url=endpoint_url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def _command(*arguments: str) -> str:
    result = CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_backup_under_load_restores_to_everything_acknowledged_before_it(tmp_path: Path) -> None:
    data = tmp_path / "data"
    promised: list[set[str]] = []
    with EngineThread(data) as engine:
        _client(engine.endpoint_url).create_table(
            TableName="Items",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
        )
        writers = [Writer(number, engine.endpoint_url) for number in range(WRITERS)]
        for writer in writers:
            writer.start()
        for number in range(BACKUPS):
            for writer in writers:
                writer.wait_for((number + 1) * ITEMS_BEFORE_A_BACKUP)
            promised.append({key for writer in writers for key in list(writer.acknowledged)})
            _command("backup", str(tmp_path / f"{number}.db"), "--data", str(data))
        for writer in writers:
            writer.stopping.set()
            writer.join(timeout=PATIENCE_S)
    for number, keys in enumerate(promised):
        restored = tmp_path / f"restored-{number}"
        assert "nothing wrong" in _command("check", str(tmp_path / f"{number}.db"))
        _command("restore", str(tmp_path / f"{number}.db"), "--data", str(restored))
        with EngineThread(restored) as engine:
            pages = _client(engine.endpoint_url).get_paginator("scan").paginate(TableName="Items")
            found = {item["key"]["S"] for page in pages for item in page["Items"]}
        assert keys <= found, f"backup {number} lacks {len(keys - found)} acknowledged items"


def test_restore_keeps_the_former_database_and_refuses_damage(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with EngineThread(data):
        _command("backup", str(tmp_path / "good.db"), "--data", str(data))
    refused = CliRunner().invoke(main, ["restore", str(tmp_path / "good.db"), "--data", str(data)])
    assert (refused.exit_code, "--replace" in refused.output) == (1, True)
    former = (data / "onebox.db").read_bytes()
    _command("restore", str(tmp_path / "good.db"), "--data", str(data), "--replace")
    (kept,) = data.glob("onebox.db.before-restore-?????????????")
    assert kept.read_bytes() == former
    damaged = bytearray((tmp_path / "good.db").read_bytes())
    damaged[len(damaged) // 2] ^= 1
    (tmp_path / "bad.db").write_bytes(damaged)
    result = CliRunner().invoke(main, ["restore", str(tmp_path / "bad.db"), "--data", str(data), "--replace"])
    assert result.exit_code == 1
    assert "is damaged" in result.output
    result = CliRunner().invoke(main, ["check", str(tmp_path / "bad.db")])
    assert (result.exit_code, "do not match their checksum" in result.output) == (1, True)


def test_compact_shrinks_the_file_and_keeps_the_folder_for_itself(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with EngineThread(data) as engine:
        taken = CliRunner().invoke(main, ["compact", "--data", str(data)])
        assert (taken.exit_code, "uses the data folder" in taken.output) == (1, True)
        client = boto3.client(
            "s3",
            endpoint_url=engine.endpoint_url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        client.create_bucket(Bucket="large")
        client.put_object(Bucket="large", Key="one", Body=bytes(4_000_000))
        client.delete_object(Bucket="large", Key="one")
    before = (data / "onebox.db").stat().st_size
    assert "compacted" in _command("compact", "--data", str(data))
    assert (data / "onebox.db").stat().st_size < before - 3_000_000
