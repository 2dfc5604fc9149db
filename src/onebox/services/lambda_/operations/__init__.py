"""The API operations of Lambda, a file per family, and their table."""

from __future__ import annotations

from onebox.services.lambda_.core import LambdaCore
from onebox.services.lambda_.operations import (
    aliases,
    concurrency,
    event_invoke_configs,
    event_source_mappings,
    function_urls,
    functions,
    invoke,
    permissions,
    tags,
    versions,
)
from onebox.services.registry import Operation, OperationTable, WaitingOperation

OPERATIONS: OperationTable[LambdaCore] = {
    "CreateFunction": WaitingOperation(functions.create_function),
    "GetFunction": Operation(functions.get_function, reads_only=True),
    "GetFunctionConfiguration": Operation(functions.get_function_configuration, reads_only=True),
    "UpdateFunctionCode": WaitingOperation(functions.update_function_code),
    "UpdateFunctionConfiguration": Operation(functions.update_function_configuration),
    "DeleteFunction": Operation(functions.delete_function),
    "ListFunctions": Operation(functions.list_functions, reads_only=True),
    "GetAccountSettings": Operation(functions.get_account_settings, reads_only=True),
    "PublishVersion": Operation(versions.publish_version),
    "ListVersionsByFunction": Operation(versions.list_versions_by_function, reads_only=True),
    "CreateAlias": Operation(aliases.create_alias),
    "GetAlias": Operation(aliases.get_alias, reads_only=True),
    "UpdateAlias": Operation(aliases.update_alias),
    "DeleteAlias": Operation(aliases.delete_alias),
    "ListAliases": Operation(aliases.list_aliases, reads_only=True),
    "Invoke": WaitingOperation(invoke.invoke, action="InvokeFunction"),
    "AddPermission": Operation(permissions.add_permission),
    "RemovePermission": Operation(permissions.remove_permission),
    "GetPolicy": Operation(permissions.get_policy, reads_only=True),
    "ListTags": Operation(tags.list_tags, reads_only=True),
    "TagResource": Operation(tags.tag_resource),
    "UntagResource": Operation(tags.untag_resource),
    "PutFunctionConcurrency": Operation(concurrency.put_function_concurrency),
    "GetFunctionConcurrency": Operation(concurrency.get_function_concurrency, reads_only=True),
    "DeleteFunctionConcurrency": Operation(concurrency.delete_function_concurrency),
    "PutFunctionEventInvokeConfig": Operation(event_invoke_configs.put_function_event_invoke_config),
    "UpdateFunctionEventInvokeConfig": Operation(event_invoke_configs.update_function_event_invoke_config),
    "GetFunctionEventInvokeConfig": Operation(event_invoke_configs.get_function_event_invoke_config, reads_only=True),
    "DeleteFunctionEventInvokeConfig": Operation(event_invoke_configs.delete_function_event_invoke_config),
    "ListFunctionEventInvokeConfigs": Operation(
        event_invoke_configs.list_function_event_invoke_configs, reads_only=True
    ),
    "CreateFunctionUrlConfig": Operation(function_urls.create_function_url_config),
    "GetFunctionUrlConfig": Operation(function_urls.get_function_url_config, reads_only=True),
    "UpdateFunctionUrlConfig": Operation(function_urls.update_function_url_config),
    "DeleteFunctionUrlConfig": Operation(function_urls.delete_function_url_config),
    "ListFunctionUrlConfigs": Operation(function_urls.list_function_url_configs, reads_only=True),
    "CreateEventSourceMapping": Operation(event_source_mappings.create_event_source_mapping),
    "GetEventSourceMapping": Operation(event_source_mappings.get_event_source_mapping, reads_only=True),
    "ListEventSourceMappings": Operation(event_source_mappings.list_event_source_mappings, reads_only=True),
    "UpdateEventSourceMapping": Operation(event_source_mappings.update_event_source_mapping),
    "DeleteEventSourceMapping": Operation(event_source_mappings.delete_event_source_mapping),
}
