"""Goal: provisioned concurrency keeps real processes ready, counts as AWS counts, and refuses in AWS's words."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.api.lambda_support import BASIC, RUNTIME, alive, invoke, make_function, make_role
from tests.polling import until

CODE = """
import os, time
def handler(event, context):
    while event and os.path.exists(event):
        time.sleep(0.001)
    return [os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"], os.getpid()]
"""
PROVISIONED, ON_DEMAND = "provisioned-concurrency", "on-demand"
Client = Callable[..., Any]


def refusal(call: Any, **parameters: Any) -> Any:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    response = caught.value.response
    return response["Error"]["Code"], response["Error"]["Message"], response.get("Type")


def make(client: Client, code: str) -> None:
    """A function with version 1 and the alias live."""
    make_function(client, code, Role=make_role(client, BASIC), Publish=True)
    client("lambda").create_alias(FunctionName="function", Name="live", FunctionVersion="1")


@pytest.fixture
def api(client: Client) -> Iterator[Any]:
    """A client; the function and its processes end with the test."""
    yield client("lambda", parameter_validation=False)
    client("lambda").delete_function(FunctionName="function")


def provide(api: Any, qualifier: str, count: int) -> Any:
    return api.put_provisioned_concurrency_config(
        FunctionName="function", Qualifier=qualifier, ProvisionedConcurrentExecutions=count
    )


def settled(api: Any, qualifier: str, status: str = "READY") -> Any:
    """The configuration once it has this status."""

    def ask() -> Any:
        answer = api.get_provisioned_concurrency_config(FunctionName="function", Qualifier=qualifier)
        return answer if answer["Status"] == status else None

    return until(ask, f"{qualifier} to be {status}")


def test_life_of_a_configuration(client: Client, api: Any) -> None:
    make(client, CODE)
    first = provide(api, "live", 2)
    assert first["ResponseMetadata"]["HTTPStatusCode"] == 202
    numbers = ("Requested", "Available", "Allocated")
    assert [first[f"{name}ProvisionedConcurrentExecutions"] for name in numbers] == [2, 0, 0]
    assert (first["Status"], first["LastModified"][-5:]) == ("IN_PROGRESS", "+0000")
    ready = settled(api, "live")
    assert [ready[f"{name}ProvisionedConcurrentExecutions"] for name in numbers] == [2, 2, 2]
    listed = api.list_provisioned_concurrency_configs(FunctionName="function")["ProvisionedConcurrencyConfigs"]
    arn = api.get_alias(FunctionName="function", Name="live")["AliasArn"]
    assert [(config["FunctionArn"], config["Status"]) for config in listed] == [(arn, "READY")]
    assert invoke(client, FunctionName="function", Qualifier="live")[0][0] == PROVISIONED
    assert invoke(client, Qualifier="$LATEST")[0][0] == ON_DEMAND
    for _ in range(2):
        gone = api.delete_provisioned_concurrency_config(FunctionName="function", Qualifier="live")
        assert gone["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert api.list_provisioned_concurrency_configs(FunctionName="function")["ProvisionedConcurrencyConfigs"] == []
    assert invoke(client, Qualifier="live")[0][0] == ON_DEMAND


def test_a_process_that_dies_is_replaced_and_an_alias_takes_its_processes_along(client: Client, api: Any) -> None:
    make(client, CODE)
    provide(api, "live", 1)
    settled(api, "live")
    _, pid = invoke(client, Qualifier="live")[0]
    os.kill(pid, signal.SIGKILL)
    until(lambda: not alive(pid), "the end of the process")
    settled(api, "live")
    kind, second = invoke(client, Qualifier="live")[0]
    assert (kind, second != pid) == (PROVISIONED, True)
    api.update_function_configuration(FunctionName="function", Description="other")
    assert settled(api, "live")["AvailableProvisionedConcurrentExecutions"] == 1
    assert invoke(client, Qualifier="live")[0] == [PROVISIONED, second]
    api.publish_version(FunctionName="function")
    api.update_alias(FunctionName="function", Name="live", FunctionVersion="2")
    until(lambda: not alive(second), "the end of the old version's process")
    settled(api, "live")
    assert invoke(client, Qualifier="live")[0][0] == PROVISIONED
    assert invoke(client, Qualifier="1")[0][0] == ON_DEMAND


def test_a_function_that_cannot_be_initialised_has_failed(client: Client, api: Any) -> None:
    make(client, "raise RuntimeError('no')")
    provide(api, "1", 2)
    failed = settled(api, "1", "FAILED")
    assert failed["StatusReason"] == "FUNCTION_ERROR_INIT_FAILURE"
    assert failed["AllocatedProvisionedConcurrentExecutions"] == 0


def test_reservation_and_provision_together(client: Client, api: Any) -> None:
    make(client, CODE)
    api.put_function_concurrency(FunctionName="function", ReservedConcurrentExecutions=2)
    assert refusal(provide, api=api, qualifier="1", count=3)[1] == (
        "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function"
    )
    provide(api, "1", 2)
    settled(api, "1")
    put = api.put_function_concurrency
    assert refusal(put, FunctionName="function", ReservedConcurrentExecutions=1)[1] == (
        " ReservedConcurrentExecutions  1 should not be lower than function's total provisioned concurrency [2]."
    )
    assert refusal(api.invoke, FunctionName="function")[0] == "TooManyRequestsException"
    assert invoke(client, Qualifier="1")[0][0] == PROVISIONED
    provide(api, "1", 1)
    assert invoke(client)[0][0] == ON_DEMAND


def test_metrics_tell_what_ran_where(client: Client, api: Any) -> None:
    make(client, CODE)
    provide(api, "live", 1)
    settled(api, "live")
    invoke(client, Qualifier="live")
    names = ("ProvisionedConcurrencyInvocations", "ProvisionedConcurrencyUtilization")
    dimensions = [{"Name": "FunctionName", "Value": "function"}, {"Name": "Resource", "Value": "function:live"}]
    watch = client("cloudwatch")

    def found() -> bool:
        metrics = watch.list_metrics(Namespace="AWS/Lambda", Dimensions=dimensions)["Metrics"]
        return {*names, "ProvisionedConcurrentExecutions"} <= {metric["MetricName"] for metric in metrics}

    until(found, "the metrics of provisioned concurrency")


def test_what_is_refused(client: Client, api: Any) -> None:
    make(client, CODE)
    arn = api.get_function_configuration(FunctionName="function")["FunctionArn"]
    get, delete = api.get_provisioned_concurrency_config, api.delete_provisioned_concurrency_config
    bad, none = "InvalidParameterValueException", "ProvisionedConcurrencyConfigNotFoundException"
    assert refusal(provide, api=api, qualifier="1", count=0)[:2] == (
        "ValidationException",
        "1 validation error detected: Value '0' at 'provisionedConcurrentExecutions' failed to satisfy constraint: "
        "Member must have value greater than or equal to 1",
    )
    assert refusal(provide, api=api, qualifier="$LATEST", count=1) == (
        *(bad, "Provisioned Concurrency Configs cannot be applied to unpublished function versions.", "User"),
    )
    for call in (get, delete):
        assert refusal(call, FunctionName="function", Qualifier="$LATEST") == (
            *(bad, "The function resource provided must be an alias or a published version.", "User"),
        )
        assert refusal(call, FunctionName="function", Qualifier="no")[1] == f"Cannot find alias arn: {arn}:no"
        assert refusal(call, FunctionName="function", Qualifier="10")[1] == f"Function not found: {arn}:10"
    assert refusal(get, FunctionName="function", Qualifier="1") == (
        *(none, "No Provisioned Concurrency Config found for this function", "User"),
    )
    account = "account's unreserved concurrency [1000]."
    assert refusal(provide, api=api, qualifier="1", count=1001) == (
        *(bad, f"Specified ConcurrentExecutions for function is greater than {account}", None),
    )
    below = "account's UnreservedConcurrentExecution below its minimum value of [100]."
    assert refusal(provide, api=api, qualifier="1", count=901) == (
        *(bad, f"Specified ConcurrentExecutions for function decreases {below}", None),
    )


def test_a_version_is_provisioned_once(client: Client, api: Any) -> None:
    make(client, CODE)
    provide(api, "1", 1)
    assert refusal(provide, api=api, qualifier="live", count=1)[:2] == (
        "ResourceConflictException",
        "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version",
    )
    api.delete_provisioned_concurrency_config(FunctionName="function", Qualifier="1")
    provide(api, "live", 1)
    assert refusal(provide, api=api, qualifier="1", count=1)[:2] == (
        "ResourceConflictException",
        "Version is pointed by a Provisioned Concurrency alias",
    )
    api.delete_alias(FunctionName="function", Name="live")
    assert api.list_provisioned_concurrency_configs(FunctionName="function")["ProvisionedConcurrencyConfigs"] == []


TEMPLATE = """
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: sts:AssumeRole}]
  Function:
    Type: AWS::Lambda::Function
    Properties:
      FunctionName: function
      Runtime: RUNTIME
      Handler: index.handler
      Role: !GetAtt Role.Arn
      Code: {ZipFile: "def handler(event, context): return 1"}
  Version:
    Type: AWS::Lambda::Version
    Properties: {FunctionName: !Ref Function}
  Alias:
    Type: AWS::Lambda::Alias
    Properties:
      FunctionName: !Ref Function
      FunctionVersion: !GetAtt Version.Version
      Name: live
      PROVISION
"""


def test_stacks_wait_for_provisioned_concurrency_and_end_it(client: Client, api: Any) -> None:
    stacks = client("cloudformation")
    config = "ProvisionedConcurrencyConfig: {ProvisionedConcurrentExecutions: 1}"
    template = TEMPLATE.replace("RUNTIME", RUNTIME)
    stacks.create_stack(
        StackName="s", TemplateBody=template.replace("PROVISION", config), Capabilities=["CAPABILITY_IAM"]
    )
    until(lambda: _status(stacks) == "CREATE_COMPLETE", "the stack")
    live = api.get_provisioned_concurrency_config(FunctionName="function", Qualifier="live")
    assert live["Status"] == "READY"
    stacks.update_stack(StackName="s", TemplateBody=template.replace("PROVISION", ""), Capabilities=["CAPABILITY_IAM"])
    until(lambda: _status(stacks) == "UPDATE_COMPLETE", "the update")
    assert api.list_provisioned_concurrency_configs(FunctionName="function")["ProvisionedConcurrencyConfigs"] == []


def _status(stacks: Any) -> str:
    return str(stacks.describe_stacks(StackName="s")["Stacks"][0]["StackStatus"])
