"""Goal: a start imports little; a service is loaded when it is asked for, or when it has work from before."""

from __future__ import annotations

import asyncio
import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import apsw
import pytest
from botocore.exceptions import ClientError

from onebox.config import Settings
from onebox.engine import Engine
from onebox.services.catalog import LOADED_WITH
from onebox.services.sqs.service import Sqs
from onebox.storage.migrate import load_scripts, migrate
from onebox.testing import EngineThread
from tests.polling import PATIENCE_S, until

MODULES_MAX = 400
FORBIDDEN = ("boto3", "botocore", "yaml", "jinja2", "rich", "starlette", "samtranslator", "re2", "sqlite3")
TRUST = json.dumps(
    {"Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
)
RIGHTS = json.dumps({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
START_AND_ASK = """
import asyncio, sys, urllib.request
import onebox.cli.main
from onebox.config import Settings
from onebox.engine import Engine

async def run():
    engine = Engine(Settings(port=0))
    await engine.start()
    await engine.resume()
    reader, writer = await asyncio.open_connection("127.0.0.1", engine.port)
    writer.write(b"GET /_onebox/health HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n")
    assert b" 200 " in await reader.readuntil(b"\\r\\n")
    modules = sorted(sys.modules)
    await engine.stop()
    print("\\n".join(modules))

asyncio.run(run())
"""


def test_a_start_imports_no_service_and_little_else() -> None:
    done = subprocess.run([sys.executable, "-c", START_AND_ASK], capture_output=True, text=True, check=True)
    modules = done.stdout.split()
    folders = {"lambda_" if name == "lambda" else name for name in LOADED_WITH}
    services = [name for name in modules if name.startswith(tuple(f"onebox.services.{folder}." for folder in folders))]
    assert {name.split(".")[2] for name in services} == {"iam"}, "who calls is asked of IAM"
    assert not [name for name in services if ".operations." in name]
    assert not [name for name in modules if name.split(".")[0] in FORBIDDEN]
    assert len(modules) <= MODULES_MAX


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder in which a function waits for the messages of a queue; it notes each in ``notes``."""
    notes = tmp_path / "notes"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("code.py", f"def handler(event, context):\n    open({str(notes)!r}, 'a').write('x')\n")
    with EngineThread(tmp_path / "data") as engine:
        sqs, functions, iam = engine.client("sqs"), engine.client("lambda"), engine.client("iam")
        role = iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
        iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=RIGHTS)
        url = sqs.create_queue(QueueName="work")["QueueUrl"]
        functions.create_function(
            FunctionName="f",
            Role=role,
            Runtime="python3.12",
            Handler="code.handler",
            Code={"ZipFile": packed.getvalue()},
        )
        functions.create_event_source_mapping(
            FunctionName="f", EventSourceArn="arn:aws:sqs:us-east-1:000000000000:work"
        )
        sqs.send_message(QueueUrl=url, MessageBody="x", DelaySeconds=2)
    return tmp_path


def test_work_from_before_goes_on_without_a_request(folder: Path) -> None:
    notes = folder / "notes"
    assert not notes.exists()

    async def run() -> None:
        engine = Engine(Settings(port=0, data=folder / "data", stop_grace_ms=0))
        await engine.start()
        await engine.resume()
        while not notes.exists():
            await asyncio.sleep(0.01)
        await engine.stop()

    asyncio.run(asyncio.wait_for(run(), PATIENCE_S))


def test_a_service_is_loaded_at_its_first_request(tmp_path: Path) -> None:
    async def run() -> None:
        engine = Engine(Settings(port=0, data=tmp_path, stop_grace_ms=0))
        await engine.start()
        services = engine._services
        assert services is not None
        await services.load("sqs")
        assert services.find("sqs") is not None
        assert services.find("cloudformation") is None
        await services.load("cloudwatch")  # begun by SQS, whose metrics it stores
        assert services.find("lambda") is not None
        await engine.stop()
        again = Engine(Settings(port=0, data=tmp_path, stop_grace_ms=0))
        await again.start()
        assert again._services is not None
        assert again._services.find("sqs") is None
        await again.resume()
        assert again._services.find("sqs") is not None
        assert again._services.find("cloudwatch") is not None
        assert again._services.find("cloudformation") is None
        await again.stop()

    asyncio.run(run())


def test_many_who_ask_for_the_same_service_share_one_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    starts = []
    real_start = Sqs.start

    async def start(self: Sqs) -> None:
        starts.append(self)
        await real_start(self)

    monkeypatch.setattr(Sqs, "start", start)

    async def run() -> None:
        engine = Engine(Settings(port=0, data=tmp_path, stop_grace_ms=0))
        await engine.start()
        services = engine._services
        assert services is not None
        loaded = await asyncio.gather(*(services.load(name) for name in ("sqs", "sns", "sqs", "cloudwatch", "sqs")))
        assert loaded[0] is loaded[2] is loaded[4]
        await engine.stop()

    asyncio.run(run())
    assert len(starts) == 1


def test_a_service_that_failed_to_start_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(self: Sqs) -> None:
        raise RuntimeError("not yet")

    async def load_nothing(self: Engine) -> None:
        """Leave it to the requests."""

    monkeypatch.setattr(Engine, "load_all", load_nothing)
    with EngineThread() as engine, monkeypatch.context() as patched:
        patched.setattr(Sqs, "start", fail)
        with pytest.raises(ClientError) as refused:
            engine.client("sqs").list_queues()
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
        patched.undo()
        assert engine.client("sqs").create_queue(QueueName="q")["QueueUrl"]
        until(lambda: engine.client("cloudwatch").list_metrics()["Metrics"] is not None, "CloudWatch")


@pytest.mark.parametrize("has_data", [True, False])
def test_a_database_from_before_counts_as_used(has_data: bool) -> None:
    connection = apsw.Connection(":memory:")
    for number, script in sorted(load_scripts().items()):
        if number < 45:
            connection.execute(f"{script}\n;PRAGMA user_version = {number}").fetchall()
    if has_data:
        connection.execute("INSERT INTO storage_start (started_at_ms, version) VALUES (1, '0.1.0')")
    migrate(connection)
    used = {name for (name,) in connection.execute("SELECT name FROM used_service")}
    assert used == ((set(LOADED_WITH) - {"ecr", "iam", "sts", "ssm", "dynamodbstreams"}) if has_data else set())
