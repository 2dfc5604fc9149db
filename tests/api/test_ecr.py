"""Goal: repositories answer as AWS's do, as far as deployment tools ask for them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

LIFECYCLE = json.dumps(
    {
        "rules": [
            {
                "rulePriority": 1,
                "selection": {
                    "tagStatus": "untagged",
                    "countType": "sinceImagePushed",
                    "countUnit": "days",
                    "countNumber": 14,
                },
                "action": {"type": "expire"},
            }
        ]
    }
)
POLICY = json.dumps(
    {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"}}
)


@pytest.fixture
def ecr(client: Callable[..., Any]) -> Any:
    return client("ecr")


def refused(call: Callable[..., Any], **request: Any) -> tuple[str, str]:
    """Code and message of a request that must fail."""
    with pytest.raises(ClientError) as failure:
        call(**request)
    error = failure.value.response["Error"]
    return error["Code"], error["Message"]


def test_a_repository_is_made_described_changed_and_deleted(ecr: Any, account: str) -> None:
    made = ecr.create_repository(repositoryName="shop/worker", tags=[{"Key": "team", "Value": "a"}])["repository"]
    assert made["repositoryArn"] == f"arn:aws:ecr:us-east-1:{account}:repository/shop/worker"
    assert made["repositoryUri"] == f"{account}.dkr.ecr.us-east-1.amazonaws.com/shop/worker"
    assert (made["imageTagMutability"], made["encryptionConfiguration"]) == ("MUTABLE", {"encryptionType": "AES256"})
    named: dict[str, Any] = {"repositoryName": "shop/worker"}
    ecr.put_image_tag_mutability(**named, imageTagMutability="IMMUTABLE")
    ecr.put_image_scanning_configuration(**named, imageScanningConfiguration={"scanOnPush": True})
    (found,) = ecr.describe_repositories(repositoryNames=["shop/worker"])["repositories"]
    assert (found["imageTagMutability"], found["imageScanningConfiguration"]) == ("IMMUTABLE", {"scanOnPush": True})
    assert found["createdAt"] == made["createdAt"]
    ecr.delete_repository(**named, force=True)
    assert refused(ecr.describe_repositories, repositoryNames=["shop/worker"]) == (
        "RepositoryNotFoundException",
        f"The repository with name 'shop/worker' does not exist in the registry with id '{account}'",
    )


def test_a_name_is_taken_once(ecr: Any, account: str) -> None:
    ecr.create_repository(repositoryName="a1")
    assert refused(ecr.create_repository, repositoryName="a1") == (
        "RepositoryAlreadyExistsException",
        f"The repository with name 'a1' already exists in the registry with id '{account}'",
    )


@pytest.mark.parametrize("name", ["A1", "a//b", "-a", "a_", "a" * 257, "a/", "é1"])
def test_names_that_no_repository_may_have(ecr: Any, name: str) -> None:
    code, message = refused(ecr.create_repository, repositoryName=name)
    assert code == "InvalidParameterException"
    assert "repositoryName" in message


def test_pages_of_repositories_hold_each_once(ecr: Any) -> None:
    names = [f"r{number:02}" for number in range(7)]
    for name in reversed(names):
        ecr.create_repository(repositoryName=name)
    pages = list(ecr.get_paginator("describe_repositories").paginate(PaginationConfig={"PageSize": 3}))
    assert [len(page["repositories"]) for page in pages] == [3, 3, 1]
    assert [one["repositoryName"] for page in pages for one in page["repositories"]] == names
    assert refused(ecr.describe_repositories, nextToken="x")[0] == "InvalidParameterException"


def test_policies_are_kept_and_removed(ecr: Any, account: str) -> None:
    named: dict[str, Any] = {"repositoryName": "p1"}
    ecr.create_repository(**named)
    assert refused(ecr.get_repository_policy, **named)[0] == "RepositoryPolicyNotFoundException"
    assert refused(ecr.get_lifecycle_policy, **named)[0] == "LifecyclePolicyNotFoundException"
    ecr.set_repository_policy(**named, policyText=POLICY)
    ecr.put_lifecycle_policy(**named, lifecyclePolicyText=LIFECYCLE)
    assert ecr.get_repository_policy(**named)["policyText"] == POLICY
    assert ecr.get_lifecycle_policy(**named)["lifecyclePolicyText"] == LIFECYCLE
    assert refused(ecr.set_repository_policy, **named, policyText="{")[0] == "InvalidParameterException"
    assert refused(ecr.put_lifecycle_policy, **named, lifecyclePolicyText="x" * 100)[0] == "InvalidParameterException"
    ecr.delete_repository_policy(**named)
    ecr.delete_lifecycle_policy(**named)
    assert refused(ecr.delete_lifecycle_policy, **named)[0] == "LifecyclePolicyNotFoundException"


def test_every_repository_is_empty(ecr: Any) -> None:
    named: dict[str, Any] = {"repositoryName": "i1"}
    ecr.create_repository(**named)
    assert ecr.list_images(**named)["imageIds"] == []
    assert ecr.describe_images(**named)["imageDetails"] == []
    image = [{"imageTag": "latest"}]
    assert refused(ecr.describe_images, **named, imageIds=image)[0] == "ImageNotFoundException"
    (failure,) = ecr.batch_delete_image(**named, imageIds=image)["failures"]
    assert failure["failureCode"] == "ImageNotFound"


def test_tags_and_the_rights_that_ask_for_them(ecr: Any) -> None:
    arn = ecr.create_repository(repositoryName="t1")["repository"]["repositoryArn"]
    ecr.tag_resource(resourceArn=arn, tags=[{"Key": "team", "Value": "a"}, {"Key": "cost", "Value": "1"}])
    ecr.untag_resource(resourceArn=arn, tagKeys=["cost", "none"])
    assert ecr.list_tags_for_resource(resourceArn=arn)["tags"] == [{"Key": "team", "Value": "a"}]
    many = [{"Key": f"k{number}", "Value": "v"} for number in range(50)]
    assert refused(ecr.tag_resource, resourceArn=arn, tags=many)[0] == "TooManyTagsException"
    assert refused(ecr.tag_resource, resourceArn="arn:aws:sqs:us-east-1:1:q", tags=many[:1])[0] == (
        "InvalidParameterException"
    )
    for elsewhere in (arn.replace("us-east-1", "eu-west-1"), arn.replace(arn.split(":")[4], "999999999999")):
        assert refused(ecr.tag_resource, resourceArn=elsewhere, tags=many[:1])[0] == "InvalidParameterException"
    assert ecr.list_tags_for_resource(resourceArn=arn)["tags"] == [{"Key": "team", "Value": "a"}]


def test_what_is_not_offered_says_so(ecr: Any) -> None:
    code, message = refused(ecr.get_authorization_token)
    assert code == "UnknownOperationException"
    assert "GetAuthorizationToken" in message


def drifted_properties(client: Callable[..., Any]) -> list[str]:
    """What differs in the stack's repository from the template."""
    drift = client("cloudformation").detect_stack_resource_drift(StackName="s", LogicalResourceId="Assets")
    return sorted(found["PropertyPath"] for found in drift["StackResourceDrift"]["PropertyDifferences"])


def test_a_stack_makes_a_repository_and_refuses_a_key_in_words(client: Callable[..., Any], account: str) -> None:
    cloudformation = client("cloudformation")
    repository: dict[str, Any] = {
        "Type": "AWS::ECR::Repository",
        "Properties": {
            "ImageScanningConfiguration": {"ScanOnPush": True},
            "LifecyclePolicy": {"LifecyclePolicyText": LIFECYCLE},
            "RepositoryName": "assets",
            "RepositoryPolicyText": json.loads(POLICY),
        },
    }
    outputs = {"Uri": {"Value": {"Fn::GetAtt": ["Assets", "RepositoryUri"]}}}
    template = {"Resources": {"Assets": repository}, "Outputs": outputs}
    cloudformation.create_stack(StackName="s", TemplateBody=json.dumps(template))
    cloudformation.get_waiter("stack_create_complete").wait(StackName="s", WaiterConfig={"Delay": 0.05})
    (stack,) = cloudformation.describe_stacks(StackName="s")["Stacks"]
    assert stack["Outputs"][0]["OutputValue"] == f"{account}.dkr.ecr.us-east-1.amazonaws.com/assets"
    assert client("ecr").get_lifecycle_policy(repositoryName="assets")["lifecyclePolicyText"] == LIFECYCLE

    assert drifted_properties(client) == []
    client("ecr").delete_repository_policy(repositoryName="assets")
    client("ecr").put_lifecycle_policy(repositoryName="assets", lifecyclePolicyText=LIFECYCLE.replace("14", "15"))
    assert drifted_properties(client) == ["/LifecyclePolicy/LifecyclePolicyText", "/RepositoryPolicyText"]

    del repository["Properties"]["LifecyclePolicy"]
    repository["Properties"]["ImageTagMutability"] = "IMMUTABLE"
    cloudformation.update_stack(StackName="s", TemplateBody=json.dumps(template))
    cloudformation.get_waiter("stack_update_complete").wait(StackName="s", WaiterConfig={"Delay": 0.05})
    assert refused(client("ecr").get_lifecycle_policy, repositoryName="assets")[0] == "LifecyclePolicyNotFoundException"

    key = {"Resources": {"Key": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": {}}}}}
    cloudformation.create_stack(StackName="k", TemplateBody=json.dumps(key), OnFailure="DO_NOTHING")
    with pytest.raises(Exception, match="CREATE_FAILED"):
        cloudformation.get_waiter("stack_create_complete").wait(StackName="k", WaiterConfig={"Delay": 0.05})
    (event,) = [
        event
        for event in cloudformation.describe_stack_events(StackName="k")["StackEvents"]
        if event["LogicalResourceId"] == "Key" and event["ResourceStatus"] == "CREATE_FAILED"
    ]
    assert "onebox does not offer AWS::KMS::Key" in event["ResourceStatusReason"]
