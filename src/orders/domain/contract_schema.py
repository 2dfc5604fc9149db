"""The order contract as JSON Schema and as Markdown tables.

Promises: both are generated from orders.domain.contract alone, so they match the validation. Limits that JSON Schema
cannot express (bytes, digits of a number) are in the descriptions.
JSON Schema: https://json-schema.org/draft/2020-12
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from orders.domain.contract import CONTRACT_VERSION, FIELDS, Field
from orders.domain.limits import ORDER_BYTES_MAX

DIALECT = "https://json-schema.org/draft/2020-12/schema"
# A keyword of ours: JSON Schema has none for a version, and readers skip what they do not know.
VERSION_KEYWORD = "x-version"
# Annotations of ours: of a personal field, and of an object whose other fields may be personal.
PERSONAL_ANNOTATION = "x-personal"
UNKNOWN_ANNOTATION = "x-unknown-fields-personal"
DESCRIPTION = (
    "One notification of an order. Only orderId is required. Known fields are checked if present; null means the "
    "same as omitting the field. Other fields are stored unchanged. Each number has at most 38 significant digits. "
    f"An order has at most 32 levels of nesting, and takes at most {ORDER_BYTES_MAX:,} bytes in DynamoDB and 256 KB "
    "as a message."
)
EXAMPLE: dict[str, Any] = {
    "orderId": "536365",
    "userId": "17850",
    "status": "new",
    "timestamp": "2026-05-03T12:00:00Z",
    "country": "United Kingdom",
    "currency": "GBP",
    "items": [{"sku": "85123A", "itemName": "WHITE METAL LANTERN", "quantity": 6, "unitPrice": Decimal("3.39")}],
    "total": Decimal("20.34"),
    "giftMessage": "for Ada",
}


def make_schema() -> dict[str, Any]:
    """The contract as JSON Schema, draft 2020-12."""
    return {
        "$schema": DIALECT,
        "title": "Order",
        VERSION_KEYWORD: CONTRACT_VERSION,
        "description": DESCRIPTION,
        **_object_of(FIELDS),
        "examples": [EXAMPLE],
    }


def _object_of(fields: Iterable[Field]) -> dict[str, Any]:
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {field.name: _schema_of(field) for field in fields},
        "additionalProperties": True,
        UNKNOWN_ANNOTATION: True,
    }
    required = [field.name for field in fields if field.required]
    return {**schema, "required": required} if required else schema


def _schema_of(field: Field) -> dict[str, Any]:
    schema: dict[str, Any] = {
        "description": field.meaning,
        "type": field.kind if field.required else [field.kind, "null"],
    }
    if field.is_personal:
        schema[PERSONAL_ANNOTATION] = True
    if field.bytes_max is not None:
        schema["description"] += f" At most {field.bytes_max} bytes of UTF-8."
        schema |= {"minLength": 1, "maxLength": field.bytes_max}
    if field.pattern is not None:
        schema["pattern"] = field.pattern
    if field.fields:
        schema["items"] = _object_of(field.fields)
    return schema


def make_tables() -> str:
    """The contract as Markdown tables: one for the order, and one for the elements of each array."""
    parts = [_table(FIELDS)]
    for field in FIELDS:
        if field.fields:
            parts += [f"Each element of `{field.name}` is an object:", _table(field.fields)]
    return "\n\n".join(parts)


def _table(fields: Iterable[Field]) -> str:
    rows = [
        f"| `{field.name}` | {field.expected}{'' if field.required else ', or null'} "
        f"| {'yes' if field.required else ''} | {'yes' if field.is_personal else ''} | {field.meaning} |"
        for field in fields
    ]
    return "\n".join(
        ["| field | allowed values | required | personal | meaning |", "| --- | --- | --- | --- | --- |", *rows]
    )
