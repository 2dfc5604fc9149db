"""How each kind of resource that the tests make is found and deleted, in the order in which they can be deleted.

``find`` yields name and handle of the resources of an account; the names decide whether a run made them. ``delete``
takes the handle and what may still hold on to it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from tests.aws.harness.names import COMMON

Found = Iterator[tuple[str, str]]
Find = Callable[[Any], Found]
Delete = Callable[[Any, str], None]


class Kind(NamedTuple):
    """One kind of resource."""

    name: str
    service: str
    find: Find
    delete: Delete


def last_part(arn: str) -> str:
    """The name at the end of an ARN."""
    return arn.rpartition(":")[2].rpartition("/")[2]


def pages(client: Any, operation: str, member: str, **request: Any) -> Iterator[Any]:
    """The entries of all pages."""
    for page in client.get_paginator(operation).paginate(**request):
        yield from page.get(member, [])


# --- CloudFormation ---------------------------------------------------------------------------------------------------


def find_stacks(client: Any) -> Found:
    for stack in pages(client, "describe_stacks", "Stacks"):
        if stack["StackStatus"] != "DELETE_COMPLETE":
            yield stack["StackName"], stack["StackId"]


def delete_stack(client: Any, stack_id: str) -> None:
    try:
        client.delete_stack(StackName=stack_id)
    except ClientError:
        client.update_termination_protection(StackName=stack_id, EnableTerminationProtection=False)
        client.delete_stack(StackName=stack_id)


# --- Lambda -----------------------------------------------------------------------------------------------------------


def find_mappings(client: Any) -> Found:
    for mapping in pages(client, "list_event_source_mappings", "EventSourceMappings"):
        yield mapping["FunctionArn"].partition(":function:")[2].partition(":")[0], mapping["UUID"]


def find_functions(client: Any) -> Found:
    return ((one["FunctionName"], one["FunctionName"]) for one in pages(client, "list_functions", "Functions"))


def find_layers(client: Any) -> Found:
    return ((one["LayerName"], one["LayerName"]) for one in pages(client, "list_layers", "Layers"))


def delete_layer(client: Any, name: str) -> None:
    for version in pages(client, "list_layer_versions", "LayerVersions", LayerName=name):
        client.delete_layer_version(LayerName=name, VersionNumber=version["Version"])


# --- SNS and SQS ------------------------------------------------------------------------------------------------------


def find_subscriptions(client: Any) -> Found:
    for subscription in pages(client, "list_subscriptions", "Subscriptions"):
        if subscription["SubscriptionArn"].startswith("arn:"):
            yield last_part(subscription["TopicArn"]), subscription["SubscriptionArn"]


def find_topics(client: Any) -> Found:
    return ((last_part(one["TopicArn"]), one["TopicArn"]) for one in pages(client, "list_topics", "Topics"))


def find_queues(client: Any) -> Found:
    urls = pages(client, "list_queues", "QueueUrls", QueueNamePrefix=COMMON, PaginationConfig={"PageSize": 1000})
    return ((last_part(url), url) for url in urls)


# --- DynamoDB ---------------------------------------------------------------------------------------------------------


def find_tables(client: Any) -> Found:
    return ((name, name) for name in pages(client, "list_tables", "TableNames"))


def delete_table(client: Any, name: str) -> None:
    try:
        client.delete_table(TableName=name)
    except ClientError:
        client.update_table(TableName=name, DeletionProtectionEnabled=False)
        client.delete_table(TableName=name)


# --- Logs and CloudWatch ----------------------------------------------------------------------------------------------


def find_log_groups(client: Any) -> Found:
    for lead in ("", "/", "/aws/lambda/"):
        for group in pages(client, "describe_log_groups", "logGroups", logGroupNamePrefix=f"{lead}{COMMON}"):
            yield group["logGroupName"], group["logGroupName"]


def delete_log_group(client: Any, name: str) -> None:
    try:
        client.delete_log_group(logGroupName=name)
    except ClientError:
        client.put_log_group_deletion_protection(logGroupIdentifier=name, deletionProtectionEnabled=False)
        client.delete_log_group(logGroupName=name)


def find_alarms(client: Any) -> Found:
    for page in client.get_paginator("describe_alarms").paginate(AlarmNamePrefix=COMMON):
        for alarm in (*page.get("CompositeAlarms", []), *page.get("MetricAlarms", [])):
            yield alarm["AlarmName"], alarm["AlarmName"]


def find_dashboards(client: Any) -> Found:
    entries = pages(client, "list_dashboards", "DashboardEntries", DashboardNamePrefix=COMMON)
    return ((entry["DashboardName"], entry["DashboardName"]) for entry in entries)


# --- S3 ---------------------------------------------------------------------------------------------------------------


def find_buckets(client: Any) -> Found:
    return ((bucket["Name"], bucket["Name"]) for bucket in client.list_buckets()["Buckets"])


def delete_bucket(client: Any, name: str) -> None:
    for upload in pages(client, "list_multipart_uploads", "Uploads", Bucket=name):
        client.abort_multipart_upload(Bucket=name, Key=upload["Key"], UploadId=upload["UploadId"])
    for page in client.get_paginator("list_object_versions").paginate(Bucket=name):
        for version in (*page.get("Versions", []), *page.get("DeleteMarkers", [])):
            client.delete_object(Bucket=name, Key=version["Key"], VersionId=version["VersionId"])
    client.delete_bucket(Bucket=name)


# --- Systems Manager --------------------------------------------------------------------------------------------------


def find_parameters(client: Any) -> Found:
    begins = {"Key": "Name", "Option": "BeginsWith", "Values": [COMMON, f"/{COMMON}"]}
    try:
        found = list(pages(client, "describe_parameters", "Parameters", ParameterFilters=[begins]))
    except AttributeError:  # MiniStack's description of a parameter with policies cannot be read
        found = list(pages(client, "get_parameters_by_path", "Parameters", Path="/", Recursive=True))
    return ((parameter["Name"], parameter["Name"]) for parameter in found)


# --- IAM --------------------------------------------------------------------------------------------------------------


def find_profiles(client: Any) -> Found:
    for profile in pages(client, "list_instance_profiles", "InstanceProfiles"):
        yield profile["InstanceProfileName"], profile["InstanceProfileName"]


def delete_profile(client: Any, name: str) -> None:
    for role in client.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]["Roles"]:
        client.remove_role_from_instance_profile(InstanceProfileName=name, RoleName=role["RoleName"])
    client.delete_instance_profile(InstanceProfileName=name)


def find_users(client: Any) -> Found:
    return ((user["UserName"], user["UserName"]) for user in pages(client, "list_users", "Users"))


def delete_user(client: Any, name: str) -> None:
    for key in pages(client, "list_access_keys", "AccessKeyMetadata", UserName=name):
        client.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
    for group in pages(client, "list_groups_for_user", "Groups", UserName=name):
        client.remove_user_from_group(UserName=name, GroupName=group["GroupName"])
    _strip(client, "user", UserName=name)
    client.delete_user(UserName=name)


def find_groups(client: Any) -> Found:
    return ((group["GroupName"], group["GroupName"]) for group in pages(client, "list_groups", "Groups"))


def delete_group(client: Any, name: str) -> None:
    _strip(client, "group", GroupName=name)
    client.delete_group(GroupName=name)


def find_roles(client: Any) -> Found:
    return ((role["RoleName"], role["RoleName"]) for role in pages(client, "list_roles", "Roles"))


def delete_role(client: Any, name: str) -> None:
    _strip(client, "role", RoleName=name)
    client.delete_role(RoleName=name)


def find_policies(client: Any) -> Found:
    return ((one["PolicyName"], one["Arn"]) for one in pages(client, "list_policies", "Policies", Scope="Local"))


def delete_policy(client: Any, arn: str) -> None:
    for version in pages(client, "list_policy_versions", "Versions", PolicyArn=arn):
        if not version["IsDefaultVersion"]:
            client.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])
    client.delete_policy(PolicyArn=arn)


def _strip(client: Any, kind: str, **who: str) -> None:
    """Remove the policies of a user, group or role, without which it cannot be deleted."""
    for policy in pages(client, f"list_attached_{kind}_policies", "AttachedPolicies", **who):
        with contextlib.suppress(client.exceptions.NoSuchEntityException):  # moto deletes policies that are attached
            getattr(client, f"detach_{kind}_policy")(PolicyArn=policy["PolicyArn"], **who)
    for name in pages(client, f"list_{kind}_policies", "PolicyNames", **who):
        getattr(client, f"delete_{kind}_policy")(PolicyName=name, **who)


KINDS: tuple[Kind, ...] = (
    Kind("stack", "cloudformation", find_stacks, delete_stack),
    Kind("event source mapping", "lambda", find_mappings, lambda c, name: c.delete_event_source_mapping(UUID=name)),
    Kind("function", "lambda", find_functions, lambda c, name: c.delete_function(FunctionName=name)),
    Kind("layer", "lambda", find_layers, delete_layer),
    Kind("subscription", "sns", find_subscriptions, lambda c, arn: c.unsubscribe(SubscriptionArn=arn)),
    Kind("topic", "sns", find_topics, lambda c, arn: c.delete_topic(TopicArn=arn)),
    Kind("queue", "sqs", find_queues, lambda c, url: c.delete_queue(QueueUrl=url)),
    Kind("table", "dynamodb", find_tables, delete_table),
    Kind("log group", "logs", find_log_groups, delete_log_group),
    Kind("alarm", "cloudwatch", find_alarms, lambda c, name: c.delete_alarms(AlarmNames=[name])),
    Kind("dashboard", "cloudwatch", find_dashboards, lambda c, name: c.delete_dashboards(DashboardNames=[name])),
    Kind("bucket", "s3", find_buckets, delete_bucket),
    Kind("parameter", "ssm", find_parameters, lambda c, name: c.delete_parameter(Name=name)),
    Kind("instance profile", "iam", find_profiles, delete_profile),
    Kind("user", "iam", find_users, delete_user),
    Kind("group", "iam", find_groups, delete_group),
    Kind("role", "iam", find_roles, delete_role),
    Kind("policy", "iam", find_policies, delete_policy),
)
