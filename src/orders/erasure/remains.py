"""What no command can erase: backups and logs, with what they hold and until when.

AWS: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/PointInTimeRecovery_Howitworks.html
"""

from __future__ import annotations

from collections.abc import Iterator

from orders.aws.clients import Aws, error_code
from orders.aws.names import Names
from orders.erasure.report import Remaining

DAY_MS = 86_400_000
RECOVERY_DAYS = 35


def find_remains(aws: Aws, now_ms: int) -> list[Remaining]:
    """What is left after an erasure at this moment."""
    found = [*_recoveries(aws, now_ms), *_logs(aws, now_ms), *_subscribers(aws)]
    if aws.settings.is_onebox:
        found.append(Remaining("copies made with `onebox backup`", "the data of their moment; delete or replace them"))
    return found


def _recoveries(aws: Aws, now_ms: int) -> Iterator[Remaining]:
    from botocore.exceptions import ClientError

    dynamodb = aws.client("dynamodb")
    for table in (aws.names.table, aws.names.events_table):
        try:
            backups = dynamodb.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
            stream = dynamodb.describe_table(TableName=table)["Table"].get("StreamSpecification", {})
        except ClientError as error:
            if error_code(error) in ("TableNotFoundException", "ResourceNotFoundException"):
                continue
            raise
        recovery = backups.get("PointInTimeRecoveryDescription", {})
        if recovery.get("PointInTimeRecoveryStatus") == "ENABLED":
            days = recovery.get("RecoveryPeriodInDays", RECOVERY_DAYS)
            holds = "the orders as they were, for a restore to a moment before the erasure"
            yield Remaining(f"point-in-time recovery of {table}", holds, now_ms + days * DAY_MS)
        if stream.get("StreamEnabled"):
            yield Remaining(f"the stream of {table}", "the orders as they were", now_ms + DAY_MS)


def _logs(aws: Aws, now_ms: int) -> Iterator[Remaining]:
    for name in _log_groups(aws.names):
        for group in aws.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"]:
            if group["logGroupName"] == name:
                days = group.get("retentionInDays")
                until_ms = None if days is None else now_ms + days * DAY_MS
                yield Remaining(f"the log group {name}", "ids of orders and messages, no personal field", until_ms)


def _log_groups(names: Names) -> tuple[str, ...]:
    functions = (names.function, names.history_function, names.archive_function, names.intake_function)
    return (*map(names.log_group_of, functions), names.audit_log_group)


def _subscribers(aws: Aws) -> Iterator[Remaining]:
    from botocore.exceptions import ClientError

    sns = aws.client("sns")
    names = aws.names
    own_queues = (f":{names.queue}", f":{names.archive_queue}")
    for topic in (names.topic, names.changes_topic):
        try:
            pages = list(sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=aws.arn("sns", topic)))
        except ClientError as error:
            if error_code(error) in ("NotFound", "NotFoundException"):
                continue
            raise
        others = [
            one["Endpoint"]
            for page in pages
            for one in page["Subscriptions"]
            if not one["Endpoint"].endswith(own_queues)
        ]
        if others:
            told = ", which has told them of the erasure" if topic == names.changes_topic else ""
            yield Remaining(
                f"{len(others)} other subscribers of {topic}{told}", f"what they kept: {', '.join(others[:5])}"
            )
