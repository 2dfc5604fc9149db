"""All resource types that onebox's CloudFormation knows."""

from __future__ import annotations

from collections.abc import Mapping

from onebox.services.cloudformation.resources.cloudformation import (
    CDK_METADATA,
    WAIT_CONDITION,
    WAIT_CONDITION_HANDLE,
)
from onebox.services.cloudformation.resources.cloudwatch import ALARM, COMPOSITE_ALARM, DASHBOARD
from onebox.services.cloudformation.resources.custom import CUSTOM_PREFIX, CUSTOM_RESOURCE
from onebox.services.cloudformation.resources.dynamodb import TABLE
from onebox.services.cloudformation.resources.dynamodb_global import GLOBAL_TABLE
from onebox.services.cloudformation.resources.ecr import REPOSITORY
from onebox.services.cloudformation.resources.iam_certificates import SERVER_CERTIFICATE
from onebox.services.cloudformation.resources.iam_policies import (
    GROUP_POLICY,
    MANAGED_POLICY,
    POLICY,
    ROLE_POLICY,
    USER_POLICY,
)
from onebox.services.cloudformation.resources.iam_roles import INSTANCE_PROFILE, ROLE
from onebox.services.cloudformation.resources.iam_service_roles import SERVICE_LINKED_ROLE
from onebox.services.cloudformation.resources.iam_users import ACCESS_KEY, GROUP, USER, USER_TO_GROUP_ADDITION
from onebox.services.cloudformation.resources.inline_policies import QUEUE_INLINE_POLICY, TOPIC_INLINE_POLICY
from onebox.services.cloudformation.resources.kms import KEY, KEY_ALIAS
from onebox.services.cloudformation.resources.lambda_code_signing import CODE_SIGNING_CONFIG
from onebox.services.cloudformation.resources.lambda_event_sources import EVENT_INVOKE_CONFIG, EVENT_SOURCE_MAPPING
from onebox.services.cloudformation.resources.lambda_function import FUNCTION
from onebox.services.cloudformation.resources.lambda_layers import LAYER_VERSION, LAYER_VERSION_PERMISSION
from onebox.services.cloudformation.resources.lambda_urls import URL
from onebox.services.cloudformation.resources.lambda_versions import ALIAS, PERMISSION, VERSION
from onebox.services.cloudformation.resources.logs import LOG_GROUP, LOG_STREAM, METRIC_FILTER
from onebox.services.cloudformation.resources.logs_subscriptions import RESOURCE_POLICY, SUBSCRIPTION_FILTER
from onebox.services.cloudformation.resources.macro import MACRO
from onebox.services.cloudformation.resources.nested_stack import NESTED_STACK
from onebox.services.cloudformation.resources.s3 import BUCKET, BUCKET_POLICY
from onebox.services.cloudformation.resources.sns import SUBSCRIPTION, TOPIC, TOPIC_POLICY
from onebox.services.cloudformation.resources.sqs import QUEUE, QUEUE_POLICY
from onebox.services.cloudformation.resources.ssm import PARAMETER
from onebox.services.cloudformation.resources.types import ResourceType


class _Types(dict[str, ResourceType]):
    """The types by name; every name that begins with ``Custom::`` is a custom resource."""

    def __missing__(self, name: str) -> ResourceType:
        if name.startswith(CUSTOM_PREFIX):
            return CUSTOM_RESOURCE
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or (isinstance(name, str) and name.startswith(CUSTOM_PREFIX))


def _types_by_name(*types: ResourceType) -> Mapping[str, ResourceType]:
    return _Types({resource_type.name: resource_type for resource_type in types})


RESOURCE_TYPES: Mapping[str, ResourceType] = _types_by_name(
    ACCESS_KEY,
    ALARM,
    ALIAS,
    BUCKET,
    BUCKET_POLICY,
    CDK_METADATA,
    CODE_SIGNING_CONFIG,
    COMPOSITE_ALARM,
    CUSTOM_RESOURCE,
    DASHBOARD,
    EVENT_INVOKE_CONFIG,
    EVENT_SOURCE_MAPPING,
    FUNCTION,
    GLOBAL_TABLE,
    GROUP,
    GROUP_POLICY,
    INSTANCE_PROFILE,
    KEY,
    KEY_ALIAS,
    LAYER_VERSION,
    LAYER_VERSION_PERMISSION,
    LOG_GROUP,
    LOG_STREAM,
    MACRO,
    MANAGED_POLICY,
    METRIC_FILTER,
    NESTED_STACK,
    PARAMETER,
    PERMISSION,
    POLICY,
    QUEUE,
    QUEUE_INLINE_POLICY,
    QUEUE_POLICY,
    REPOSITORY,
    RESOURCE_POLICY,
    ROLE,
    ROLE_POLICY,
    SERVER_CERTIFICATE,
    SERVICE_LINKED_ROLE,
    SUBSCRIPTION,
    SUBSCRIPTION_FILTER,
    TABLE,
    TOPIC,
    TOPIC_INLINE_POLICY,
    TOPIC_POLICY,
    URL,
    USER,
    USER_POLICY,
    USER_TO_GROUP_ADDITION,
    VERSION,
    WAIT_CONDITION,
    WAIT_CONDITION_HANDLE,
)
