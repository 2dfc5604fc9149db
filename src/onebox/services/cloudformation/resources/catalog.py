"""All resource types that onebox's CloudFormation knows."""

from __future__ import annotations

from onebox.services.cloudformation.resources.cloudformation import WAIT_CONDITION_HANDLE
from onebox.services.cloudformation.resources.cloudwatch import ALARM, DASHBOARD
from onebox.services.cloudformation.resources.dynamodb import TABLE
from onebox.services.cloudformation.resources.iam import MANAGED_POLICY, POLICY, ROLE
from onebox.services.cloudformation.resources.lambda_event_sources import EVENT_INVOKE_CONFIG, EVENT_SOURCE_MAPPING
from onebox.services.cloudformation.resources.lambda_function import FUNCTION
from onebox.services.cloudformation.resources.lambda_versions import ALIAS, PERMISSION, VERSION
from onebox.services.cloudformation.resources.logs import LOG_GROUP, METRIC_FILTER
from onebox.services.cloudformation.resources.s3 import BUCKET, BUCKET_POLICY
from onebox.services.cloudformation.resources.sns import SUBSCRIPTION, TOPIC, TOPIC_POLICY
from onebox.services.cloudformation.resources.sqs import QUEUE, QUEUE_POLICY
from onebox.services.cloudformation.resources.types import types_by_name

RESOURCE_TYPES = types_by_name(
    ALARM,
    ALIAS,
    BUCKET,
    BUCKET_POLICY,
    DASHBOARD,
    EVENT_INVOKE_CONFIG,
    EVENT_SOURCE_MAPPING,
    FUNCTION,
    LOG_GROUP,
    MANAGED_POLICY,
    METRIC_FILTER,
    PERMISSION,
    POLICY,
    QUEUE,
    QUEUE_POLICY,
    ROLE,
    SUBSCRIPTION,
    TABLE,
    TOPIC,
    TOPIC_POLICY,
    VERSION,
    WAIT_CONDITION_HANDLE,
)
