"""The OpenAPI document of OrderIntake, made from the order contract.

Promises: the schema of an order is the one that `orders schema` prints.
OpenAPI 3.1: https://spec.openapis.org/oas/v3.1.1.html
Pure. Standard library only: this file travels with the function.
"""

from __future__ import annotations

from typing import Any

from orders.domain.contract import ORDER_ID_BYTES_MAX
from orders.domain.contract_schema import DIALECT, make_schema
from orders.intake.bodies import ORDERS_MAX
from orders.intake.http_request import KEY_CHARACTERS_MAX
from orders.intake.problems import KINDS, MEDIA_TYPE, TYPE_PREFIX

VERSION = "1"
_TOKEN_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "A token that `orders intake add` made."},
    "webhook": {
        "type": "apiKey",
        "in": "header",
        "name": "webhook-signature",
        "description": "Standard Webhooks: webhook-id, webhook-timestamp and webhook-signature (v1, HMAC-SHA256).",
    },
}
_IAM_SCHEMES = {
    "iam": {"type": "apiKey", "in": "header", "name": "Authorization", "description": "AWS Signature Version 4."}
}
_HEADERS = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1}}}
_ANSWERS_OF_ALL = ("401", "404", "405", "429", "503")


def make_openapi(*, is_iam: bool = False) -> dict[str, Any]:
    """The document; ``is_iam`` where callers sign as AWS does."""
    schemes = _IAM_SCHEMES if is_iam else _TOKEN_SCHEMES
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Order intake",
            "version": VERSION,
            "description": "Takes orders and publishes them to OrderTopic. 202 means that SNS has accepted them.",
        },
        "jsonSchemaDialect": DIALECT,
        "servers": [{"url": "/"}],
        "security": [{name: []} for name in schemes],
        "paths": {
            "/orders": {"post": _post()},
            "/orders/{orderId}": {"get": _get()},
            "/openapi.json": {"get": _get_document()},
        },
        "components": {"securitySchemes": schemes, "schemas": _schemas()},
    }


def _post() -> dict[str, Any]:
    key = {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "The same key and body get the same answer for 24 hours. A signed webhook's id is its key.",
        "schema": {"type": "string", "minLength": 1, "maxLength": KEY_CHARACTERS_MAX, "pattern": "^[ -~]*[!-~][ -~]*$"},
    }
    orders = {"type": "array", "items": _ref("Order"), "minItems": 1, "maxItems": ORDERS_MAX}
    accepted = _json({"oneOf": [_ref("Accepted"), _ref("Results")]}, "SNS has accepted all orders.")
    accepted["headers"] = {"Location": {"description": "Of a single order.", "schema": {"type": "string"}}}
    some = {**_json(_ref("Results"), "SNS has accepted some of the orders of a list."), "headers": _HEADERS}
    return {
        "operationId": "publishOrders",
        "summary": "Publish an order, or a list of orders",
        "parameters": [key],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"oneOf": [_ref("Order"), orders]}}},
        },
        "responses": {"202": accepted, "207": some, **_problems("400", "409", "413", "415", "422", *_ANSWERS_OF_ALL)},
    }


def _get() -> dict[str, Any]:
    order_id = {
        "name": "orderId",
        "in": "path",
        "required": True,
        "schema": {"type": "string", "minLength": 1, "maxLength": ORDER_ID_BYTES_MAX},
    }
    return {
        "operationId": "readOrder",
        "summary": "Read a stored order",
        "parameters": [order_id],
        "responses": {"200": _json(_ref("Order"), "The stored order."), **_problems("400", *_ANSWERS_OF_ALL)},
    }


def _get_document() -> dict[str, Any]:
    return {
        "operationId": "readOpenApi",
        "summary": "Read this document",
        "security": [],
        "responses": {"200": _json({"type": "object"}, "This document."), **_problems("405")},
    }


def _schemas() -> dict[str, Any]:
    order = {name: value for name, value in make_schema().items() if name != "$schema"}
    text, status = {"type": "string"}, {"type": "integer"}
    count = {"type": "integer", "minimum": 0}
    error = {
        "type": "object",
        "properties": {"field": text, "pointer": text, "detail": text},
        "required": ["field", "detail"],
    }
    result = {
        "type": "object",
        "properties": {
            "index": count,
            "status": {"enum": [202, 422, 503]},
            "orderId": text,
            "messageId": text,
            "errors": {"type": "array", "items": error},
            "detail": text,
        },
        "required": ["index", "status"],
    }
    results = {"accepted": count, "refused": count, "unavailable": count}
    members = {**results, "results": {"type": "array", "items": result}}
    return {
        "Order": order,
        "Accepted": _object({"orderId": text, "messageId": text}),
        "Results": _object(members),
        "Problem": {
            "type": "object",
            "properties": {
                "type": {"enum": [TYPE_PREFIX + kind for kind in KINDS]},
                "title": text,
                "status": status,
                "detail": text,
                "errors": {"type": "array", "items": error},
                **members,
            },
            "required": ["type", "title", "status", "detail"],
        },
    }


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _json(schema: Any, description: str) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _problems(*statuses: str) -> dict[str, Any]:
    """A problem document for each status."""
    return {
        status: {
            "description": "; ".join(title for code, title in KINDS.values() if str(code) == status),
            "content": {MEDIA_TYPE: {"schema": _ref("Problem")}},
            **({"headers": _HEADERS} if status in ("409", "429", "503") else {}),
        }
        for status in sorted(set(statuses))
    }
