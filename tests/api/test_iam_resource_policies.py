"""Goal: policies of queues, topics and roles decide over the account's own users and roles as they do on AWS."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import WaiterError

from onebox.testing import EngineThread
from tests.api.iam_support import document, key_client, refused, trust
from tests.api.lambda_support import zipped


@pytest.fixture
def iam(client: Callable[..., Any]) -> Any:
    return client("iam")


@pytest.fixture
def ann(iam: Any, onebox: EngineThread) -> Any:
    """Clients of a user without any policy."""
    iam.create_user(UserName="Ann")
    key = iam.create_access_key(UserName="Ann")["AccessKey"]
    return lambda service: key_client(onebox, service, key)


@pytest.fixture
def queue(client: Callable[..., Any], account: str) -> Any:
    """A queue's URL, and a function that sets its policy for a principal."""
    sqs = client("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]

    def allow(principal: Any, *more: Any) -> None:
        resource = f"arn:aws:sqs:us-east-1:{account}:q"
        statement = {"Effect": "Allow", "Principal": principal, "Action": "sqs:SendMessage", "Resource": resource}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement, *more]})
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})

    return url, allow


def test_a_queue_that_names_the_user_lets_the_user_send(ann: Any, queue: Any, account: str) -> None:
    url, allow = queue
    assert refused(ann("sqs").send_message, QueueUrl=url, MessageBody="m")[0] == "AccessDenied"
    allow({"AWS": f"arn:aws:iam::{account}:user/Ann"})
    assert ann("sqs").send_message(QueueUrl=url, MessageBody="m")["MessageId"]
    assert refused(ann("sqs").receive_message, QueueUrl=url)[0] == "AccessDenied"


def test_a_bucket_that_names_the_user_lets_the_user_read(
    ann: Any, account: str, client: Callable[..., Any], iam: Any
) -> None:
    s3 = client("s3")
    s3.create_bucket(Bucket="shared")
    s3.put_object(Bucket="shared", Key="a", Body=b"x")
    assert refused(ann("s3").get_object, Bucket="shared", Key="a")[0] == "AccessDenied"
    arn = f"arn:aws:iam::{account}:user/Ann"
    allow = {
        "Effect": "Allow",
        "Principal": {"AWS": arn},
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::shared/*",
    }
    deny = {**allow, "Effect": "Deny", "Resource": "arn:aws:s3:::shared/secret*"}
    s3.put_bucket_policy(Bucket="shared", Policy=json.dumps({"Version": "2012-10-17", "Statement": [allow, deny]}))
    assert ann("s3").get_object(Bucket="shared", Key="a")["Body"].read() == b"x"
    assert refused(ann("s3").put_object, Bucket="shared", Key="a", Body=b"y")[0] == "AccessDenied"
    iam.put_user_policy(UserName="Ann", PolicyName="p", PolicyDocument=document("s3:*"))
    assert refused(ann("s3").get_object, Bucket="shared", Key="secret")[0] == "AccessDenied"


def test_a_bucket_that_names_the_user_gives_code_and_templates_to_what_reads_for_the_user(
    ann: Any, account: str, client: Callable[..., Any], iam: Any
) -> None:
    s3 = client("s3")
    s3.create_bucket(Bucket="artifacts")
    code = zipped("def handler(event, context):\n    return 1\n")
    template = json.dumps({"Resources": {"Handle": {"Type": "AWS::CloudFormation::WaitConditionHandle"}}}).encode()
    for key, body, tagging in (("code", code, ""), ("secret", code, "class=secret"), ("template", template, "")):
        s3.put_object(Bucket="artifacts", Key=key, Body=body, Tagging=tagging)
    role = iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust({"Service": "lambda.amazonaws.com"}))
    needed = document(["lambda:CreateFunction", "iam:PassRole", "cloudformation:ValidateTemplate"])
    iam.put_user_policy(UserName="Ann", PolicyName="p", PolicyDocument=needed)

    def make(key: str) -> dict[str, Any]:
        settings = {"Runtime": "python3.13", "Handler": "main.handler", "Role": role["Role"]["Arn"]}
        return {"FunctionName": key, **settings, "Code": {"S3Bucket": "artifacts", "S3Key": key}}

    functions, cloudformation = ann("lambda"), ann("cloudformation")
    url = "https://artifacts.s3.amazonaws.com/template"
    assert refused(functions.create_function, **make("code"))[0] == "AccessDeniedException"
    assert refused(cloudformation.validate_template, TemplateURL=url)[0] == "ValidationError"

    allow = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:user/Ann"},
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::artifacts/*",
    }
    secret = {"StringEquals": {"s3:ExistingObjectTag/class": "secret"}}
    statements = [allow, {**allow, "Effect": "Deny", "Condition": secret}]
    s3.put_bucket_policy(Bucket="artifacts", Policy=json.dumps({"Version": "2012-10-17", "Statement": statements}))
    assert functions.create_function(**make("code"))["FunctionName"] == "code"
    assert refused(functions.create_function, **make("secret"))[0] == "AccessDeniedException"
    assert cloudformation.validate_template(TemplateURL=url)["Parameters"] == []


def test_a_bucket_of_another_account_lets_nobody_in(ann: Any, account: str, onebox: EngineThread) -> None:
    other = onebox.client("s3", account="222222222222")
    other.create_bucket(Bucket="theirs")
    other.put_object(Bucket="theirs", Key="a", Body=b"x")
    allow = {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::theirs/*"}
    other.put_bucket_policy(Bucket="theirs", Policy=json.dumps({"Statement": [allow]}))
    assert refused(ann("s3").get_object, Bucket="theirs", Key="a")[0] == "AccessDenied"


def test_a_bucket_policy_that_is_none_is_refused(client: Callable[..., Any]) -> None:
    s3 = client("s3")
    s3.create_bucket(Bucket="documents")
    for statement in ("x", ["x"], [{"Effect": "Allow", "Condition": "x"}], [{"Principal": 1}], []):
        policy = json.dumps({"Statement": statement})
        assert refused(s3.put_bucket_policy, Bucket="documents", Policy=policy)[0] == "MalformedPolicy", statement


def test_a_function_that_names_the_user_lets_the_user_invoke_it(
    ann: Any, account: str, client: Callable[..., Any], iam: Any
) -> None:
    functions = client("lambda")
    role = iam.create_role(RoleName="R", AssumeRolePolicyDocument=trust({"Service": "lambda.amazonaws.com"}))["Role"][
        "Arn"
    ]
    functions.create_function(
        FunctionName="f", Role=role, Runtime="python3.12", Handler="a.b", Code={"ZipFile": zipped({"a.py": ""})}
    )
    assert refused(ann("lambda").get_function, FunctionName="f")[0] == "AccessDeniedException"
    functions.add_permission(
        FunctionName="f", StatementId="s", Action="lambda:GetFunction", Principal=f"arn:aws:iam::{account}:user/Ann"
    )
    assert ann("lambda").get_function(FunctionName="f")["Configuration"]["FunctionName"] == "f"
    assert refused(ann("lambda").delete_function, FunctionName="f")[0] == "AccessDeniedException"


def test_a_queue_that_names_the_account_alone_leaves_it_to_the_users_policies(
    ann: Any, queue: Any, account: str, iam: Any
) -> None:
    url, allow = queue
    allow({"AWS": account})
    assert refused(ann("sqs").send_message, QueueUrl=url, MessageBody="m")[0] == "AccessDenied"
    iam.put_user_policy(UserName="Ann", PolicyName="p", PolicyDocument=document("sqs:SendMessage"))
    assert ann("sqs").send_message(QueueUrl=url, MessageBody="m")["MessageId"]


def test_a_queues_deny_counts_for_the_owners_users(
    ann: Any, queue: Any, account: str, iam: Any, onebox: EngineThread
) -> None:
    url, allow = queue
    iam.put_user_policy(UserName="Ann", PolicyName="p", PolicyDocument=document("*"))
    arn = f"arn:aws:iam::{account}:user/Ann"
    deny = {"Sid": "NotAnn", "Effect": "Deny", "Principal": {"AWS": arn}, "Action": "*", "Resource": "*"}
    allow({"AWS": account}, deny)
    code, message, _ = refused(ann("sqs").send_message, QueueUrl=url, MessageBody="m")
    assert (code, message.endswith("with an explicit deny in a resource-based policy")) == ("AccessDenied", True)


def test_a_users_own_deny_beats_the_queue(ann: Any, queue: Any, account: str, iam: Any) -> None:
    url, allow = queue
    allow({"AWS": f"arn:aws:iam::{account}:user/Ann"})
    iam.put_user_policy(UserName="Ann", PolicyName="p", PolicyDocument=document("sqs:*", effect="Deny"))
    assert "identity-based" in refused(ann("sqs").send_message, QueueUrl=url, MessageBody="m")[1]


def test_a_role_is_named_with_its_path_and_stays_within_its_boundary(
    client: Callable[..., Any], onebox: EngineThread, iam: Any, queue: Any, account: str
) -> None:
    url, allow = queue
    role = iam.create_role(RoleName="R", Path="/x/", AssumeRolePolicyDocument=trust({"AWS": account}))["Role"]["Arn"]
    session = client("sts").assume_role(RoleArn=role, RoleSessionName="shift")["Credentials"]
    sqs = key_client(onebox, "sqs", session)
    allow({"AWS": role})
    assert sqs.send_message(QueueUrl=url, MessageBody="m")["MessageId"]
    bound = iam.create_policy(PolicyName="Bound", PolicyDocument=document("sns:*"))["Policy"]["Arn"]
    iam.put_role_permissions_boundary(RoleName="R", PermissionsBoundary=bound)
    assert "permissions boundary" in refused(sqs.send_message, QueueUrl=url, MessageBody="m")[1]


def test_a_topic_that_names_the_user_lets_the_user_publish(ann: Any, client: Callable[..., Any], account: str) -> None:
    sns = client("sns")
    topic = sns.create_topic(Name="t")["TopicArn"]
    assert refused(ann("sns").publish, TopicArn=topic, Message="m")[0] == "AuthorizationError"
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:user/Ann"},
        "Action": "sns:Publish",
        "Resource": topic,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)
    assert ann("sns").publish(TopicArn=topic, Message="m")["MessageId"]


def test_another_accounts_user_needs_both_policies(queue: Any, onebox: EngineThread) -> None:
    url, allow = queue
    iam = onebox.client("iam", account="333333333333")
    iam.create_user(UserName="Guest")
    key = iam.create_access_key(UserName="Guest")["AccessKey"]
    guest = key_client(onebox, "sqs", key)
    allow({"AWS": "arn:aws:iam::333333333333:user/Guest"})
    assert refused(guest.send_message, QueueUrl=url, MessageBody="m")[0] == "AccessDenied"
    iam.put_user_policy(UserName="Guest", PolicyName="p", PolicyDocument=document("sqs:SendMessage"))
    assert guest.send_message(QueueUrl=url, MessageBody="m")["MessageId"]
    allow({"AWS": "arn:aws:iam::333333333333:user/Other"})
    assert refused(guest.send_message, QueueUrl=url, MessageBody="m")[0] == "AccessDenied"


def test_a_stack_has_no_more_rights_than_the_user_who_makes_it(ann: Any, client: Callable[..., Any], iam: Any) -> None:
    iam.put_user_policy(UserName="Ann", PolicyName="p", PolicyDocument=document("cloudformation:*"))
    template = json.dumps(
        {"Resources": {"Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {}}}}}
    )
    template = template.replace("{}", trust({"Service": "lambda.amazonaws.com"}))
    ann("cloudformation").create_stack(StackName="s", TemplateBody=template, Capabilities=["CAPABILITY_IAM"])
    waiter = client("cloudformation").get_waiter("stack_create_complete")
    with pytest.raises(WaiterError, match="ROLLBACK"):
        waiter.wait(StackName="s", WaiterConfig={"Delay": 1, "MaxAttempts": 30})
    events = client("cloudformation").describe_stack_events(StackName="s")["StackEvents"]
    assert any("iam:CreateRole" in event.get("ResourceStatusReason", "") for event in events)
    assert iam.list_roles()["Roles"] == []
