"""Templates for the CloudFormation tests."""

from __future__ import annotations

import json
from typing import Any

_ASSUME = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


def every_type(version: int) -> dict[str, Any]:
    """A stack with a resource of every type. Version 2 changes all that can change in place."""
    second = version == 2
    tags = [{"Key": "version", "Value": str(version)}]
    policy = _policy(
        ["sqs:*"] if second else ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:Get*", "sqs:SendMessage"]
    )
    resources = {
        **_messaging(version, second, tags),
        **_functions(version, second, tags),
        **_identities(version, policy, tags),
        **_inline_policies(version),
        "Table": {"Type": "AWS::DynamoDB::Table", "Properties": {**_table(second), "Tags": tags}},
        **_roles(version, second, policy, tags),
        **_logs(version, second),
        **_alarms(version, second, tags),
        **_buckets(version, second, tags),
        "CDKMetadata": {"Type": "AWS::CDK::Metadata", "Properties": {"Analytics": f"v2:{version}"}},
        "Handle": {"Type": "AWS::CloudFormation::WaitConditionHandle"},
    }
    return {"Resources": resources, "Outputs": {"Arn": {"Value": {"Fn::GetAtt": "Function.Arn"}}}}


def _roles(version: int, second: bool, policy: dict[str, Any], tags: list[dict[str, str]]) -> dict[str, Any]:
    """A role and the policies that it has."""
    return {
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "AssumeRolePolicyDocument": _ASSUME,
                "Description": f"version {version}",
                "ManagedPolicyArns": [
                    f"arn:aws:iam::aws:policy/Amazon{'SQS' if second else 'DynamoDB'}FullAccess",
                ],
                "Policies": [{"PolicyName": f"inline-{version}", "PolicyDocument": policy}],
                "Tags": tags,
            },
        },
        "Policy": {
            "Type": "AWS::IAM::Policy",
            "Properties": {"PolicyName": "own", "PolicyDocument": policy, "Roles": [{"Ref": "Role"}]},
        },
        "Managed": {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": policy}},
    }


def _logs(version: int, second: bool) -> dict[str, Any]:
    """A log group and what belongs to it."""
    return {
        "Group": {"Type": "AWS::Logs::LogGroup", "Properties": {} if second else {"RetentionInDays": "7"}},
        "Filter": {
            "Type": "AWS::Logs::MetricFilter",
            "Properties": {
                "LogGroupName": {"Ref": "Group"},
                "FilterPattern": f"ERROR {version}",
                "MetricTransformations": [{"MetricName": "e", "MetricNamespace": "n", "MetricValue": "1"}],
            },
        },
        "Stream": {"Type": "AWS::Logs::LogStream", "Properties": {"LogGroupName": {"Ref": "Group"}}},
    }


def _alarms(version: int, second: bool, tags: list[dict[str, str]]) -> dict[str, Any]:
    """Alarms and a dashboard."""
    return {
        "Alarm": {
            "Type": "AWS::CloudWatch::Alarm",
            "Properties": {
                "ComparisonOperator": "GreaterThanThreshold",
                "EvaluationPeriods": version,
                "MetricName": "e",
                "Namespace": "n",
                "Period": "60",
                "Statistic": "Sum",
                "Threshold": "1.5",
                "AlarmActions": [{"Ref": "Topic"}],
                "Tags": tags,
            },
        },
        "Composite": {
            "Type": "AWS::CloudWatch::CompositeAlarm",
            "Properties": {
                "AlarmRule": {"Fn::Sub": 'ALARM("${Alarm}")' if second else 'NOT ALARM("${Alarm}")'},
                "AlarmActions": [{"Ref": "Topic"}],
                "Tags": tags,
            },
        },
        "Board": {"Type": "AWS::CloudWatch::Dashboard", "Properties": {"DashboardBody": _dashboard(version)}},
    }


def _buckets(version: int, second: bool, tags: list[dict[str, str]]) -> dict[str, Any]:
    """A bucket and its policy."""
    return {
        "Bucket": {
            "Type": "AWS::S3::Bucket",
            "Properties": {
                "VersioningConfiguration": {"Status": "Suspended" if second else "Enabled"},
                "PublicAccessBlockConfiguration": {"BlockPublicAcls": True},
                "BucketEncryption": {
                    "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
                },
                "LifecycleConfiguration": {"Rules": [{"Status": "Enabled", "ExpirationInDays": str(version)}]},
                **({} if second else {"OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}}),
                "Tags": tags,
            },
        },
        "BucketPolicy": {
            "Type": "AWS::S3::BucketPolicy",
            "Properties": {
                "Bucket": {"Ref": "Bucket"},
                "PolicyDocument": _policy(
                    ["s3:GetObject"],
                    Sid=f"v{version}",
                    Principal={"AWS": {"Ref": "AWS::AccountId"}},
                    Resource={"Fn::Sub": "${Bucket.Arn}/*"},
                ),
            },
        },
    }


def _identities(version: int, policy: dict[str, Any], tags: list[dict[str, str]]) -> dict[str, Any]:
    """Users, groups and what belongs to them."""
    inline = {"PolicyName": "single", "PolicyDocument": policy}
    return {
        "User": {
            "Type": "AWS::IAM::User",
            "Properties": {
                "Groups": [{"Ref": "Team"}] if version == 1 else [],
                "ManagedPolicyArns": ["arn:aws:iam::aws:policy/AmazonSQSFullAccess"] if version == 2 else [],
                "Policies": [{"PolicyName": f"inline-{version}", "PolicyDocument": policy}],
                "Tags": tags,
            },
        },
        "Team": {
            "Type": "AWS::IAM::Group",
            "Properties": {"Policies": [{"PolicyName": f"inline-{version}", "PolicyDocument": policy}]},
        },
        "Addition": {
            "Type": "AWS::IAM::UserToGroupAddition",
            "Properties": {"GroupName": {"Ref": "Team"}, "Users": [{"Ref": "User"}] if version == 2 else []},
        },
        "Key": {"Type": "AWS::IAM::AccessKey", "Properties": {"UserName": {"Ref": "User"}, "Serial": version}},
        "UserPolicy": {"Type": "AWS::IAM::UserPolicy", "Properties": {**inline, "UserName": {"Ref": "User"}}},
        "GroupPolicy": {"Type": "AWS::IAM::GroupPolicy", "Properties": {**inline, "GroupName": {"Ref": "Team"}}},
        "RolePolicy": {"Type": "AWS::IAM::RolePolicy", "Properties": {**inline, "RoleName": {"Ref": "Role"}}},
        "Profile": {"Type": "AWS::IAM::InstanceProfile", "Properties": {"Roles": [{"Ref": "Role"}]}},
        "Linked": {
            "Type": "AWS::IAM::ServiceLinkedRole",
            "Properties": {
                "AWSServiceName": "autoscaling.amazonaws.com",
                "CustomSuffix": "all",
                "Description": f"version {version}",
            },
        },
    }


def _inline_policies(version: int) -> dict[str, Any]:
    """The policies of one queue and one topic that have no other policy."""

    def policy(action: str, resource: Any) -> dict[str, Any]:
        statement = {"Effect": "Allow", "Principal": "*", "Action": action, "Resource": resource}
        return {"Version": "2012-10-17", "Statement": [{**statement, "Sid": f"v{version}"}]}

    queue_policy = policy("sqs:SendMessage", {"Fn::GetAtt": ["OpenQueue", "Arn"]})
    topic_policy = policy("sns:Publish", {"Ref": "OpenTopic"})
    return {
        "OpenQueue": {"Type": "AWS::SQS::Queue"},
        "OpenQueuePolicy": {
            "Type": "AWS::SQS::QueueInlinePolicy",
            "Properties": {"Queue": {"Ref": "OpenQueue"}, "PolicyDocument": queue_policy},
        },
        "OpenTopic": {"Type": "AWS::SNS::Topic"},
        "OpenTopicPolicy": {
            "Type": "AWS::SNS::TopicInlinePolicy",
            "Properties": {"TopicArn": {"Ref": "OpenTopic"}, "PolicyDocument": topic_policy},
        },
    }


def _policy(actions: list[str], **statement: Any) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*", **statement}],
    }


def _messaging(version: int, second: bool, tags: list[dict[str, str]]) -> dict[str, Any]:
    return {
        "Topic": {
            "Type": "AWS::SNS::Topic",
            "Properties": {
                "DisplayName": f"version {version}",
                "Subscription": [{"Protocol": "sqs", "Endpoint": {"Fn::GetAtt": "Queue.Arn"}}],
                "Tags": tags,
            },
        },
        "TopicPolicy": {
            "Type": "AWS::SNS::TopicPolicy",
            "Properties": {
                "Topics": [{"Ref": "Topic"}],
                "PolicyDocument": _policy(["sns:Publish"], Sid=f"v{version}", Principal="*", Resource={"Ref": "Topic"}),
            },
        },
        "Queue": {
            "Type": "AWS::SQS::Queue",
            "Properties": {
                "VisibilityTimeout": 60 * version,
                "RedrivePolicy": {"deadLetterTargetArn": {"Fn::GetAtt": "Dead.Arn"}, "maxReceiveCount": 3 + version},
                "Tags": tags,
            },
        },
        "Dead": {
            "Type": "AWS::SQS::Queue",
            "Properties": {} if second else {"MessageRetentionPeriod": "1209600"},
        },
        "Fifo": {
            "Type": "AWS::SQS::Queue",
            "Properties": {"FifoQueue": "true", "ContentBasedDeduplication": not second},
        },
        "QueuePolicy": {
            "Type": "AWS::SQS::QueuePolicy",
            "Properties": {
                "Queues": [{"Ref": "Queue"}],
                "PolicyDocument": _policy(
                    ["sqs:SendMessage"],
                    Sid=f"v{version}",
                    Principal={"Service": "sns.amazonaws.com"},
                    Resource={"Fn::GetAtt": "Queue.Arn"},
                ),
            },
        },
        "Subscription": {
            "Type": "AWS::SNS::Subscription",
            "Properties": {
                "TopicArn": {"Ref": "Topic"},
                "Protocol": "sqs",
                "Endpoint": {"Fn::GetAtt": "Dead.Arn"},
                "RawMessageDelivery": "false" if second else "true",
                "FilterPolicy": {"kind": [f"v{version}"]},
            },
        },
    }


def _functions(version: int, second: bool, tags: list[dict[str, str]]) -> dict[str, Any]:
    function = {"FunctionName": {"Ref": "Function"}}
    return {
        "Function": {
            "Type": "AWS::Lambda::Function",
            "DependsOn": "Policy",
            "Properties": {
                "Code": {"ZipFile": f"def handler(event, context):\n    return {version}\n"},
                "Handler": "index.handler",
                "Runtime": "python3.12",
                "Role": {"Fn::GetAtt": "Role.Arn"},
                "Timeout": 10 * version,
                "Environment": {"Variables": {"VERSION": version}},
                "DeadLetterConfig": {"TargetArn": {"Fn::GetAtt": "Dead.Arn"}},
                **({} if second else {"ReservedConcurrentExecutions": 5}),
                "Tags": tags,
            },
        },
        "Mapping": {
            "Type": "AWS::Lambda::EventSourceMapping",
            "Properties": {
                **function,
                "EventSourceArn": {"Fn::GetAtt": "Queue.Arn"},
                "BatchSize": version,
                "Enabled": not second,
                "FunctionResponseTypes": ["ReportBatchItemFailures"],
                "ScalingConfig": {"MaximumConcurrency": 2 * version},
            },
        },
        "Permission": {
            "Type": "AWS::Lambda::Permission",
            "Properties": {
                "FunctionName": {"Fn::GetAtt": "Function.Arn"},
                "Action": "lambda:InvokeFunction",
                "Principal": "sns.amazonaws.com",
                "SourceArn": {"Ref": "Topic"},
            },
        },
        "Version": {
            "Type": "AWS::Lambda::Version",
            "Properties": {**function, "Description": f"version {version}"},
        },
        "Alias": {
            "Type": "AWS::Lambda::Alias",
            "Properties": {**function, "Name": "live", "FunctionVersion": {"Fn::GetAtt": "Version.Version"}},
        },
        "Invoke": {
            "Type": "AWS::Lambda::EventInvokeConfig",
            "Properties": {**function, "Qualifier": "$LATEST", "MaximumRetryAttempts": version - 1},
        },
    }


def _table(second: bool) -> dict[str, Any]:
    units = {"ReadCapacityUnits": "5", "WriteCapacityUnits": 5}
    throughput = {"ProvisionedThroughput": units} if second else {}
    return {
        "BillingMode": "PROVISIONED" if second else "PAY_PER_REQUEST",
        **throughput,
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in ("id", "other")],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "GlobalSecondaryIndexes": [
            {
                "IndexName": "second" if second else "first",
                "KeySchema": [{"AttributeName": "other", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
                **throughput,
            }
        ],
        "TimeToLiveSpecification": {"AttributeName": "ttl", "Enabled": not second},
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": not second},
    }


def _dashboard(version: int) -> str:
    widget = {"type": "text", "x": 0, "y": 0, "width": version, "height": 1, "properties": {"markdown": "hi"}}
    return json.dumps({"widgets": [widget]})
