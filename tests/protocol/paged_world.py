"""An account with three or more of whatever the offered operations list, and the request that lists them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from onebox.steady_clock import SystemClock
from tests.api.lambda_support import RUNTIME, TRUST, zipped

Client = Callable[[str], Any]
Requests = Mapping[str, Mapping[str, Any]]
"""The request of each operation, without its page size and its token."""

_ALLOW = {"Effect": "Allow", "Action": "*", "Resource": "*"}
_POLICY = json.dumps({"Version": "2012-10-17", "Statement": [_ALLOW]})
_FOR_ALL = json.dumps({"Version": "2012-10-17", "Statement": [{**_ALLOW, "Principal": "*"}]})
_ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
_NUMBERS = range(3)
_TAGS = [{"Key": f"key-{number}", "Value": "value"} for number in _NUMBERS]
_ACTIONS = ["s3:GetObject", "sns:Publish", "sqs:SendMessage"]


def build_world(client: Client) -> dict[str, Requests]:
    """Make it; the requests of each service."""
    return {
        "iam": _iam(client("iam")),
        "lambda": _lambda(client),
        "sqs": _sqs(client("sqs")),
        "s3": _s3(client("s3")),
        "dynamodb": _dynamodb(client("dynamodb")),
        "ecr": _ecr(client("ecr")),
        "logs": _logs(client),
        "cloudwatch": _cloudwatch(client("cloudwatch")),
        "ssm": _ssm(client("ssm")),
        "cloudformation": {"ListStackSets": {}},
    }


def _iam(iam: Any) -> Requests:
    arns = [iam.create_policy(PolicyName=f"p{n}", PolicyDocument=_POLICY)["Policy"]["Arn"] for n in _NUMBERS]
    for n in _NUMBERS:
        iam.create_user(UserName=f"u{n}")
        iam.create_group(GroupName=f"g{n}")
        iam.create_role(RoleName=f"r{n}", AssumeRolePolicyDocument=TRUST)
        iam.create_instance_profile(InstanceProfileName=f"i{n}")
        iam.add_role_to_instance_profile(InstanceProfileName=f"i{n}", RoleName="r0")
        iam.create_policy_version(PolicyArn=arns[0], PolicyDocument=_POLICY)
    for n in _NUMBERS:
        iam.add_user_to_group(UserName="u0", GroupName=f"g{n}")
        iam.add_user_to_group(UserName=f"u{n}", GroupName="g0")
        for kind, name in (("user", "u0"), ("group", "g0"), ("role", "r0")):
            member = {f"{kind.capitalize()}Name": name}
            getattr(iam, f"attach_{kind}_policy")(PolicyArn=arns[n], **member)
            getattr(iam, f"put_{kind}_policy")(PolicyName=f"x{n}", PolicyDocument=_POLICY, **member)
    for _ in range(2):  # all that a user may have
        iam.create_access_key(UserName="u0")
    iam.tag_user(UserName="u0", Tags=_TAGS)
    iam.tag_role(RoleName="r0", Tags=_TAGS)
    iam.tag_policy(PolicyArn=arns[0], Tags=_TAGS)
    iam.tag_instance_profile(InstanceProfileName="i0", Tags=_TAGS)
    user, group, role, policy = {"UserName": "u0"}, {"GroupName": "g0"}, {"RoleName": "r0"}, {"PolicyArn": arns[0]}
    user_arn = iam.get_user(UserName="u0")["User"]["Arn"]
    return {
        "GetGroup": group,
        "ListAccessKeys": user,
        "ListAttachedGroupPolicies": group,
        "ListAttachedRolePolicies": role,
        "ListAttachedUserPolicies": user,
        "ListEntitiesForPolicy": policy,
        "ListGroupPolicies": group,
        "ListGroups": {},
        "ListGroupsForUser": user,
        "ListInstanceProfileTags": {"InstanceProfileName": "i0"},
        "ListInstanceProfiles": {},
        "ListInstanceProfilesForRole": role,
        "ListMFADevices": user,
        "ListPolicies": {"Scope": "Local"},
        "ListPolicyTags": policy,
        "ListPolicyVersions": policy,
        "ListRolePolicies": role,
        "ListRoleTags": role,
        "ListRoles": {},
        "ListSSHPublicKeys": user,
        "ListServerCertificates": {},
        "ListSigningCertificates": user,
        "ListUserPolicies": user,
        "ListUserTags": user,
        "ListUsers": {},
        "SimulateCustomPolicy": {"PolicyInputList": [_POLICY], "ActionNames": _ACTIONS},
        "SimulatePrincipalPolicy": {"PolicySourceArn": user_arn, "ActionNames": _ACTIONS},
    }


def _lambda(client: Client) -> Requests:
    api, sqs = client("lambda"), client("sqs")
    role = client("iam").create_role(RoleName="function", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    client("iam").attach_role_policy(RoleName="function", PolicyArn=_ADMINISTRATOR)
    code = {"ZipFile": zipped("def handler(event, context): pass")}
    signing: list[str] = []
    for n in _NUMBERS:
        publishers = [f"arn:aws:signer:us-east-1:100200300400:/signing-profiles/p{n}/abcdefghij"]
        made = api.create_code_signing_config(AllowedPublishers={"SigningProfileVersionArns": publishers})
        signing.append(made["CodeSigningConfig"]["CodeSigningConfigArn"])
        api.create_function(FunctionName=f"f{n}", Runtime=RUNTIME, Role=role, Handler="app.handler", Code=code)
        api.put_function_code_signing_config(FunctionName=f"f{n}", CodeSigningConfigArn=signing[0])
    for n in _NUMBERS:
        api.update_function_configuration(FunctionName="f0", Description=str(n))
        version = api.publish_version(FunctionName="f0")["Version"]
        api.create_alias(FunctionName="f0", Name=f"a{n}", FunctionVersion="1")
        api.put_function_event_invoke_config(FunctionName="f0", Qualifier=f"a{n}", MaximumRetryAttempts=0)
        api.create_function_url_config(FunctionName="f0", Qualifier=f"a{n}", AuthType="NONE")
        # More than this machine keeps ready, so that no process starts.
        api.put_provisioned_concurrency_config(
            FunctionName="f0", Qualifier=version, ProvisionedConcurrentExecutions=100
        )
        url = sqs.create_queue(QueueName=f"source-{n}")["QueueUrl"]
        api.create_event_source_mapping(FunctionName="f0", EventSourceArn=_queue_arn(sqs, url), Enabled=False)
        api.publish_layer_version(LayerName=f"l{n}", Content=code)
        api.publish_layer_version(LayerName="l0", Content=code)
    function = {"FunctionName": "f0"}
    return {
        "ListAliases": function,
        "ListCodeSigningConfigs": {},
        "ListEventSourceMappings": {},
        "ListFunctionEventInvokeConfigs": function,
        "ListFunctionUrlConfigs": function,
        "ListFunctions": {},
        "ListFunctionsByCodeSigningConfig": {"CodeSigningConfigArn": signing[0]},
        "ListLayerVersions": {"LayerName": "l0"},
        "ListLayers": {},
        "ListProvisionedConcurrencyConfigs": function,
        "ListVersionsByFunction": function,
    }


def _sqs(sqs: Any) -> Requests:
    letters = sqs.create_queue(QueueName="letters")["QueueUrl"]
    redrive = json.dumps({"deadLetterTargetArn": _queue_arn(sqs, letters), "maxReceiveCount": 3})
    for n in _NUMBERS:
        sqs.create_queue(QueueName=f"q{n}", Attributes={"RedrivePolicy": redrive})
    return {"ListQueues": {}, "ListDeadLetterSourceQueues": {"QueueUrl": letters}}


def _queue_arn(sqs: Any, url: str) -> str:
    answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return str(answer["Attributes"]["QueueArn"])


def _s3(s3: Any) -> Requests:
    for n in _NUMBERS:
        s3.create_bucket(Bucket=f"bucket-{n}-pages")
    bucket = {"Bucket": "bucket-0-pages"}
    s3.put_bucket_versioning(**bucket, VersioningConfiguration={"Status": "Enabled"})
    upload = {**bucket, "Key": "parts"}
    upload["UploadId"] = s3.create_multipart_upload(**upload)["UploadId"]
    for n in _NUMBERS:
        for key in (f"k {n}é+", f"k {n}é+", f"folder-{n}/a", f"folder-{n}/b"):
            s3.put_object(**bucket, Key=key, Body=b"x")
        s3.delete_object(**bucket, Key="k 0é+")
        s3.create_multipart_upload(**bucket, Key=f"upload-{n // 2}")
        s3.upload_part(**upload, PartNumber=3 * n + 1, Body=b"x")
    return {
        "ListBuckets": {},
        "ListMultipartUploads": bucket,
        "ListObjectVersions": bucket,
        "ListObjectVersions by folder": {**bucket, "Delimiter": "/"},
        "ListObjects": bucket,
        "ListObjects by folder": {**bucket, "Delimiter": "/"},
        "ListObjectsV2": bucket,
        "ListObjectsV2 by folder": {**bucket, "Delimiter": "/"},
        "ListParts": upload,
    }


def _dynamodb(dynamodb: Any) -> Requests:
    names = (("p", "S", "HASH"), ("s", "N", "RANGE"))
    table = {"TableName": "table-0"}
    for n in _NUMBERS:
        dynamodb.create_table(
            TableName=f"table-{n}",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": kind} for name, kind, _ in names],
            KeySchema=[{"AttributeName": name, "KeyType": role} for name, _, role in names],
            BillingMode="PAY_PER_REQUEST",
        )
    for n in _NUMBERS:
        for partition in ("a", f"b{n}"):
            dynamodb.put_item(**table, Item={"p": {"S": partition}, "s": {"N": str(n)}})
        dynamodb.create_backup(**table, BackupName=f"backup-{n}")
    of_a = {"KeyConditionExpression": "p = :p", "ExpressionAttributeValues": {":p": {"S": "a"}}}
    return {"ListBackups": {}, "ListTables": {}, "Query": {**table, **of_a}, "Scan": table}


def _ecr(ecr: Any) -> Requests:
    for n in _NUMBERS:
        ecr.create_repository(repositoryName=f"repository-{n}")
    of_first = {"repositoryName": "repository-0"}
    return {"DescribeImages": of_first, "DescribeRepositories": {}, "ListImages": of_first}


def _logs(client: Client) -> Requests:
    logs, functions = client("logs"), client("lambda")
    group = {"logGroupName": "group-0"}
    metric = {"metricName": "m", "metricNamespace": "n", "metricValue": "1"}
    function = functions.get_function(FunctionName="f0")["Configuration"]["FunctionArn"]
    functions.add_permission(
        FunctionName="f0", StatementId="logs", Principal="logs.amazonaws.com", Action="lambda:InvokeFunction"
    )
    for n in _NUMBERS:
        logs.create_log_group(logGroupName=f"group-{n}")
        logs.create_log_stream(**group, logStreamName=f"stream-{n}")
        logs.put_log_events(
            **group,
            logStreamName=f"stream-{n}",
            logEvents=[{"timestamp": SystemClock().now_ms(), "message": f"line {n}"}],
        )
        logs.put_metric_filter(**group, filterName=f"f{n}", filterPattern="x", metricTransformations=[metric])
        logs.put_resource_policy(policyName=f"policy-{n}", policyDocument=_FOR_ALL)
        logs.start_query(**group, startTime=1, endTime=2, queryString="fields @message")
    for n in range(2):  # all that a group may have
        logs.put_subscription_filter(**group, filterName=f"f{n}", filterPattern="absent", destinationArn=function)
    return {
        "DescribeDestinations": {},
        "DescribeLogGroups": {},
        "DescribeLogStreams": group,
        "DescribeLogStreams by time": {**group, "orderBy": "LastEventTime", "descending": True},
        "DescribeMetricFilters": group,
        "DescribeQueries": {},
        "DescribeResourcePolicies": {},
        "DescribeSubscriptionFilters": group,
        "FilterLogEvents": group,
    }


def _cloudwatch(cloudwatch: Any) -> Requests:
    for n in _NUMBERS:
        cloudwatch.put_metric_alarm(
            AlarmName=f"alarm-{n}",
            Namespace="n",
            MetricName="m",
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanThreshold",
        )
        cloudwatch.put_composite_alarm(AlarmName=f"composite-{n}", AlarmRule="ALARM(alarm-0)")
    both = {"AlarmTypes": ["MetricAlarm", "CompositeAlarm"]}
    return {"DescribeAlarmHistory": both, "DescribeAlarms": {}, "DescribeAlarms of both types": both}


def _ssm(ssm: Any) -> Requests:
    for n in _NUMBERS:
        ssm.put_parameter(Name=f"/pages/p{n}", Value="x", Type="String")
        ssm.put_parameter(Name="/pages/p0", Value=f"{n}", Type="String", Overwrite=True)
    return {
        "DescribeParameters": {"ParameterFilters": [{"Key": "Path", "Values": ["/pages"]}]},
        "GetParameterHistory": {"Name": "/pages/p0"},
        "GetParametersByPath": {"Path": "/pages"},
    }
