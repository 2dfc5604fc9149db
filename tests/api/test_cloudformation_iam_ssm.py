"""Goal: stacks keep server certificates and parameters as IAM and the Parameter Store show them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from onebox.testing import EngineThread
from tests.api.iam_support import document, key_client, refused
from tests.api.test_iam_profiles import make_pem


@pytest.fixture
def deploy(client: Callable[..., Any]) -> Any:
    """Creates or updates the stack ``s`` from resources; gives its outputs."""
    cloudformation = client("cloudformation")

    def run(**resources: Any) -> Any:
        outputs = {name: {"Value": {"Ref": name}} for name in resources}
        body = json.dumps({"Resources": resources, "Outputs": outputs})
        names = [stack["StackName"] for stack in cloudformation.describe_stacks()["Stacks"]]
        change = "update" if "s" in names else "create"
        getattr(cloudformation, f"{change}_stack")(StackName="s", TemplateBody=body)
        waiter = cloudformation.get_waiter(f"stack_{change}_complete")
        waiter.wait(StackName="s", WaiterConfig={"Delay": 1, "MaxAttempts": 30})
        (stack,) = cloudformation.describe_stacks(StackName="s")["Stacks"]
        return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}

    return run


@pytest.fixture
def remove(client: Callable[..., Any]) -> Any:
    """Deletes the stack ``s``."""
    cloudformation = client("cloudformation")

    def run() -> None:
        cloudformation.delete_stack(StackName="s")
        cloudformation.get_waiter("stack_delete_complete").wait(
            StackName="s", WaiterConfig={"Delay": 1, "MaxAttempts": 30}
        )

    return run


def test_a_server_certificate_lives_with_its_stack(client: Callable[..., Any], deploy: Any, remove: Any) -> None:
    body, key = make_pem()
    properties = {"CertificateBody": body, "PrivateKey": key, "Path": "/x/"}
    name = deploy(C={"Type": "AWS::IAM::ServerCertificate", "Properties": properties})["C"]
    iam = client("iam")
    got = iam.get_server_certificate(ServerCertificateName=name)["ServerCertificate"]
    assert got["ServerCertificateMetadata"]["Path"] == "/x/"
    assert name.startswith("s-C-")
    assert deploy(C={"Type": "AWS::IAM::ServerCertificate", "Properties": {**properties, "Path": "/y/"}})["C"] == name
    moved = iam.get_server_certificate(ServerCertificateName=name)["ServerCertificate"]
    assert moved["ServerCertificateMetadata"]["Path"] == "/y/"
    remove()
    assert refused(iam.get_server_certificate, ServerCertificateName=name)[0] == "NoSuchEntity"


def test_a_parameter_lives_with_its_stack(client: Callable[..., Any], deploy: Any, remove: Any) -> None:
    def parameter(value: Any, **more: Any) -> Any:
        properties = {"Name": "/app/p", "Type": "String", "Value": value, **more}
        return {"Type": "AWS::SSM::Parameter", "Properties": properties}

    assert deploy(P=parameter("1", Tags={"team": "a"}))["P"] == "/app/p"
    ssm = client("ssm")
    which = {"ResourceType": "Parameter", "ResourceId": "/app/p"}
    assert {"Key": "team", "Value": "a"} in ssm.list_tags_for_resource(**which)["TagList"]
    deploy(P=parameter("2", Description="d"))
    got = ssm.get_parameter(Name="/app/p")["Parameter"]
    assert (got["Value"], got["Version"]) == ("2", 2)
    assert {"Key": "team", "Value": "a"} not in ssm.list_tags_for_resource(**which)["TagList"]
    remove()
    assert refused(ssm.get_parameter, Name="/app/p")[0] == "ParameterNotFound"


def test_a_parameter_without_a_name_is_given_one(deploy: Any, client: Callable[..., Any]) -> None:
    name = deploy(P={"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": "v"}})["P"]
    assert client("ssm").get_parameter(Name=name)["Parameter"]["Value"] == "v"


def test_a_parameter_that_exists_is_not_taken_over(client: Callable[..., Any]) -> None:
    client("ssm").put_parameter(Name="p", Value="mine", Type="String")
    cloudformation = client("cloudformation")
    resource = {"Type": "AWS::SSM::Parameter", "Properties": {"Name": "p", "Type": "String", "Value": "v"}}
    cloudformation.create_stack(StackName="s", TemplateBody=json.dumps({"Resources": {"P": resource}}))
    with pytest.raises(Exception, match="ROLLBACK"):
        cloudformation.get_waiter("stack_create_complete").wait(StackName="s", WaiterConfig={"Delay": 1})
    assert client("ssm").get_parameter(Name="p")["Parameter"]["Value"] == "mine"


def stored_template(kind: Any = "String", default: Any = None) -> Any:
    parameter = {"Type": f"AWS::SSM::Parameter::Value<{kind}>"}
    if default is not None:
        parameter["Default"] = default
    value = {"Ref": "Text"} if kind == "String" else {"Fn::Join": ["+", {"Ref": "Text"}]}
    topic = {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": value}}
    outputs = {"O": {"Value": value}}
    return json.dumps({"Parameters": {"Text": parameter}, "Resources": {"T": topic}, "Outputs": outputs})


def wait_for(cloudformation: Any, change: Any) -> Any:
    waiter = cloudformation.get_waiter(f"stack_{change}_complete")
    waiter.wait(StackName="s", WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    return cloudformation.describe_stacks(StackName="s")["Stacks"][0]


def test_a_template_takes_values_from_the_parameter_store(client: Callable[..., Any]) -> None:
    ssm, cloudformation = client("ssm"), client("cloudformation")
    ssm.put_parameter(Name="/cdk-bootstrap/x/version", Value="21", Type="String")
    body = stored_template(default="/cdk-bootstrap/x/version")
    cloudformation.create_stack(StackName="s", TemplateBody=body)
    stack = wait_for(cloudformation, "create")
    assert stack["Outputs"][0]["OutputValue"] == "21"
    assert stack["Parameters"] == [
        {"ParameterKey": "Text", "ParameterValue": "/cdk-bootstrap/x/version", "ResolvedValue": "21"}
    ]
    ssm.put_parameter(Name="/cdk-bootstrap/x/version", Value="22", Overwrite=True)
    cloudformation.update_stack(StackName="s", TemplateBody=body)
    assert wait_for(cloudformation, "update")["Outputs"][0]["OutputValue"] == "22"


def test_a_stored_list_is_a_list(client: Callable[..., Any]) -> None:
    client("ssm").put_parameter(Name="list", Value="a, b", Type="StringList")
    given = [{"ParameterKey": "Text", "ParameterValue": "list"}]
    client("cloudformation").create_stack(StackName="s", TemplateBody=stored_template("List<String>"), Parameters=given)
    assert wait_for(client("cloudformation"), "create")["Outputs"][0]["OutputValue"] == "a+b"


def test_a_missing_or_secret_stored_value_is_refused(client: Callable[..., Any]) -> None:
    cloudformation = client("cloudformation")
    assert refused(cloudformation.create_stack, StackName="s", TemplateBody=stored_template(default="p"))[:2] == (
        "ValidationError",
        "Unable to fetch parameters [p] from parameter store for this account.",
    )
    client("ssm").put_parameter(Name="p", Value="secret", Type="SecureString")
    code, message, _ = refused(cloudformation.create_stack, StackName="s", TemplateBody=stored_template(default="p"))
    assert (code, "types not supported" in message) == ("ValidationError", True)


def test_a_stored_value_is_read_with_the_callers_rights(client: Callable[..., Any], onebox: EngineThread) -> None:
    client("ssm").put_parameter(Name="p", Value="v", Type="String")
    iam = client("iam")
    iam.create_user(UserName="Ann")
    key = iam.create_access_key(UserName="Ann")["AccessKey"]
    iam.put_user_policy(UserName="Ann", PolicyName="p", PolicyDocument=document("cloudformation:*"))
    own = key_client(onebox, "cloudformation", key)
    code, message, _ = refused(own.create_stack, StackName="s", TemplateBody=stored_template(default="p"))
    assert (code, "ssm:GetParameters" in message) == ("ValidationError", True)
