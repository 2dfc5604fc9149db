"""How DynamoDB's framework words a JSON value of another type than the service model's.

Pure. Shared by the gateway, which checks the structure of requests, and by DynamoDB, which checks attribute values.
The sentences are AWS's own; https://github.com/architect/dynalite (test/helpers.js) keeps them as they were recorded.
"""

from __future__ import annotations

from base64 import b64decode
from typing import Any

NAMESPACE = "com.amazonaws.dynamodb.v20120810."
_JAVA_NAMES = {
    "string": "java.lang.String",
    "boolean": "java.lang.Boolean",
    "integer": "java.lang.Integer",
    "long": "java.lang.Long",
    "double": "java.lang.Double",
    "float": "java.lang.Float",
    "timestamp": "java.util.Date",
    "blob": "java.nio.ByteBuffer",
}
_BOOLEAN_WORDS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
_BAD_BASE64 = "Invalid last non-pad Base64 character dectected"
# Before one or two signs of padding stand characters whose last two or four bits are zero.
_LAST_CHARACTERS = {1: frozenset("AEIMQUYcgkosw048"), 2: frozenset("AQgw")}
_NOT_EXPECTED = "Start of structure or map found where not expected"
_PARAMETERIZED = (
    "class sun.reflect.generics.reflectiveObjects.ParameterizedTypeImpl cannot be cast to class java.lang.Class "
    "(sun.reflect.generics.reflectiveObjects.ParameterizedTypeImpl and java.lang.Class are in module java.base of "
    "loader 'bootstrap')"
)


def scalar_fault(value: Any, kind: str) -> str | None:
    """What is wrong with a value where a scalar of the model's ``kind`` is due; None if nothing is."""
    if isinstance(value, dict):
        return _NOT_EXPECTED
    if isinstance(value, list):
        return f"Unrecognized collection type class {_JAVA_NAMES[kind]}"
    if kind == "string":
        return None if isinstance(value, str) else _cannot_convert(value, "String")
    if kind == "boolean":
        if isinstance(value, bool):
            return None
        return "Unexpected token received from parser" if isinstance(value, str) else _cannot_convert(value, "Boolean")
    if kind == "blob":
        if isinstance(value, str):
            return base64_fault(value)
        return "only base-64-encoded strings are convertible to bytes"
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or (kind in ("integer", "long") and isinstance(value, float) and not value.is_integer()):
        return _cannot_convert(value, _JAVA_NAMES[kind].rpartition(".")[2])
    return None


def base64_fault(text: str) -> str | None:
    """What is wrong with the base64 text of a blob; None if nothing is."""
    try:
        decode_base64(text)
    except ValueError as error:
        return str(error)
    return None


def decode_base64(text: str) -> bytes:
    """The bytes of a blob. Raises ValueError for text that is no base64, or has bits beyond its bytes."""
    if len(text) % 4:
        raise ValueError(f"Base64 encoded length is expected a multiple of 4 bytes but found: {len(text)}")
    padding = 2 if text.endswith("==") else 1 if text.endswith("=") else 0
    if padding and text[-padding - 1] not in _LAST_CHARACTERS[padding]:
        raise ValueError(_BAD_BASE64)
    try:
        return b64decode(text, validate=True)
    except ValueError:
        raise ValueError(_BAD_BASE64) from None


def read_boolean(value: Any) -> bool | None:
    """The boolean that a string stands for, in any case; None for other values."""
    return _BOOLEAN_WORDS.get(value.lower()) if isinstance(value, str) else None


def list_fault(value: Any, *, nested: bool) -> str | None:
    """The same where a list is due. ``nested``: as an element of a list or a value of a map."""
    if isinstance(value, list):
        return None
    if isinstance(value, dict):
        return _NOT_EXPECTED
    return _PARAMETERIZED if nested else "Unexpected field type"


def map_fault(value: Any, content: str, *, nested: bool) -> str | None:
    """The same where a map is due; ``content`` is the Java name of its values' type."""
    if isinstance(value, dict):
        return None
    if isinstance(value, list):
        return f"Unrecognized collection type java.util.Map<java.lang.String, {content}>"
    return _PARAMETERIZED if nested else "Unexpected field type"


def structure_fault(value: Any, shape_name: str, *, nested: bool) -> str | None:
    """The same where a structure is due."""
    if isinstance(value, dict):
        return None
    if isinstance(value, list):
        return f"Unrecognized collection type class {NAMESPACE}{shape_name}"
    return "Unexpected value type in payload" if nested else "Unexpected field type"


def java_name(shape_name: str, kind: str, element: str = "") -> str:
    """The Java name of a type, as messages show it; ``element`` is that of a list's elements."""
    if kind == "list":
        return f"java.util.List<{element}>"
    return _JAVA_NAMES.get(kind, NAMESPACE + shape_name)


def _cannot_convert(value: Any, wanted: str) -> str:
    if isinstance(value, bool):
        token = "TRUE_VALUE" if value else "FALSE_VALUE"
    elif isinstance(value, str):
        token = "STRING_VALUE"  # noqa: S105 - a token of the parser
    else:
        token = "NUMBER_VALUE" if isinstance(value, int) else "DECIMAL_VALUE"
    return f"{token} cannot be converted to {wanted}"
