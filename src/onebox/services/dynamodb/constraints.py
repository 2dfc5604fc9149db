"""What the service model demands of a request's members, reported all at once, absent members with the others.

Pure. A request is checked here before its operation's own rules, and before its table is looked for.
AWS: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/CommonErrors.html (ValidationError)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import orjson

from onebox.errors import ValidationException
from onebox.services.context import Wire
from onebox.services.dynamodb.limits import (
    BATCH_GETS_MAX,
    BATCH_STATEMENTS_MAX,
    BATCH_WRITES_MAX,
    TOTAL_SEGMENTS_MAX,
    TRANSACTION_ACTIONS_MAX,
)
from onebox.services.dynamodb.model import VIEW_TYPES
from onebox.services.dynamodb.validation import NAME
from onebox.services.violations import Violations

Check = Callable[[Violations, Any, str], None]


class _Rule(NamedTuple):
    check: Check
    required: bool = False


class _Members:
    """The rules of a structure's members, as they are looked up."""

    def __init__(self, rules: Mapping[str, _Rule]) -> None:
        self.checks = {name: rule.check for name, rule in rules.items() if rule.check is not _anything}
        self.required = tuple(name for name, rule in rules.items() if rule.required)


def check_constraints(operation: str, request: Wire) -> None:
    """Raise ValidationException for all constraints of the model that a request breaks."""
    members = _MEMBERS.get(operation)
    if members is None:
        return
    if operation in _NAMED_FIRST and "TableName" not in request:
        raise ValidationException("The parameter 'TableName' is required but was not present in the request")
    violations = Violations()
    _check_members(violations, request, "", members)
    violations.raise_if_any()


def _check_members(violations: Violations, value: Wire, path: str, members: _Members) -> None:
    find_check = members.checks.get
    for name, member in value.items():
        check = find_check(name)
        if check is not None and member is not None:
            check(violations, member, f"{path}{name[0].lower()}{name[1:]}")
    for name in members.required:
        if value.get(name) is None:
            violations.add(None, f"{path}{name[0].lower()}{name[1:]}", "Member must not be null")


def _anything(violations: Violations, value: Any, path: str) -> None:
    """No constraint but being there."""


def _structure(rules: Mapping[str, _Rule]) -> Check:
    members = _Members(rules)
    return lambda violations, value, path: _check_members(violations, value, f"{path}.", members)


def _elements(check: Check, least: int = 0, most: int | None = None) -> Check:
    def check_all(violations: Violations, value: list[Any], path: str) -> None:
        violations.check_length(value, path, least, most)
        for at, element in enumerate(value, 1):
            check(violations, element, f"{path}.{at}.member")

    return check_all


def _values(check: Check) -> Check:
    def check_all(violations: Violations, value: Wire, path: str) -> None:
        for key, element in value.items():
            check(violations, element, f"{path}.{key}.member")

    return check_all


def _enum(*allowed: str) -> _Rule:
    return _Rule(lambda violations, value, path: violations.check_enum(value, path, allowed))


def _length(least: int, most: int | None = None) -> Check:
    return lambda violations, value, path: violations.check_length(value, path, least, most)


def _range(least: int, most: int | None = None) -> _Rule:
    return _Rule(lambda violations, value, path: violations.check_range(value, path, least, most))


def _plain_name(violations: Violations, value: str, path: str) -> None:
    """A name that cannot be given as an ARN."""
    violations.check_pattern(value, path, NAME)
    violations.check_length(value, path, 3, 255)


def _name(violations: Violations, value: str, path: str) -> None:
    """A table's name or its ARN."""
    if not value.startswith("arn:"):
        _plain_name(violations, value, path)


def _item_table_name(violations: Violations, value: str, path: str) -> None:
    """The table of an operation on items: an empty name breaks one constraint alone."""
    if value:
        _name(violations, value, path)
    else:
        violations.check_length(value, path, 1)


_NAME_KEYS_CONSTRAINT = (
    "Map keys must satisfy constraint: [Member must have length less than or equal to 255, Member must have length "
    "greater than or equal to 3, Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+]"
)


def _table_keys(violations: Violations, value: Wire, path: str) -> None:
    """The names of tables that are the keys of RequestItems."""
    names = [name for name in value if not name.startswith("arn:")]
    if any(not (3 <= len(name) <= 255 and NAME.fullmatch(name)) for name in names):
        violations.add(orjson.dumps(value).decode(), path, _NAME_KEYS_CONSTRAINT)


def _write_lists(violations: Violations, value: Wire, path: str) -> None:
    _table_keys(violations, value, path)
    if any(not 1 <= len(writes) <= BATCH_WRITES_MAX for writes in value.values()):
        violations.add(
            value,
            path,
            "Map value must satisfy constraint: [Member must have length less than or equal to "
            f"{BATCH_WRITES_MAX}, Member must have length greater than or equal to 1]",
        )
    for name, writes in value.items():
        for at, write in enumerate(writes, 1):
            _WRITE_REQUEST(violations, write, f"{path}.{name}.member.{at}.member")


def _key_lists(violations: Violations, value: Wire, path: str) -> None:
    _table_keys(violations, value, path)
    _values(_KEYS_AND_ATTRIBUTES)(violations, value, path)


_NEEDED = _Rule(_anything, required=True)
_ITEM_TABLE = _Rule(_item_table_name, required=True)
_TABLE = _Rule(_name, required=True)
_PLAIN_NAME = _Rule(_plain_name, required=True)
_INDEX = _Rule(_plain_name)
_CAPACITY = _enum("INDEXES", "TOTAL", "NONE")
_METRICS = _enum("SIZE", "NONE")
_RETURNED = _enum("ALL_NEW", "UPDATED_OLD", "ALL_OLD", "NONE", "UPDATED_NEW")
_ON_FAILURE = _enum("ALL_OLD", "NONE")
_SELECT = _enum("SPECIFIC_ATTRIBUTES", "COUNT", "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES")
_CONDITIONAL = _enum("OR", "AND")
_COMPARISON = _enum(
    *("IN", "NULL", "BETWEEN", "LT", "NOT_CONTAINS", "EQ", "GT", "NOT_NULL", "NE", "LE", "BEGINS_WITH", "GE"),
    "CONTAINS",
)
_ATTRIBUTE_NAMES = _Rule(_length(1, 255))
_CONDITIONS = _Rule(_values(_structure({"ComparisonOperator": _Rule(_COMPARISON.check, required=True)})))
_EXPECTED = _Rule(_values(_structure({"ComparisonOperator": _COMPARISON})))
_UPDATES = _Rule(_values(_structure({"Action": _enum("ADD", "DELETE", "PUT")})))
_WRITE_REQUEST = _structure(
    {
        "PutRequest": _Rule(_structure({"Item": _NEEDED})),
        "DeleteRequest": _Rule(_structure({"Key": _NEEDED})),
    }
)
_KEYS_AND_ATTRIBUTES = _structure(
    {"Keys": _Rule(_length(1, BATCH_GETS_MAX), required=True), "AttributesToGet": _ATTRIBUTE_NAMES}
)
_TOKEN = _Rule(_length(1, 36))

# Tables.
_ATTRIBUTE_NAME = _Rule(_length(1, 255), required=True)
_DEFINITION = {
    "AttributeName": _ATTRIBUTE_NAME,
    "AttributeType": _Rule(_enum("B", "N", "S").check, required=True),
}
_KEY_ELEMENT = {
    "AttributeName": _ATTRIBUTE_NAME,
    "KeyType": _Rule(_enum("HASH", "RANGE").check, required=True),
}
_KEY_SCHEMA = _elements(_structure(_KEY_ELEMENT), 1, 2)
_INDEX_KEY_SCHEMA = _elements(_structure(_KEY_ELEMENT), 1)
_UNITS = _Rule(_range(1).check, required=True)
_THROUGHPUT = _Rule(_structure({"ReadCapacityUnits": _UNITS, "WriteCapacityUnits": _UNITS}))
_PROJECTION = _structure(
    {
        "ProjectionType": _enum("ALL", "INCLUDE", "KEYS_ONLY"),
        "NonKeyAttributes": _Rule(_elements(_length(1, 255), 1)),
    }
)
_LOCAL_INDEX = {
    "IndexName": _PLAIN_NAME,
    "KeySchema": _Rule(_KEY_SCHEMA, required=True),
    "Projection": _Rule(_PROJECTION, required=True),
}
_GLOBAL_INDEX = {
    **_LOCAL_INDEX,
    "KeySchema": _Rule(_INDEX_KEY_SCHEMA, required=True),
    "ProvisionedThroughput": _THROUGHPUT,
}
_INDEX_UPDATE = {
    "Create": _Rule(_structure(_GLOBAL_INDEX)),
    "Delete": _Rule(_structure({"IndexName": _PLAIN_NAME})),
    "Update": _Rule(_structure({"IndexName": _PLAIN_NAME, "ProvisionedThroughput": _THROUGHPUT})),
}
_TABLE_SETTINGS = {
    "BillingMode": _enum("PROVISIONED", "PAY_PER_REQUEST"),
    "TableClass": _enum("STANDARD", "STANDARD_INFREQUENT_ACCESS"),
    "ProvisionedThroughput": _THROUGHPUT,
    "StreamSpecification": _Rule(_structure({"StreamEnabled": _NEEDED, "StreamViewType": _enum(*VIEW_TYPES)})),
}
_TAG = {"Key": _Rule(_length(1, 128), required=True), "Value": _Rule(_length(0, 256), required=True)}

_ARN = _length(37, 1024)
_RESOURCE_ARN = _Rule(_length(1, 1283), required=True)
_OVERRIDES = {
    "BillingModeOverride": _enum("PROVISIONED", "PAY_PER_REQUEST"),
    "GlobalSecondaryIndexOverride": _Rule(_elements(_structure(_GLOBAL_INDEX))),
    "LocalSecondaryIndexOverride": _Rule(_elements(_structure(_LOCAL_INDEX))),
    "ProvisionedThroughputOverride": _THROUGHPUT,
    "SSESpecificationOverride": _Rule(_structure({"SSEType": _enum("AES256", "KMS")})),
}

_STATEMENT = {
    "Statement": _Rule(_length(1, 8192), required=True),
    "Parameters": _Rule(_length(1)),
    "ReturnValuesOnConditionCheckFailure": _ON_FAILURE,
}
_READ = {"TableName": _ITEM_TABLE, "ReturnConsumedCapacity": _CAPACITY, "AttributesToGet": _ATTRIBUTE_NAMES}
_WRITE = {
    "TableName": _ITEM_TABLE,
    "ReturnConsumedCapacity": _CAPACITY,
    "ReturnItemCollectionMetrics": _METRICS,
    "ReturnValues": _RETURNED,
    "ReturnValuesOnConditionCheckFailure": _ON_FAILURE,
    "ConditionalOperator": _CONDITIONAL,
    "Expected": _EXPECTED,
}
_SEARCH = {
    **_READ,
    "TableName": _TABLE,
    "IndexName": _INDEX,
    "Select": _SELECT,
    "Limit": _range(1),
    "ConditionalOperator": _CONDITIONAL,
}
_TRANSACTED = {"TableName": _ITEM_TABLE, "ReturnValuesOnConditionCheckFailure": _ON_FAILURE}
_OPERATIONS: dict[str, dict[str, _Rule]] = {
    "GetItem": {**_READ, "Key": _NEEDED},
    "PutItem": {**_WRITE, "Item": _NEEDED},
    "DeleteItem": {**_WRITE, "Key": _NEEDED},
    "UpdateItem": {**_WRITE, "Key": _NEEDED, "AttributeUpdates": _UPDATES},
    "Query": {**_SEARCH, "KeyConditions": _CONDITIONS, "QueryFilter": _CONDITIONS},
    "Scan": {
        **_SEARCH,
        "ScanFilter": _CONDITIONS,
        "Segment": _range(0, TOTAL_SEGMENTS_MAX - 1),
        "TotalSegments": _range(1, TOTAL_SEGMENTS_MAX),
    },
    "BatchGetItem": {"RequestItems": _Rule(_key_lists, required=True), "ReturnConsumedCapacity": _CAPACITY},
    "BatchWriteItem": {
        "RequestItems": _Rule(_write_lists, required=True),
        "ReturnConsumedCapacity": _CAPACITY,
        "ReturnItemCollectionMetrics": _METRICS,
    },
    "TransactGetItems": {
        "TransactItems": _Rule(
            _elements(
                _structure({"Get": _Rule(_structure({"TableName": _ITEM_TABLE, "Key": _NEEDED}), required=True)}),
                1,
                TRANSACTION_ACTIONS_MAX,
            ),
            required=True,
        ),
        "ReturnConsumedCapacity": _CAPACITY,
    },
    "TransactWriteItems": {
        "TransactItems": _Rule(
            _elements(
                _structure(
                    {
                        "ConditionCheck": _Rule(
                            _structure({**_TRANSACTED, "Key": _NEEDED, "ConditionExpression": _NEEDED})
                        ),
                        "Put": _Rule(_structure({**_TRANSACTED, "Item": _NEEDED})),
                        "Delete": _Rule(_structure({**_TRANSACTED, "Key": _NEEDED})),
                        "Update": _Rule(_structure({**_TRANSACTED, "Key": _NEEDED, "UpdateExpression": _NEEDED})),
                    }
                ),
                1,
                TRANSACTION_ACTIONS_MAX,
            ),
            required=True,
        ),
        "ReturnConsumedCapacity": _CAPACITY,
        "ReturnItemCollectionMetrics": _METRICS,
        "ClientRequestToken": _TOKEN,
    },
    "ExecuteStatement": {**_STATEMENT, "ReturnConsumedCapacity": _CAPACITY, "Limit": _range(1)},
    "BatchExecuteStatement": {
        "Statements": _Rule(_elements(_structure(_STATEMENT), 1, BATCH_STATEMENTS_MAX), required=True),
        "ReturnConsumedCapacity": _CAPACITY,
    },
    "ExecuteTransaction": {
        "TransactStatements": _Rule(_elements(_structure(_STATEMENT), 1, TRANSACTION_ACTIONS_MAX), required=True),
        "ReturnConsumedCapacity": _CAPACITY,
        "ClientRequestToken": _TOKEN,
    },
    "CreateTable": {
        "TableName": _TABLE,
        "AttributeDefinitions": _Rule(_elements(_structure(_DEFINITION)), required=True),
        "KeySchema": _Rule(_KEY_SCHEMA, required=True),
        "LocalSecondaryIndexes": _Rule(_elements(_structure(_LOCAL_INDEX))),
        "GlobalSecondaryIndexes": _Rule(_elements(_structure(_GLOBAL_INDEX))),
        "Tags": _Rule(_elements(_structure(_TAG))),
        **_TABLE_SETTINGS,
    },
    "UpdateTable": {
        "TableName": _TABLE,
        "AttributeDefinitions": _Rule(_elements(_structure(_DEFINITION))),
        "GlobalSecondaryIndexUpdates": _Rule(_elements(_structure(_INDEX_UPDATE))),
        **_TABLE_SETTINGS,
    },
    "DescribeTable": {"TableName": _TABLE},
    "DeleteTable": {"TableName": _TABLE},
    "ListTables": {"Limit": _range(1, 100), "ExclusiveStartTableName": _Rule(_name)},
    "DescribeTimeToLive": {"TableName": _TABLE},
    "UpdateTimeToLive": {
        "TableName": _TABLE,
        "TimeToLiveSpecification": _Rule(
            _structure({"Enabled": _NEEDED, "AttributeName": _ATTRIBUTE_NAME}), required=True
        ),
    },
    "CreateBackup": {"TableName": _TABLE, "BackupName": _PLAIN_NAME},
    "DescribeBackup": {"BackupArn": _Rule(_ARN, required=True)},
    "DeleteBackup": {"BackupArn": _Rule(_ARN, required=True)},
    "ListBackups": {
        "TableName": _Rule(_name),
        "Limit": _range(1, 100),
        "ExclusiveStartBackupArn": _Rule(_ARN),
        "BackupType": _enum("USER", "SYSTEM", "AWS_BACKUP", "ALL"),
    },
    "RestoreTableFromBackup": {
        "TargetTableName": _PLAIN_NAME,
        "BackupArn": _Rule(_ARN, required=True),
        **_OVERRIDES,
    },
    "RestoreTableToPointInTime": {
        "TargetTableName": _PLAIN_NAME,
        "SourceTableName": _Rule(_plain_name),
        "SourceTableArn": _Rule(_length(1, 1024)),
        **_OVERRIDES,
    },
    "DescribeGlobalTable": {"GlobalTableName": _PLAIN_NAME},
    "DescribeGlobalTableSettings": {"GlobalTableName": _PLAIN_NAME},
    "CreateGlobalTable": {"GlobalTableName": _PLAIN_NAME, "ReplicationGroup": _NEEDED},
    "UpdateGlobalTable": {"GlobalTableName": _PLAIN_NAME, "ReplicaUpdates": _NEEDED},
    "UpdateGlobalTableSettings": {"GlobalTableName": _PLAIN_NAME},
    "ListGlobalTables": {"Limit": _range(1)},
    "DescribeTableReplicaAutoScaling": {"TableName": _TABLE},
    "UpdateTableReplicaAutoScaling": {"TableName": _TABLE},
    "DescribeExport": {"ExportArn": _Rule(_ARN, required=True)},
    "DescribeImport": {"ImportArn": _Rule(_ARN, required=True)},
    "ListExports": {"MaxResults": _range(1, 25)},
    "ListImports": {"PageSize": _range(1, 25)},
    "GetResourcePolicy": {"ResourceArn": _RESOURCE_ARN},
    "DeleteResourcePolicy": {"ResourceArn": _RESOURCE_ARN},
    "DisableKinesisStreamingDestination": {"TableName": _TABLE, "StreamArn": _Rule(_ARN, required=True)},
    "DescribeContinuousBackups": {"TableName": _TABLE},
    "DescribeContributorInsights": {"TableName": _TABLE, "IndexName": _INDEX},
    "DescribeKinesisStreamingDestination": {"TableName": _TABLE},
    "UpdateContinuousBackups": {
        "TableName": _TABLE,
        "PointInTimeRecoverySpecification": _Rule(
            _structure({"PointInTimeRecoveryEnabled": _NEEDED, "RecoveryPeriodInDays": _range(1, 35)}), required=True
        ),
    },
}
_MEMBERS = {operation: _Members(rules) for operation, rules in _OPERATIONS.items()}
_NAMED_FIRST = frozenset(
    ("CreateTable", "DeleteTable", "DescribeTable", "UpdateTable", "DescribeTimeToLive", "UpdateTimeToLive")
)
