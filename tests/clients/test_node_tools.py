"""Goal: the AWS SDK for JavaScript v3, the CDK and the Serverless Framework work on onebox, unchanged."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import pytest

from onebox.testing import EngineThread
from tests.clients.node_tools import node_modules, run_tool
from tests.polling import until
from tests.seed import SEED_CODE

HERE = Path(__file__).parent
pytestmark = pytest.mark.slow
ECHO = """
def handler(event, context):
    print("echo of", event["orderId"])
    return event
"""


def publish_and_await(engine: EngineThread) -> None:
    """An order published to OrderTopic is in the table Orders soon."""
    (topic,) = [
        one["TopicArn"]
        for one in engine.client("sns").list_topics()["Topics"]
        if one["TopicArn"].endswith(":OrderTopic")
    ]
    engine.client("sns").publish(TopicArn=topic, Message=json.dumps({"orderId": "O-1", "userId": "U-1"}))
    table, key = engine.client("dynamodb"), {"orderId": {"S": "O-1"}}
    until(lambda: table.get_item(TableName="Orders", Key=key).get("Item"), "the order in the table")


def test_javascript_sdk(tmp_path: Path) -> None:
    modules = node_modules()
    with EngineThread() as engine:
        trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        role = engine.client("iam").create_role(RoleName="Echo", AssumeRolePolicyDocument=document)["Role"]["Arn"]
        basic = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
        engine.client("iam").attach_role_policy(RoleName="Echo", PolicyArn=basic)
        with zipfile.ZipFile(tmp_path / "echo.zip", "w") as archive:
            archive.writestr("echo.py", ECHO)
        # An ES module finds its packages beside itself, not by NODE_PATH.
        shutil.copy(HERE / "javascript" / "shop.mjs", modules.parent / "shop.mjs")
        script = str(modules.parent / "shop.mjs")
        printed = run_tool(tmp_path, engine.endpoint_url, "node", "--no-warnings", script, role, "echo.zip")
    assert json.loads(printed.strip().splitlines()[-1]) == {
        "message": '{"orderId":"1"}',
        "status": "new",
        "stored": "1",
        "items": [{"orderId": "1", "total": 19.5, "items": [{"sku": "a"}]}],
        "sameBytes": True,
        "answer": {"orderId": "1"},
        "tail": True,
        "streamed": {"orderId": "1"},
        "lines": 2,
    }


def test_cdk_bootstrap_deploy_no_differences_destroy(tmp_path: Path) -> None:
    cdk = str(node_modules() / ".bin" / "cdk")
    shutil.copytree(HERE / "cdk", tmp_path / "app")
    (tmp_path / "processor").mkdir()
    (tmp_path / "processor" / "processor.py").write_text(SEED_CODE)
    more = {"PROCESSOR": str(tmp_path / "processor")}
    with EngineThread() as engine:

        def run(*arguments: str) -> str:
            return run_tool(tmp_path / "app", engine.endpoint_url, cdk, *arguments, more=more)

        assert "bootstrapped" in run("bootstrap")
        assert "Shop.Topic = arn:aws:sns:us-east-1:" in run("deploy", "--require-approval", "never")
        assert "There were no differences" in run("diff")
        publish_and_await(engine)
        assert "destroyed" in run("destroy", "--force")
        assert engine.client("dynamodb").list_tables()["TableNames"] == []


def test_serverless_deploy_invoke_remove(tmp_path: Path) -> None:
    serverless = str(node_modules() / ".bin" / "osls")
    shutil.copytree(HERE / "serverless", tmp_path / "service")
    (tmp_path / "service" / "processor.py").write_text(SEED_CODE)
    with EngineThread() as engine:

        def run(*arguments: str) -> str:
            return run_tool(tmp_path / "service", engine.endpoint_url, serverless, *arguments)

        assert "Service deployed to stack shop-dev" in run("deploy")
        assert "No changes to deploy" in run("deploy")
        publish_and_await(engine)
        assert "successfully removed" in run("remove")
        assert engine.client("dynamodb").list_tables()["TableNames"] == []
