"""Goal: transforms work as on AWS: macros of the account, language extensions, the SAM transform, AWS::Include."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

Client = Callable[..., Any]
ASSUME = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
MACRO_CODE = """
def handler(event, context):
    if event["params"].get("Fail"):
        return {"requestId": event["requestId"], "status": "failed", "errorMessage": "no such thing"}
    fragment = event["fragment"]
    name = event["templateParameterValues"]["Name"]
    fragment["DisplayName"] = "%s of %s in %s" % (name, event["transformId"], event["region"])
    return {"requestId": event["requestId"], "status": "success", "fragment": fragment}
"""
MACRO = {
    "Resources": {
        "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": ASSUME}},
        "Function": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Handler": "index.handler",
                "Runtime": "python3.13",
                "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                "Code": {"ZipFile": MACRO_CODE},
            },
        },
        "Macro": {
            "Type": "AWS::CloudFormation::Macro",
            "Properties": {"Name": "Named", "FunctionName": {"Fn::GetAtt": ["Function", "Arn"]}},
        },
    },
    "Outputs": {"Macro": {"Value": {"Ref": "Macro"}}},
}


def refusal(call: Callable[..., Any], **request: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as refused:
        call(**request)
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


def status(cloudformation: Any, name: str) -> str:
    return str(cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"])


def processed(cloudformation: Any, name: str) -> dict[str, Any]:
    answer = cloudformation.get_template(StackName=name, TemplateStage="Processed")
    assert answer["StagesAvailable"] == ["Original", "Processed"]
    body = answer["TemplateBody"]
    return dict(json.loads(body) if isinstance(body, str) else body)


@pytest.fixture
def macro(client: Client) -> None:
    """The macro ``Named``."""
    cloudformation = client("cloudformation")
    cloudformation.create_stack(StackName="macro", TemplateBody=json.dumps(MACRO), Capabilities=["CAPABILITY_IAM"])
    stack = cloudformation.describe_stacks(StackName="macro")["Stacks"][0]
    assert (stack["StackStatus"], stack["Outputs"][0]["OutputValue"]) == ("CREATE_COMPLETE", "Named")


def using(transform: Any) -> str:
    return json.dumps(
        {
            "Parameters": {"Name": {"Type": "String", "Default": "x"}},
            "Resources": {
                "T": {
                    "Type": "AWS::SNS::Topic",
                    "Properties": {"TopicName": {"Fn::Sub": "t-${Name}"}, "Fn::Transform": transform},
                }
            },
        }
    )


@pytest.mark.usefixtures("macro")
@pytest.mark.parametrize("transform", ["Named", {"Name": "Named", "Parameters": {"Size": 1}}])
def test_macro_replaces_the_object_that_it_stands_in(client: Client, account: str, transform: Any) -> None:
    cloudformation = client("cloudformation")
    body = using(transform)
    request = {"StackName": "s", "TemplateBody": body}
    assert refusal(cloudformation.create_stack, **request)[0] == "InsufficientCapabilitiesException"
    cloudformation.create_stack(**request, Capabilities=["CAPABILITY_AUTO_EXPAND"])
    assert status(cloudformation, "s") == "CREATE_COMPLETE"
    properties = processed(cloudformation, "s")["Resources"]["T"]["Properties"]
    display_name = f"x of {account}::Named in us-east-1"
    assert properties == {"TopicName": {"Fn::Sub": "t-${Name}"}, "DisplayName": display_name}
    assert cloudformation.get_template(StackName="s")["TemplateBody"] == json.loads(body)
    arn = f"arn:aws:sns:us-east-1:{account}:t-x"
    assert client("sns").get_topic_attributes(TopicArn=arn)["Attributes"]["DisplayName"] == display_name
    assert refusal(cloudformation.update_stack, **request, Capabilities=["CAPABILITY_AUTO_EXPAND"]) == (
        "ValidationError",
        "No updates are to be performed.",
    )


@pytest.mark.usefixtures("macro")
def test_failed_and_unknown_macros_are_told_by_name(client: Client, account: str) -> None:
    create = client("cloudformation").create_stack
    request = {"StackName": "s", "Capabilities": ["CAPABILITY_AUTO_EXPAND"]}
    failing = using({"Name": "Named", "Parameters": {"Fail": "yes"}})
    assert refusal(create, TemplateBody=failing, **request) == (
        "ValidationError",
        f"Transform {account}::Named failed with: no such thing",
    )
    assert refusal(create, TemplateBody=using("Other"), **request) == (
        "ValidationError",
        f"No transform named {account}::Other found.",
    )


LOOP = {
    "Transform": "AWS::LanguageExtensions",
    "Parameters": {"Names": {"Type": "CommaDelimitedList", "Default": "red,blue"}},
    "Resources": {
        "Fn::ForEach::Topics": [
            "Name",
            {"Ref": "Names"},
            {
                "Topic${Name}": {
                    "Type": "AWS::SNS::Topic",
                    "Properties": {
                        "TopicName": {"Fn::Join": ["-", ["t", {"Ref": "Name"}]]},
                        "DisplayName": {"Fn::Sub": "${Name} of ${AWS::StackName}"},
                    },
                }
            },
        ],
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"DelaySeconds": {"Fn::Length": {"Ref": "Names"}}}},
    },
    "Outputs": {"Json": {"Value": {"Fn::ToJsonString": {"a": [1, {"Ref": "Queue"}]}}}},
}


def test_language_extensions_write_loops_out(client: Client) -> None:
    cloudformation = client("cloudformation")
    request = {"StackName": "s", "TemplateBody": json.dumps(LOOP)}
    assert refusal(cloudformation.create_stack, **request) == (
        "InsufficientCapabilitiesException",
        "Requires capabilities : [CAPABILITY_AUTO_EXPAND]",
    )
    change_set = cloudformation.create_change_set(ChangeSetName="c", ChangeSetType="CREATE", **request)
    cloudformation.execute_change_set(ChangeSetName=change_set["Id"])
    assert status(cloudformation, "s") == "CREATE_COMPLETE"
    shown = processed(cloudformation, "s")
    assert "Transform" not in shown
    assert set(shown["Resources"]) == {"Topicred", "Topicblue", "Queue"}
    assert shown["Resources"]["Topicred"]["Properties"] == {
        "TopicName": "t-red",
        "DisplayName": {"Fn::Sub": "red of ${AWS::StackName}"},
    }
    assert shown["Resources"]["Queue"]["Properties"]["DelaySeconds"] == 2
    names = {topic["TopicArn"].rpartition(":")[2] for topic in client("sns").list_topics()["Topics"]}
    assert names == {"t-red", "t-blue"}
    output = cloudformation.describe_stacks(StackName="s")["Stacks"][0]["Outputs"][0]["OutputValue"]
    assert json.loads(output)["a"][1].startswith("http")


@pytest.mark.parametrize(
    "loop",
    [
        "text",
        ["Name"],
        ["Name", "no list", {}],
        ["Name", {"Ref": "Nothing"}, {}],
        ["Names", ["a"], {}],
        ["N", ["a", "a"], {"K": 1}],
    ],
)
def test_malformed_loop_is_refused(client: Client, loop: Any) -> None:
    body = {**LOOP, "Resources": {"Fn::ForEach::Topics": loop, "Q": {"Type": "AWS::SQS::Queue"}}}
    code, _ = refusal(
        client("cloudformation").create_stack,
        StackName="s",
        TemplateBody=json.dumps(body),
        Capabilities=["CAPABILITY_AUTO_EXPAND"],
    )
    assert code == "ValidationError"


def test_nested_loops_are_bounded(client: Client) -> None:
    loop: Any = {"Topic${A}${B}${C}${D}": {"Type": "AWS::SNS::Topic"}}
    for variable in "ABCD":
        loop = {f"Fn::ForEach::{variable}": [variable, [f"n{number}" for number in range(60)], loop]}
    code, message = refusal(
        client("cloudformation").create_stack,
        StackName="s",
        TemplateBody=json.dumps({"Transform": "AWS::LanguageExtensions", "Resources": loop}),
        Capabilities=["CAPABILITY_AUTO_EXPAND"],
    )
    assert code == "ValidationError"
    assert "steps" in message or "characters" in message


SERVERLESS = """
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Globals:
  Function:
    Runtime: python3.13
    Timeout: 5
Parameters:
  Stage: {Type: String, Default: test}
Resources:
  Orders:
    Type: AWS::Serverless::SimpleTable
  Queue:
    Type: AWS::SQS::Queue
  Worker:
    Type: AWS::Serverless::Function
    Properties:
      Handler: index.handler
      CodeUri: s3://BUCKET/code.zip
      Environment: {Variables: {STAGE: !Ref Stage}}
      Policies: [AmazonSQSFullAccess, {DynamoDBCrudPolicy: {TableName: !Ref Orders}}]
      Events:
        FromQueue: {Type: SQS, Properties: {Queue: !GetAtt Queue.Arn, BatchSize: 5}}
Outputs:
  Worker: {Value: !Ref Worker}
"""


def test_serverless_template_becomes_functions_roles_and_mappings(client: Client, account: str) -> None:
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("index.py", "import os\ndef handler(event, context):\n    return os.environ['STAGE']\n")
    bucket = f"code-{account}"
    client("s3").create_bucket(Bucket=bucket)
    client("s3").put_object(Bucket=bucket, Key="code.zip", Body=package.getvalue())
    cloudformation = client("cloudformation", read_timeout=120)
    body = SERVERLESS.replace("BUCKET", bucket)
    summary = cloudformation.get_template_summary(TemplateBody=body)
    assert summary["DeclaredTransforms"] == ["AWS::Serverless-2016-10-31"]
    assert "CAPABILITY_AUTO_EXPAND" in summary["Capabilities"]
    change_set = cloudformation.create_change_set(
        StackName="s",
        ChangeSetName="c",
        ChangeSetType="CREATE",
        TemplateBody=body,
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    cloudformation.execute_change_set(ChangeSetName=change_set["Id"])
    cloudformation.get_waiter("stack_create_complete").wait(StackName="s", WaiterConfig={"Delay": 1})
    rows = cloudformation.describe_stack_resources(StackName="s")["StackResources"]
    types = {row["LogicalResourceId"]: row["ResourceType"] for row in rows}
    assert types == {
        "Orders": "AWS::DynamoDB::Table",
        "Queue": "AWS::SQS::Queue",
        "Worker": "AWS::Lambda::Function",
        "WorkerRole": "AWS::IAM::Role",
        "WorkerFromQueue": "AWS::Lambda::EventSourceMapping",
    }
    name = cloudformation.describe_stacks(StackName="s")["Stacks"][0]["Outputs"][0]["OutputValue"]
    assert json.loads(client("lambda").invoke(FunctionName=name)["Payload"].read()) == "test"
    assert "Transform" not in processed(cloudformation, "s")
    cloudformation.delete_stack(StackName="s")


def test_serverless_mistake_is_told_in_the_words_of_the_translator(client: Client) -> None:
    body = {
        "Transform": "AWS::Serverless-2016-10-31",
        "Resources": {"F": {"Type": "AWS::Serverless::Function", "Properties": {"Handler": "index.handler"}}},
    }
    code, message = refusal(
        client("cloudformation", read_timeout=120).create_stack,
        StackName="s",
        TemplateBody=json.dumps(body),
        Capabilities=["CAPABILITY_AUTO_EXPAND"],
    )
    assert code == "ValidationError"
    assert message.startswith("Transform AWS::Serverless-2016-10-31 failed with: Invalid Serverless Application")
    assert "[F]" in message


def test_include_takes_a_part_of_the_template_from_s3(client: Client, account: str) -> None:
    bucket = f"parts-{account}"
    client("s3").create_bucket(Bucket=bucket)
    client("s3").put_object(Bucket=bucket, Key="p.yaml", Body=b"DisplayName: !Sub '${AWS::Region}'\n")
    body = using({"Name": "AWS::Include", "Parameters": {"Location": f"s3://{bucket}/p.yaml"}})
    cloudformation = client("cloudformation")
    cloudformation.create_stack(StackName="s", TemplateBody=body, Capabilities=["CAPABILITY_AUTO_EXPAND"])
    topic = client("sns").get_topic_attributes(TopicArn=f"arn:aws:sns:us-east-1:{account}:t-x")
    assert topic["Attributes"]["DisplayName"] == "us-east-1"


def test_the_translator_is_loaded_when_a_template_asks_for_it() -> None:
    code = "import sys, onebox.cli.main, onebox.engine; print(any(m.startswith('samtranslator') for m in sys.modules))"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "False"
