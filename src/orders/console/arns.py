"""The ARN of a resource and its page in the AWS console, from its type and physical id.

Pure. A physical id is what CloudFormation's Ref returns: a name, an ARN or a URL, depending on the type.
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import quote, urlsplit

# The consoles of AWS's partitions.
_HOSTS = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}


class Home(NamedTuple):
    """The partition, region and account of resources."""

    partition: str
    region: str
    account: str


def arn_of(resource_type: str, physical_id: str, home: Home) -> str | None:
    """The ARN; None if the type has none or the physical id does not determine it."""
    if not physical_id:
        return None
    if physical_id.startswith("arn:"):
        return physical_id
    regional = f"{home.region}:{home.account}"
    name = _queue_name(physical_id) if resource_type == "AWS::SQS::Queue" else physical_id
    rest = {
        "AWS::DynamoDB::Table": f"dynamodb:{regional}:table/{name}",
        "AWS::SQS::Queue": f"sqs:{regional}:{name}",
        "AWS::Lambda::Function": f"lambda:{regional}:function:{name}",
        "AWS::Lambda::EventSourceMapping": f"lambda:{regional}:event-source-mapping:{name}",
        "AWS::IAM::Role": f"iam::{home.account}:role/{name}",
        "AWS::Logs::LogGroup": f"logs:{regional}:log-group:{name}",
        "AWS::CloudWatch::Alarm": f"cloudwatch:{regional}:alarm:{name}",
        # Dashboards belong to all regions of an account.
        "AWS::CloudWatch::Dashboard": f"cloudwatch::{home.account}:dashboard/{name}",
        "AWS::S3::Bucket": f"s3:::{name}",
    }.get(resource_type)
    return None if rest is None else f"arn:{home.partition}:{rest}"


def console_url(resource_type: str, physical_id: str, home: Home) -> str | None:
    """The resource's page in the AWS console; None if it has none."""
    if not physical_id or home.partition not in _HOSTS:
        return None
    whole = quote(physical_id, safe="")
    page = {
        "AWS::CloudFormation::Stack": f"cloudformation/home?region={home.region}#/stacks/stackinfo?stackId={whole}",
        "AWS::DynamoDB::Table": f"dynamodbv2/home?region={home.region}#table?name={whole}",
        "AWS::SQS::Queue": f"sqs/v3/home?region={home.region}#/queues/{whole}",
        "AWS::SNS::Topic": f"sns/v3/home?region={home.region}#/topic/{physical_id}",
        "AWS::SNS::Subscription": f"sns/v3/home?region={home.region}#/subscription/{physical_id}",
        "AWS::Lambda::Function": f"lambda/home?region={home.region}#/functions/{whole}",
        "AWS::IAM::Role": f"iam/home#/roles/details/{whole}",
        # CloudWatch's pages expect a dollar sign in place of the percent sign.
        "AWS::Logs::LogGroup": (
            f"cloudwatch/home?region={home.region}#logsV2:log-groups/log-group/{whole.replace('%', '$25')}"
        ),
        "AWS::CloudWatch::Alarm": f"cloudwatch/home?region={home.region}#alarmsV2:alarm/{whole}",
        "AWS::CloudWatch::Dashboard": f"cloudwatch/home?region={home.region}#dashboards/dashboard/{whole}",
        "AWS::S3::Bucket": f"s3/buckets/{whole}?region={home.region}",
    }.get(resource_type)
    return None if page is None else f"https://{home.region}.{_HOSTS[home.partition]}/{page}"


def _queue_name(url: str) -> str:
    return urlsplit(url).path.rpartition("/")[2]
