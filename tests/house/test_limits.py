"""Goal: the limits in docs/compatibility.md are those of the code."""

from __future__ import annotations

from pathlib import Path

from onebox.gateway import limits as gateway
from onebox.services.cloudformation import limits as cfn
from onebox.services.cloudwatch import limits as cw
from onebox.services.dynamodb import limits as ddb
from onebox.services.dynamodbstreams.iterators import LASTS_MS
from onebox.services.iam import limits as iam
from onebox.services.lambda_ import limits as lambda_
from onebox.services.logs import limits as logs
from onebox.services.logs.insights.parser import LIMIT_MAX
from onebox.services.s3 import limits as s3
from onebox.services.sns import limits as sns
from onebox.services.sqs import limits as sqs

PAGE = Path(__file__).parents[2] / "docs" / "compatibility.md"
KIB, MIB = 1024, 1024 * 1024
DAY_MS = 86_400_000


def body(service: str) -> int:
    return gateway.body_bytes_max(service) // MIB


# The rows of the page's table, from the constants that the services go by.
ROWS = (
    (
        "HTTP request",
        f"{gateway.HEAD_BYTES_MAX // KIB} KiB headers; body: S3 {body('s3')} MiB, Lambda {body('lambda')} MiB, "
        f"DynamoDB {body('dynamodb')} MiB, IAM, STS, Systems Manager, ECR and DynamoDB Streams {body('iam')} MiB, "
        f"others {body('sqs')} MiB",
    ),
    (
        "SQS message, and batch",
        f"{sqs.MESSAGE_BYTES_MAX // MIB} MiB; {sqs.BATCH_ENTRIES_MAX} entries and {sqs.BATCH_BYTES_MAX // MIB} MiB",
    ),
    ("SQS in flight", f"{sqs.IN_FLIGHT_MAX:,} per queue, standard or FIFO"),
    (
        "SQS and SNS FIFO",
        f"{sns.FIFO_DEDUPLICATION_MS // 60_000} minutes of deduplication, ids and groups of "
        f"{sns.FIFO_ID_CHARACTERS_MAX} characters; Lambda takes {lambda_.BATCH_SIZE_FIFO_MAX} messages a batch",
    ),
    (
        "SNS filter policies",
        f"{sns.FILTER_POLICY_KEYS_MAX} keys, {sns.FILTER_POLICY_COMBINATIONS_MAX} combinations, "
        f"{sns.FILTER_POLICY_BYTES_MAX // KIB} KiB, {sns.FILTER_POLICY_DEPTH_MAX} levels; "
        f"{sns.FILTER_WILDCARDS_OF_PATTERN_MAX} wildcards per pattern, {sns.FILTER_WILDCARD_POINTS_MAX} complexity "
        "points per policy. A message is filtered out, with a warning in the log, if the values of the policy's keys "
        f"times the tests of each exceed {sns.FILTER_TESTS_MAX:,}",
    ),
    (
        "SNS publish, and batch",
        f"{sns.MESSAGE_BYTES_DEFAULT // KIB} KiB (a topic's MaximumMessageSize up to "
        f"{sns.MESSAGE_BYTES_MOST // MIB} MiB); {sns.BATCH_ENTRIES_MAX} entries",
    ),
    (
        "DynamoDB item, page, batches",
        f"{ddb.ITEM_BYTES_MAX // KIB} KB; {ddb.PAGE_BYTES_MAX // MIB} MB; {ddb.BATCH_WRITES_MAX} "
        f"writes, {ddb.BATCH_GETS_MAX} reads, {ddb.TRANSACTION_ACTIONS_MAX} actions per transaction, "
        f"{ddb.BATCH_STATEMENTS_MAX} statements",
    ),
    ("DynamoDB numbers", f"{ddb.NUMBER_DIGITS_MAX} digits, exact"),
    (
        "DynamoDB indexes",
        f"{ddb.GLOBAL_INDEXES_MAX} global, {ddb.LOCAL_INDEXES_MAX} local, "
        f"{ddb.PROJECTED_ATTRIBUTES_MAX} projected attributes",
    ),
    (
        "DynamoDB Streams",
        f"{ddb.STREAM_RETENTION_MS // 3_600_000} hours; 1,000 records or "
        f"{ddb.STREAM_PAGE_BYTES_MAX // MIB} MB per call; iterators expire after {LASTS_MS // 60_000} minutes",
    ),
    (
        "DynamoDB recovery",
        f"1 to {ddb.RECOVERY_DAYS_MAX} days, {ddb.RECOVERY_DAYS_MAX} by default; "
        f"up to {ddb.RECOVERY_LAG_MS // 60_000} minutes ago; "
        f"{ddb.RESTORES_MAX} restores at once; a system backup lasts {ddb.SYSTEM_BACKUP_DAYS} days",
    ),
    (
        "Lambda",
        f"{lambda_.TIMEOUT_S_MAX} s, {lambda_.MEMORY_MB_MAX:,} MB memory, {lambda_.REQUEST_BYTES_MAX // MIB} MB "
        f"payloads, {lambda_.EVENT_BYTES_MAX // MIB} MB for Event invocations, "
        f"{lambda_.STREAMED_BYTES_MAX // MIB} MB streamed, {lambda_.INLINE_ZIP_BYTES_MAX // MIB} MB zip, "
        f"{lambda_.UNZIPPED_BYTES_MAX // MIB} MB unpacked, {lambda_.LAYERS_MAX} layers, "
        f"{lambda_.ENVIRONMENT_BYTES_MAX // KIB} KB environment",
    ),
    (
        "Logs",
        f"{logs.BATCH_BYTES_MAX // MIB} MiB and {logs.BATCH_EVENTS_MAX:,} events per call, each counted with "
        f"{logs.EVENT_OVERHEAD_BYTES} bytes more, so nearly {logs.BATCH_BYTES_MAX // MIB} MiB per event; events of the "
        f"last {logs.EVENT_AGE_MS_MAX // DAY_MS} days and the next {logs.EVENT_FUTURE_MS_MAX // 3_600_000} hours; "
        f"{logs.SUBSCRIPTION_FILTERS_PER_GROUP_MAX} subscription filters and {logs.METRIC_FILTERS_PER_GROUP_MAX} "
        f"metric filters per group; {logs.RESOURCE_POLICIES_MAX} resource policies",
    ),
    (
        "Logs Insights",
        f"{logs.QUERY_CHARACTERS_MAX:,} characters and {logs.QUERY_GROUPS_MAX} groups per query, "
        f"{logs.QUERIES_AT_ONCE_MAX} concurrent queries, {LIMIT_MAX:,} rows",
    ),
    (
        "CloudWatch",
        f"{cw.METRICS_PER_PUT_MAX:,} metrics of {cw.VALUES_PER_METRIC_MAX} values and "
        f"{cw.DIMENSIONS_MAX} dimensions per call; kept by the second for "
        f"{cw.KEEP_1_S_MS // 3_600_000} hours, by the minute for {cw.KEEP_60_S_MS // DAY_MS} days, by "
        f"5 minutes for {cw.KEEP_300_S_MS // DAY_MS}, by the hour for {cw.KEEP_3600_S_MS // DAY_MS}",
    ),
    (
        "CloudFormation",
        f"{cfn.TEMPLATE_BODY_BYTES:,} bytes in a request, {cfn.TEMPLATE_URL_BYTES:,} from S3; "
        f"{cfn.RESOURCES_MAX} resources, {cfn.PARAMETERS_MAX} parameters, "
        f"{cfn.OUTPUTS_MAX} outputs, {cfn.MAPPINGS_MAX} mappings",
    ),
    (
        "IAM",
        f"{iam.ROLES_PER_ACCOUNT_MAX:,} roles, {iam.USERS_PER_ACCOUNT_MAX:,} users, {iam.GROUPS_PER_ACCOUNT_MAX} "
        f"groups, {iam.POLICIES_PER_ACCOUNT_MAX:,} policies; {iam.ATTACHED_POLICIES_MAX} attached policies, "
        f"{iam.POLICY_VERSIONS_MAX} versions, {iam.ACCESS_KEYS_PER_USER_MAX} access keys",
    ),
    (
        "S3",
        f"{s3.OBJECT_TAGS_MAX} tags per object, {s3.BUCKET_TAGS_MAX} per bucket; parts of at least "
        f"{s3.PART_BYTES_MIN // MIB} MiB, except the last; {s3.NOTIFICATIONS_MAX} notification configurations per "
        "bucket",
    ),
)


def test_compatibility_states_the_limits_of_the_code() -> None:
    table = PAGE.read_text("utf-8").partition("\n## Limits\n")[2].partition("\n## ")[0]
    missing = [row for row in (f"| {item} | {limit} |" for item, limit in ROWS) if row not in table]
    assert not missing, "docs/compatibility.md: these rows of its Limits differ\n" + "\n".join(missing)
    rows = [line for line in table.splitlines() if line.startswith("| ")][2:]
    assert len(rows) == len(ROWS) + 1, "one row for each, and the database"


def test_fifo_limits_of_sqs_and_sns_are_one() -> None:
    assert sqs.BATCH_ENTRIES_MAX == sns.BATCH_ENTRIES_MAX == lambda_.BATCH_SIZE_FIFO_MAX
