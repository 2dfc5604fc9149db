"""Tables and indexes as JSON, as they are stored in their rows and in the rows of backups."""

from __future__ import annotations

from typing import Any

import orjson

from onebox.services.dynamodb.model import Index, Table, TableDefinition
from onebox.services.dynamodb.values.keys import make_key_schema


def dump_table(table: Table | TableDefinition) -> str:
    return orjson.dumps(_table(table)).decode()


def dump_index(index: Index) -> str:
    return orjson.dumps(_index(index)).decode()


def dump_definition(definition: Table | TableDefinition) -> str:
    """A table with its indexes, in one document."""
    return orjson.dumps({**_table(definition), "indexes": [_index(index) for index in definition.indexes]}).decode()


def load_definition(text: str) -> TableDefinition:
    """What :func:`dump_definition` wrote."""
    document = orjson.loads(text)
    kinds = document["attribute_kinds"]
    return TableDefinition(
        key=make_key_schema(document["key_names"], kinds),
        attribute_kinds=kinds,
        settings=document["settings"],
        indexes=tuple(load_index(0, entry, kinds) for entry in document["indexes"]),
    )


def load_index(index_id: int, document: dict[str, Any], kinds: dict[str, str]) -> Index:
    """An index from its document, with the types of the table's attributes."""
    names = document["projected_names"]
    return Index(
        index_id=index_id,
        name=document["name"],
        scope=document["scope"],
        key=make_key_schema(document["key_names"], kinds, document.get("hash_count", 1)),
        projection=document["projection"],
        projected_names=None if names is None else frozenset(names),
        status=document["status"],
        throughput=document["throughput"],
        on_demand_throughput=document["on_demand_throughput"],
    )


def _table(table: Table | TableDefinition) -> dict[str, Any]:
    return {"key_names": table.key.names, "attribute_kinds": table.attribute_kinds, "settings": table.settings}


def _index(index: Index) -> dict[str, Any]:
    return {
        "name": index.name,
        "scope": index.scope,
        "key_names": index.key.names,
        "hash_count": len(index.key.hash_attributes),
        "projection": index.projection,
        "projected_names": None if index.projected_names is None else sorted(index.projected_names),
        "status": index.status,
        "throughput": index.throughput,
        "on_demand_throughput": index.on_demand_throughput,
    }
