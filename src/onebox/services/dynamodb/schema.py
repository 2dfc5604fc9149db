"""Checks of CreateTable and UpdateTable: key schemas, indexes, throughput.

Promises: pure; what passes is a table that DynamoDB would make. Raises ValidationException in its words.
AWS: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html
"""

from __future__ import annotations

from typing import Any

from onebox.errors import ValidationException
from onebox.services.context import Wire
from onebox.services.dynamodb.errors import LimitExceededException, invalid_values
from onebox.services.dynamodb.limits import (
    CAPACITY_UNITS_MAX,
    GLOBAL_INDEXES_MAX,
    KEY_ATTRIBUTES_MAX,
    LOCAL_INDEXES_MAX,
    PROJECTED_ATTRIBUTES_MAX,
)
from onebox.services.dynamodb.model import ACTIVE, GLOBAL, LOCAL, Index
from onebox.services.dynamodb.values.keys import KeySchema, make_key_schema

PROVISIONED, ON_DEMAND = "PROVISIONED", "PAY_PER_REQUEST"
_PROJECTIONS = ("ALL", "INCLUDE", "KEYS_ONLY")


def parse_attribute_kinds(definitions: list[Wire]) -> dict[str, str]:
    """AttributeDefinitions by name."""
    kinds: dict[str, str] = {}
    for definition in definitions:
        name = definition["AttributeName"]
        if name in kinds:
            raise invalid_values(f"Duplicate AttributeName in AttributeDefinitions: {name}")
        kinds[name] = definition["AttributeType"]
    return kinds


def parse_key_schema(schema: list[Wire], kinds: dict[str, str]) -> KeySchema:
    """A KeySchema whose constraints hold."""
    names = [element["AttributeName"] for element in schema]
    _check_key_names(names, kinds)
    if schema[0]["KeyType"] != "HASH":
        raise ValidationException("Invalid KeySchema: The first KeySchemaElement is not a HASH key type")
    if len(schema) == 2 and schema[1]["KeyType"] != "RANGE":
        raise ValidationException("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type")
    return make_key_schema(names, kinds)


def _check_key_names(names: list[str], kinds: dict[str, str]) -> None:
    """Refuse key attributes that are not defined, or twice the same one."""
    if len(names) > len(kinds):
        raise ValidationException("Invalid KeySchema: Some index key attribute have no definition")
    if any(name not in kinds for name in names):
        raise invalid_values(
            "Some index key attributes are not defined in AttributeDefinitions. "
            f"Keys: [{', '.join(names)}], AttributeDefinitions: [{', '.join(kinds)}]"
        )
    if len(set(names)) != len(names):
        raise invalid_values("Both the Hash Key and the Range Key element in the KeySchema have the same name")


def parse_index_key_schema(schema: list[Wire], kinds: dict[str, str]) -> KeySchema:
    """The KeySchema of a global index: one to four HASH attributes, then up to four RANGE attributes."""
    types = [element["KeyType"] for element in schema]
    for kind in ("HASH", "RANGE"):
        if types.count(kind) > KEY_ATTRIBUTES_MAX:
            raise invalid_values(f"A KeySchema has at most {KEY_ATTRIBUTES_MAX} {kind} key attributes")
    if types in (["HASH"], ["HASH", "RANGE"], ["RANGE"], ["RANGE", "HASH"], ["RANGE", "RANGE"]):
        return parse_key_schema(schema, kinds)
    hash_count = types.count("HASH")
    if types != ["HASH"] * hash_count + ["RANGE"] * (len(types) - hash_count):
        raise ValidationException("Invalid KeySchema: All HASH key attributes must precede the RANGE key attributes")
    names = [element["AttributeName"] for element in schema]
    _check_key_names(names, kinds)
    return make_key_schema(names, kinds, hash_count)


def check_all_defined_used(kinds: dict[str, str], schemas: list[KeySchema]) -> None:
    """Refuse attribute definitions that no key uses."""
    used = {name for schema in schemas for name in schema.names}
    if used != kinds.keys():
        raise invalid_values(
            "Number of attributes in KeySchema does not exactly match number of attributes defined in "
            "AttributeDefinitions"
        )


def parse_local_indexes(wanted: list[Wire] | None, key: KeySchema, kinds: dict[str, str]) -> list[Index]:
    """LocalSecondaryIndexes of CreateTable."""
    if wanted is None:
        return []
    if not wanted:
        raise invalid_values("List of LocalSecondaryIndexes is empty")
    if key.sort is None:
        raise invalid_values(
            "Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex"
        )
    if len(wanted) > LOCAL_INDEXES_MAX:
        raise invalid_values("Number of LocalSecondaryIndexes exceeds per-table limit of 5")
    indexes = []
    for entry in wanted:
        schema = parse_key_schema(entry["KeySchema"], kinds)
        name = entry["IndexName"]
        if schema.sort is None:
            raise invalid_values(f"Index KeySchema does not have a range key for index: {name}")
        if schema.partition.name != key.partition.name:
            raise invalid_values(
                "Index KeySchema does not have the same leading hash key as table KeySchema for index: "
                f"{name}. index hash key: {schema.partition.name}, table hash key: {key.partition.name}"
            )
        indexes.append(_index(entry, schema, key, LOCAL))
    check_index_names(indexes)
    return indexes


def parse_global_indexes(
    wanted: list[Wire] | None, key: KeySchema, kinds: dict[str, str], billing_mode: str
) -> list[Index]:
    """GlobalSecondaryIndexes of CreateTable."""
    if wanted is None:
        return []
    if not wanted:
        raise invalid_values("List of GlobalSecondaryIndexes is empty")
    if len(wanted) > GLOBAL_INDEXES_MAX:
        raise invalid_values(f"GlobalSecondaryIndex count exceeds the per-table limit of {GLOBAL_INDEXES_MAX}")
    indexes = [parse_global_index(entry, key, kinds, billing_mode) for entry in wanted]
    check_index_names(indexes)
    return indexes


def parse_global_index(
    entry: Wire, key: KeySchema, kinds: dict[str, str], billing_mode: str, status: str = ACTIVE
) -> Index:
    """One global index to create."""
    name = entry["IndexName"]
    throughput = entry.get("ProvisionedThroughput")
    if billing_mode == PROVISIONED and throughput is None:
        raise invalid_values(f"ProvisionedThroughput is not specified for index: {name}")
    if billing_mode == ON_DEMAND and throughput is not None:
        raise invalid_values(
            f"ProvisionedThroughput should not be specified for index: {name} when BillingMode is PAY_PER_REQUEST"
        )
    if throughput is not None:
        check_throughput(throughput, name)
    return _index(entry, parse_index_key_schema(entry["KeySchema"], kinds), key, GLOBAL, status)


def check_projected_total(indexes: list[Index]) -> None:
    """Refuse more non-key attributes than all indexes of a table together may hold."""
    total = sum(len(index.projection.get("NonKeyAttributes", ())) for index in indexes)
    if total > PROJECTED_ATTRIBUTES_MAX:
        raise LimitExceededException(
            f"Number of attributes projected into indexes exceeds the limit of {PROJECTED_ATTRIBUTES_MAX}"
        )


def check_index_names(indexes: list[Index]) -> None:
    """Refuse two indexes of one name."""
    seen = set()
    for index in indexes:
        if index.name in seen:
            raise invalid_values(f"Duplicate index name: {index.name}")
        seen.add(index.name)


def _index(entry: Wire, schema: KeySchema, table_key: KeySchema, scope: str, status: str = ACTIVE) -> Index:
    projection: dict[str, Any] = entry.get("Projection") or {}
    kind = projection.get("ProjectionType")
    if kind is None:
        raise invalid_values("Unknown ProjectionType: null")
    attributes = projection.get("NonKeyAttributes")
    if kind == "INCLUDE" and not attributes:
        raise invalid_values("ProjectionType is INCLUDE, but NonKeyAttributes is not specified")
    if kind != "INCLUDE" and attributes:
        raise invalid_values(f"ProjectionType is {kind}, but NonKeyAttributes is specified")
    if attributes and len(set(attributes)) != len(attributes):
        raise invalid_values(f"Duplicate attribute in NonKeyAttributes of index: {entry['IndexName']}")
    names = None
    if kind != "ALL":
        names = frozenset((*table_key.names, *schema.names, *(attributes or ())))
    return Index(
        index_id=0,
        name=entry["IndexName"],
        scope=scope,
        key=schema,
        projection=projection,
        projected_names=names,
        status=status,
        throughput=entry.get("ProvisionedThroughput"),
        on_demand_throughput=entry.get("OnDemandThroughput"),
    )


def parse_billing(request: Wire) -> str:
    """The billing mode that CreateTable asks for."""
    mode: str = request.get("BillingMode", PROVISIONED)
    throughput = request.get("ProvisionedThroughput")
    if mode == PROVISIONED and throughput is None:
        raise invalid_values(
            "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED"
        )
    if mode == ON_DEMAND and throughput is not None:
        raise invalid_values(
            "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST"
        )
    if throughput is not None:
        check_throughput(throughput)
    return mode


def check_throughput(throughput: dict[str, int], index_name: str | None = None) -> None:
    """Refuse more capacity units than there can be."""
    for member in ("ReadCapacityUnits", "WriteCapacityUnits"):
        if throughput[member] > CAPACITY_UNITS_MAX:
            where = "" if index_name is None else f" for index {index_name}"
            raise ValidationException(f"Given value {throughput[member]} for {member} is out of bounds{where}")
