"""Goal: stacks make layers, give them to functions and accounts, replace and delete them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.api.lambda_support import BASIC, RUNTIME, TRUST, invoke, zipped

CODE = "import shared\ndef handler(event, context):\n    return shared.NAME\n"


def template(bucket: str, description: str) -> str:
    layer = {"Ref": "Layer"}
    return json.dumps(
        {
            "Resources": {
                "Layer": {
                    "Type": "AWS::Lambda::LayerVersion",
                    "Properties": {
                        "Content": {"S3Bucket": bucket, "S3Key": "layer.zip"},
                        "CompatibleRuntimes": [RUNTIME],
                        "Description": description,
                    },
                },
                "Grant": {
                    "Type": "AWS::Lambda::LayerVersionPermission",
                    "Properties": {"LayerVersionArn": layer, "Action": "lambda:GetLayerVersion", "Principal": "*"},
                },
                "Role": {
                    "Type": "AWS::IAM::Role",
                    "Properties": {"AssumeRolePolicyDocument": json.loads(TRUST), "ManagedPolicyArns": [BASIC]},
                },
                "Function": {
                    "Type": "AWS::Lambda::Function",
                    "Properties": {
                        "FunctionName": "function",
                        "Runtime": RUNTIME,
                        "Handler": "index.handler",
                        "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                        "Code": {"ZipFile": CODE},
                        "Layers": [layer],
                        "Timeout": 30,
                    },
                },
            },
            "Outputs": {"Arn": {"Value": {"Fn::GetAtt": ["Layer", "LayerVersionArn"]}}},
        }
    )


def upload(client: Callable[..., Any], account: str) -> str:
    """The bucket that holds layer.zip."""
    bucket = f"layers-{account}"
    client("s3").create_bucket(Bucket=bucket)
    client("s3").put_object(Bucket=bucket, Key="layer.zip", Body=zipped({"python/shared.py": "NAME = 'shared'\n"}))
    return bucket


def test_layers_of_a_stack(client: Callable[..., Any], account: str) -> None:
    bucket = upload(client, account)
    cloudformation, api = client("cloudformation"), client("lambda")
    request: dict[str, Any] = {"StackName": "s", "Capabilities": ["CAPABILITY_IAM"]}
    cloudformation.create_stack(TemplateBody=template(bucket, "first"), **request)
    cloudformation.get_waiter("stack_create_complete").wait(StackName="s", WaiterConfig={"Delay": 1})
    first = cloudformation.describe_stacks(StackName="s")["Stacks"][0]["Outputs"][0]["OutputValue"]
    assert invoke(client)[0] == "shared"
    assert api.get_function_configuration(FunctionName="function")["Layers"][0]["Arn"] == first
    name = first.split(":")[6]
    assert len(json.loads(api.get_layer_version_policy(LayerName=name, VersionNumber=1)["Policy"])["Statement"]) == 1
    cloudformation.detect_stack_drift(StackName="s")
    drifts = cloudformation.describe_stack_resource_drifts(StackName="s")["StackResourceDrifts"]
    assert {drift["StackResourceDriftStatus"] for drift in drifts} == {"IN_SYNC"}
    cloudformation.update_stack(TemplateBody=template(bucket, "second"), **request)
    cloudformation.get_waiter("stack_update_complete").wait(StackName="s", WaiterConfig={"Delay": 1})
    (listed,) = api.list_layers()["Layers"]
    assert listed["LatestMatchingVersion"]["Description"] == "second"
    assert listed["LatestMatchingVersion"]["LayerVersionArn"] != first
    assert invoke(client)[0] == "shared"
    cloudformation.delete_stack(StackName="s")
    cloudformation.get_waiter("stack_delete_complete").wait(StackName="s", WaiterConfig={"Delay": 1})
    assert api.list_layers()["Layers"] == []


def test_layers_of_the_serverless_model(client: Callable[..., Any], account: str) -> None:
    bucket = upload(client, account)
    layer = {
        "Type": "AWS::Serverless::LayerVersion",
        "Properties": {"LayerName": "sam", "ContentUri": f"s3://{bucket}/layer.zip", "RetentionPolicy": "Delete"},
    }
    body = {"Transform": "AWS::Serverless-2016-10-31", "Resources": {"Layer": layer}}
    client("cloudformation").create_stack(
        StackName="s", TemplateBody=json.dumps(body), Capabilities=["CAPABILITY_AUTO_EXPAND"]
    )
    client("cloudformation").get_waiter("stack_create_complete").wait(StackName="s", WaiterConfig={"Delay": 1})
    (listed,) = client("lambda").list_layers()["Layers"]
    assert (listed["LayerName"], listed["LatestMatchingVersion"]["Version"]) == ("sam", 1)
