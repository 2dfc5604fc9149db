"""Goal: managed policies, their versions and attachments, and the simulator, as in IAM."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.aws.harness.leftovers import pages
from tests.aws.support import Unique, refusal

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)
SEED_POLICIES = {
    "arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess": "v15",
    "arn:aws:iam::aws:policy/AmazonSQSFullAccess": "v1",
    "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole": "v1",
}


def document(action: Any = "sqs:*", effect: Any = "Allow", resource: Any = "*", **members: Any) -> Any:
    statement = {"Effect": effect, "Action": action, "Resource": resource, **members}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture
def iam(client: Callable[..., Any]) -> Any:
    return client("iam", parameter_validation=False)


@pytest.fixture
def role(iam: Any, unique: Unique) -> Any:
    return iam.create_role(RoleName=unique("Worker"), AssumeRolePolicyDocument=TRUST)["Role"]


@pytest.fixture
def policy_arn(iam: Any, unique: Unique) -> Any:
    return iam.create_policy(PolicyName=unique("Queues"), PolicyDocument=document(), Description="queues")["Policy"][
        "Arn"
    ]


def test_basic_execution_role_allows_exactly_the_three_log_actions(iam: Any) -> None:
    arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    (statement,) = iam.get_policy_version(PolicyArn=arn, VersionId="v1")["PolicyVersion"]["Document"]["Statement"]
    assert statement == {
        "Effect": "Allow",
        "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": "*",
    }


def test_attach_role_policy_the_seeds_three_policies_are_listed(iam: Any, role: Any, unique: Unique) -> None:
    for arn in SEED_POLICIES:
        iam.attach_role_policy(RoleName=unique("Worker"), PolicyArn=arn)
        iam.attach_role_policy(RoleName=unique("Worker"), PolicyArn=arn)
    attached = iam.list_attached_role_policies(RoleName=unique("Worker"))["AttachedPolicies"]
    assert {policy["PolicyArn"] for policy in attached} == SEED_POLICIES.keys()
    roles = pages(iam, "list_entities_for_policy", "PolicyRoles", PolicyArn=attached[0]["PolicyArn"])
    assert {"RoleName": unique("Worker"), "RoleId": role["RoleId"]} in roles


def test_attach_role_policy_missing_policy_is_refused(iam: Any, role: Any, unique: Unique) -> None:
    arn = "arn:aws:iam::aws:policy/NoSuchPolicy"
    assert refusal(iam.attach_role_policy, RoleName=unique("Worker"), PolicyArn=arn) == (
        "NoSuchEntity",
        f"Policy {arn} does not exist or is not attachable.",
    )
    assert refusal(iam.detach_role_policy, RoleName=unique("Worker"), PolicyArn=arn) == (
        "NoSuchEntity",
        f"Policy {arn} was not found.",
    )


def test_attach_role_policy_eleventh_is_refused(iam: Any, role: Any, unique: Unique) -> None:
    for number in range(10):
        arn = iam.create_policy(PolicyName=unique(f"p{number}"), PolicyDocument=document())["Policy"]["Arn"]
        iam.attach_role_policy(RoleName=unique("Worker"), PolicyArn=arn)
    arn = iam.create_policy(PolicyName=unique("p10"), PolicyDocument=document())["Policy"]["Arn"]
    assert refusal(iam.attach_role_policy, RoleName=unique("Worker"), PolicyArn=arn) == (
        "LimitExceeded",
        "Cannot exceed quota for PoliciesPerRole: 10",
    )


def test_create_policy_name_taken_is_refused(iam: Any, policy_arn: Any, unique: Unique) -> None:
    assert refusal(iam.create_policy, PolicyName=unique("Queues"), PolicyDocument=document()) == (
        "EntityAlreadyExists",
        f"A policy called {unique('Queues')} already exists. Duplicate names are not allowed.",
    )


def test_policy_versions_five_at_most_and_the_default_stays(iam: Any, policy_arn: Any) -> None:
    for _ in range(4):
        iam.create_policy_version(PolicyArn=policy_arn, PolicyDocument=document("sns:*"))
    code, message = refusal(iam.create_policy_version, PolicyArn=policy_arn, PolicyDocument=document())
    assert (code, message.startswith("A managed policy can have up to 5 versions.")) == ("LimitExceeded", True)
    iam.set_default_policy_version(PolicyArn=policy_arn, VersionId="v3")
    assert refusal(iam.delete_policy_version, PolicyArn=policy_arn, VersionId="v3") == (
        "DeleteConflict",
        "Cannot delete the default version of a policy.",
    )
    iam.delete_policy_version(PolicyArn=policy_arn, VersionId="v1")
    iam.create_policy_version(PolicyArn=policy_arn, PolicyDocument=document(), SetAsDefault=True)
    versions = iam.list_policy_versions(PolicyArn=policy_arn)["Versions"]
    assert [(v["VersionId"], v["IsDefaultVersion"]) for v in versions] == [
        ("v6", True),
        ("v5", False),
        ("v4", False),
        ("v3", False),
        ("v2", False),
    ]


def test_delete_policy_in_use_is_refused(iam: Any, role: Any, policy_arn: Any, unique: Unique) -> None:
    iam.attach_role_policy(RoleName=unique("Worker"), PolicyArn=policy_arn)
    assert refusal(iam.delete_policy, PolicyArn=policy_arn)[0] == "DeleteConflict"
    iam.detach_role_policy(RoleName=unique("Worker"), PolicyArn=policy_arn)
    iam.create_policy_version(PolicyArn=policy_arn, PolicyDocument=document())
    assert refusal(iam.delete_policy, PolicyArn=policy_arn)[1].startswith("This policy has more than one version.")
    iam.delete_policy_version(PolicyArn=policy_arn, VersionId="v2")
    iam.delete_policy(PolicyArn=policy_arn)
    assert refusal(iam.get_policy, PolicyArn=policy_arn) == ("NoSuchEntity", f"Policy {policy_arn} was not found.")


def listed(iam: Any, **request: Any) -> set[str]:
    return {policy["Arn"] for policy in pages(iam, "list_policies", "Policies", **request)}


def test_list_policies_scope_tells_own_from_aws(iam: Any, policy_arn: Any, until: Any) -> None:
    until(lambda: policy_arn in listed(iam, Scope="Local"), "the policy in the list")
    assert not listed(iam, Scope="Local") & SEED_POLICIES.keys()
    aws = listed(iam, Scope="AWS")
    assert aws >= SEED_POLICIES.keys()
    assert policy_arn not in aws
    assert policy_arn not in listed(iam, Scope="Local", OnlyAttached=True)


def test_tag_policy_adds_and_removes(iam: Any, policy_arn: Any) -> None:
    iam.tag_policy(PolicyArn=policy_arn, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    iam.untag_policy(PolicyArn=policy_arn, TagKeys=["a"])
    assert iam.list_policy_tags(PolicyArn=policy_arn)["Tags"] == [{"Key": "b", "Value": "2"}]


def matched(result: Any) -> list[dict[str, str]]:
    names = ("SourcePolicyId", "SourcePolicyType")
    return [{name: statement[name] for name in names} for statement in result["MatchedStatements"]]


def test_simulate_principal_policy_tells_allow_deny_and_nothing(
    iam: Any, role: Any, policy_arn: Any, unique: Unique
) -> None:
    iam.attach_role_policy(RoleName=unique("Worker"), PolicyArn=policy_arn)
    iam.put_role_policy(
        RoleName=unique("Worker"), PolicyName="no-purge", PolicyDocument=document("sqs:PurgeQueue", effect="Deny")
    )
    results = iam.simulate_principal_policy(
        PolicySourceArn=role["Arn"], ActionNames=["sqs:SendMessage", "sqs:PurgeQueue", "sns:Publish"]
    )["EvaluationResults"]
    assert [(r["EvalActionName"], r["EvalDecision"]) for r in results] == [
        ("sqs:SendMessage", "allowed"),
        ("sqs:PurgeQueue", "explicitDeny"),
        ("sns:Publish", "implicitDeny"),
    ]
    assert matched(results[0]) == [{"SourcePolicyId": unique("Queues"), "SourcePolicyType": "user-managed"}]
    assert matched(results[1]) == [{"SourcePolicyId": f"role_{unique('Worker')}_no-purge", "SourcePolicyType": "role"}]


def test_simulate_custom_policy_uses_context_and_names_what_is_missing(iam: Any) -> None:
    policy = document(Condition={"StringEquals": {"aws:RequestedRegion": "eu-west-1"}})
    question = {"PolicyInputList": [policy], "ActionNames": ["sqs:SendMessage"]}
    (result,) = iam.simulate_custom_policy(**question)["EvaluationResults"]
    assert (result["EvalDecision"], result["MissingContextValues"]) == ("implicitDeny", ["aws:requestedregion"])
    entry = {"ContextKeyName": "aws:RequestedRegion", "ContextKeyValues": ["eu-west-1"], "ContextKeyType": "string"}
    (result,) = iam.simulate_custom_policy(**question, ContextEntries=[entry])["EvaluationResults"]
    assert result["EvalDecision"] == "allowed"


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("AmazonS3ReadOnlyAccess", "/"),
        ("AmazonS3FullAccess", "/"),
        ("CloudWatchFullAccess", "/"),
        ("AWSLambdaDynamoDBExecutionRole", "/service-role/"),
        ("AWSLambdaVPCAccessExecutionRole", "/service-role/"),
        ("AWSXRayDaemonWriteAccess", "/"),
        ("AWSLambda_FullAccess", "/"),
        ("AmazonSSMReadOnlyAccess", "/"),
        ("PowerUserAccess", "/"),
        ("IAMFullAccess", "/"),
    ],
)
def test_managed_policies_of_the_offered_services_can_be_attached(
    iam: Any, role: Any, name: Any, path: Any, unique: Unique
) -> None:
    arn = f"arn:aws:iam::aws:policy{path}{name}"
    iam.attach_role_policy(RoleName=unique("Worker"), PolicyArn=arn)
    policy = iam.get_policy(PolicyArn=arn)["Policy"]
    assert policy["AttachmentCount"] >= 1
    version = iam.get_policy_version(PolicyArn=arn, VersionId=policy["DefaultVersionId"])["PolicyVersion"]
    assert version["Document"]["Statement"]


def test_lambda_execute_allows_logs_and_objects(iam: Any) -> None:
    arn = "arn:aws:iam::aws:policy/AWSLambdaExecute"
    document = iam.get_policy_version(PolicyArn=arn, VersionId="v1")["PolicyVersion"]["Document"]
    assert [(s["Action"], s["Resource"]) for s in document["Statement"]] == [
        (["logs:*"], "arn:aws:logs:*:*:*"),
        (["s3:GetObject", "s3:PutObject"], "arn:aws:s3:::*"),
    ]


@pytest.mark.parametrize(
    ("operation", "member", "name", "allowed"),
    [
        ("list_policies", "Scope", "scope", "All, AWS, Local"),
        ("list_policies", "PolicyUsageFilter", "policyUsageFilter", "PermissionsPolicy, PermissionsBoundary"),
        (
            "list_entities_for_policy",
            "EntityFilter",
            "entityFilter",
            "User, Role, Group, LocalManagedPolicy, AWSManagedPolicy",
        ),
    ],
)
def test_lists_of_policies_refuse_a_filter_that_there_is_not(
    iam: Any, operation: str, member: str, name: str, allowed: str
) -> None:
    of_policy = {"PolicyArn": "arn:aws:iam::aws:policy/AWSLambdaExecute"}
    request = {member: "None", **(of_policy if operation == "list_entities_for_policy" else {})}
    assert refusal(getattr(iam, operation), **request) == (
        "ValidationError",
        f"1 validation error detected: Value 'None' at '{name}' failed to satisfy constraint: "
        f"Member must satisfy enum value set: [{allowed}]",
    )
