"""Goal: Celery and Powertools for AWS Lambda work on onebox, unchanged."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest

from onebox.testing import EngineThread
from tests.clients.python_tools import environment_of
from tests.polling import PATIENCE_S, until
from tests.programs import place_of, run_program

HERE = Path(__file__).parent
pytestmark = pytest.mark.slow


def test_celery_stores_every_task_once_and_retries(tmp_path: Path) -> None:
    programs = environment_of("celery")
    shutil.copy(HERE / "python" / "shop.py", tmp_path)
    (tmp_path / "stored").mkdir()
    with EngineThread() as engine:
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
            **place_of(engine.endpoint_url),
            "STORED": str(tmp_path / "stored"),
        }
        command = [str(programs / "celery"), "-A", "shop", "worker", "-c", "2", "-l", "INFO"]
        with (tmp_path / "worker.log").open("w") as log:
            worker = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=log, stderr=log)
            try:
                python = str(programs / "python")
                done = run_program(python, "shop.py", "12", folder=tmp_path, environment=environment)
            finally:
                worker.terminate()
                worker.wait(PATIENCE_S)
        told = done.stdout + done.stderr + (tmp_path / "worker.log").read_text()
        expected = [(number, 1 if number % 3 == 0 else 0) for number in range(12)]
        assert done.stdout.strip() == str(expected), told
        (url,) = engine.client("sqs").list_queues(QueueNamePrefix="shop-celery")["QueueUrls"]
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        left = engine.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        assert set(left.values()) == {"0"}


def package(programs: Path) -> bytes:
    """The handler with the library beside it, as a deployment package has it."""
    libraries = next((programs.parent / "lib").glob("python*/site-packages"))
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(HERE / "python" / "powertools_handler.py", "powertools_handler.py")
        for name in ("aws_lambda_powertools", "jmespath"):
            for path in sorted((libraries / name).rglob("*.py")):
                archive.write(path, path.relative_to(libraries))
        archive.write(libraries / "typing_extensions.py", "typing_extensions.py")
    return content.getvalue()


def test_powertools_batch_idempotency_logger_metrics() -> None:
    code = package(environment_of("powertools"))
    with EngineThread() as engine:
        iam, functions, table = engine.client("iam"), engine.client("lambda"), engine.client("dynamodb")
        trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        role = iam.create_role(RoleName="R", AssumeRolePolicyDocument=document)["Role"]["Arn"]
        for policy in ("service-role/AWSLambdaBasicExecutionRole", "AmazonDynamoDBFullAccess"):
            iam.attach_role_policy(RoleName="R", PolicyArn=f"arn:aws:iam::aws:policy/{policy}")
        table.create_table(
            TableName="Idempotency",
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
        functions.create_function(
            FunctionName="Processor",
            Runtime="python3.13",
            Role=role,
            Handler="powertools_handler.handler",
            Timeout=60,
            MemorySize=512,
            Code={"ZipFile": code},
            Environment={"Variables": {"IDEMPOTENCY": "Idempotency"}},
        )
        functions.get_waiter("function_active_v2").wait(FunctionName="Processor")
        bodies = ['{"orderId": "1"}', "no JSON", '{"orderId": "1"}']
        records = [
            {"messageId": f"m{number}", "body": body, "eventSource": "aws:sqs", "attributes": {}}
            for number, body in enumerate(bodies)
        ]
        answer = functions.invoke(FunctionName="Processor", Payload=json.dumps({"Records": records}))
        payload = json.loads(answer["Payload"].read())
        assert payload == {"batchItemFailures": [{"itemIdentifier": "m1"}]}
        (item,) = table.scan(TableName="Idempotency")["Items"]
        assert item["status"] == {"S": "COMPLETED"}
        logs = engine.client("logs")

        def stored_lines() -> list[Any]:
            pattern = '{ $.message = "stored" && $.orderId = "1" }'
            return list(logs.filter_log_events(logGroupName="/aws/lambda/Processor", filterPattern=pattern)["events"])

        assert len(until(stored_lines, "the line of the stored order")) == 1
        metrics = engine.client("cloudwatch")
        found = until(lambda: metrics.list_metrics(Namespace="Shop")["Metrics"], "the metric")
        assert found[0]["MetricName"] == "Stored"
