"""Goal: resources are told by the names that AWS gives them, in every partition."""

from __future__ import annotations

import pytest

from orders.console.arns import Home, arn_of, console_url

HOME = Home("aws", "eu-west-1", "123456789012")


@pytest.mark.parametrize(
    ("kind", "physical_id", "arn"),
    [
        ("AWS::DynamoDB::Table", "Orders", "arn:aws:dynamodb:eu-west-1:123456789012:table/Orders"),
        (
            "AWS::SQS::Queue",
            "https://sqs.eu-west-1.amazonaws.com/123456789012/OrderQueue",
            "arn:aws:sqs:eu-west-1:123456789012:OrderQueue",
        ),
        ("AWS::SNS::Topic", "arn:aws:sns:eu-west-1:123456789012:OrderTopic", None),
        ("AWS::IAM::Role", "R", "arn:aws:iam::123456789012:role/R"),
        ("AWS::CloudWatch::Dashboard", "D", "arn:aws:cloudwatch::123456789012:dashboard/D"),
    ],
)
def test_arns(kind: str, physical_id: str, arn: str | None) -> None:
    assert arn_of(kind, physical_id, HOME) == (arn or physical_id)


def test_what_has_no_arn_has_none() -> None:
    assert arn_of("AWS::SQS::QueuePolicy", "orders-Policy-1", HOME) is None
    assert arn_of("AWS::DynamoDB::Table", "", HOME) is None


def test_the_console_of_each_partition() -> None:
    def url(home: Home) -> str | None:
        return console_url("AWS::DynamoDB::Table", "Orders", home)

    assert url(HOME) == "https://eu-west-1.console.aws.amazon.com/dynamodbv2/home?region=eu-west-1#table?name=Orders"
    china = url(Home("aws-cn", "cn-north-1", "1"))
    assert china is not None
    assert china.startswith("https://cn-north-1.console.amazonaws.cn/")
    assert url(Home("aws-iso", "us-iso-east-1", "1")) is None
    assert console_url("AWS::SQS::QueuePolicy", "p", HOME) is None


def test_a_log_group_s_slashes_are_written_as_cloudwatch_wants_them() -> None:
    url = console_url("AWS::Logs::LogGroup", "/aws/lambda/OrderProcessor", HOME)
    assert url is not None
    assert url.endswith("#logsV2:log-groups/log-group/$252Faws$252Flambda$252FOrderProcessor")
