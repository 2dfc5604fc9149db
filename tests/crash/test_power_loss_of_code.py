"""Goal: a power cut around a deploy or an update of code leaves every acknowledged function working.

onebox is killed at a random moment, and what it had written beside the database is damaged as a disk may damage files
that nobody synced: each is whole, cut short, full of zeros or absent.
"""

from __future__ import annotations

import contextlib
import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tests.api.lambda_support import BASIC, invoke, make_function, make_role, zipped
from tests.crash.code_folders import code, damage

ROUNDS = 6
FUNCTIONS = ("a", "b", "c")


@contextmanager
def onebox(folder: Path) -> Iterator[tuple[subprocess.Popen[str], Any]]:
    command = [sys.executable, "-m", "onebox", "serve", "--port", "0", "--data", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().split()[4]

            def client(service: str, **config: Any) -> Any:
                return boto3.client(
                    service,
                    config=Config(retries={"total_max_attempts": 1}, **config),
                    endpoint_url=url,
                    region_name="us-east-1",
                    aws_access_key_id="test",
                    aws_secret_access_key="test",
                )

            yield process, client
        finally:
            process.kill()


def deploy_until_killed(client: Any, name: str, version: int, acknowledged: dict[str, int]) -> None:
    """Update a function again and again; the newest version that was acknowledged stands in ``acknowledged``."""
    with contextlib.suppress(BotoCoreError, ClientError, OSError):
        while True:
            version += 1
            client("lambda").update_function_code(FunctionName=name, ZipFile=zipped(code(version)))
            acknowledged[name] = version
            invoke(client, FunctionName=name)


def test_power_cut_around_deploys_leaves_every_function_working(tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(1_000_000)
    print(f"seed {seed}")
    chance = random.Random(seed)
    acknowledged = dict.fromkeys(FUNCTIONS, 0)
    with onebox(tmp_path) as (process, client):
        role = make_role(client, BASIC)
        for name in FUNCTIONS:
            make_function(client, code(0), FunctionName=name, Role=role)
    damaged = 0
    for _ in range(ROUNDS):
        with onebox(tmp_path) as (process, client), ThreadPoolExecutor(len(FUNCTIONS)) as threads:
            for name in FUNCTIONS:
                answer, _ = invoke(client, FunctionName=name)
                assert isinstance(answer, int), answer
                assert answer >= acknowledged[name]
                threads.submit(deploy_until_killed, client, name, answer, acknowledged)
            threading.Timer(chance.uniform(0.05, 0.6), process.kill).start()
            process.wait()
        damaged += damage(tmp_path / "lambda", chance)
    assert damaged > 0
    with onebox(tmp_path) as (_, client):
        for name in FUNCTIONS:
            assert invoke(client, FunctionName=name)[0] >= acknowledged[name]
