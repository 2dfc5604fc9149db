"""How each service words what is wrong with a request, before any operation sees it.

AWS's services were built on several frameworks, and each has its own words for a wrong type, a missing member or an
unknown operation. A dialect is one such way; ``DIALECTS`` says which service speaks which. Evidence stands beside
each. Knows nothing of HTTP.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from onebox.errors import (
    AwsError,
    InvalidAction,
    SerializationException,
    UnknownOperationException,
    ValidationError,
    ValidationException,
)

Path = tuple[str | int, ...]
"""A member's place in the input: names, and for list elements their number from 1."""


class MalformedInput(AwsError):
    """Query services: a parameter's text does not parse as its type."""


class MissingParameter(AwsError):
    """Query services: a required parameter is absent."""


class MissingRequiredParameterException(AwsError):
    """The same, as the shapes of CloudWatch and SQS call it."""

    code = "MissingParameter"


class InvalidParameterException(AwsError):
    """CloudWatch Logs: a parameter breaks its constraint."""


class InvalidParameter(AwsError):
    """SNS: a parameter breaks its constraint."""


class InvalidParameterValueException(AwsError):
    """Lambda: a parameter breaks its constraint."""


class InvalidRequestContentException(AwsError):
    """Lambda: the body is not JSON."""


class MalformedXML(AwsError):
    """S3: the body is not XML, or not what the operation expects."""


class InvalidArgument(AwsError):
    """S3: a query parameter or header does not parse."""


class InvalidURI(AwsError):
    """S3: the path or query does not parse."""


class IncompleteBody(AwsError):
    """S3: fewer bytes came than were announced."""


class MissingAction(AwsError):
    """Query services: no Action."""


class MethodNotAllowed(AwsError):
    """S3: no operation has this method and path."""

    status = 405


class S3NotImplemented(AwsError):
    """S3: an operation that is not offered."""

    code = "NotImplemented"
    status = 501


@dataclass(frozen=True, slots=True)
class Dialect:
    """One framework's words."""

    malformed: Callable[[], AwsError]
    """The body cannot be read at all."""
    wrong_type: Callable[[Any, str], AwsError]
    """``(value, shape type)``: a value of another type than the model's."""
    missing: Callable[[Sequence[Path]], AwsError]
    """Required members that are absent; never empty."""
    unknown_operation: Callable[[str], AwsError]
    """The service has no such operation, or we do not offer it."""
    unknown_route: Callable[[str], AwsError] = lambda _: UnknownOperationException()
    """``(method)``: no operation of a REST service has this method and path."""
    wrong_parameter: Callable[[str, str, str], AwsError] = lambda *_: SerializationException()
    """``(name, value, shape type)``: a label, query parameter or header that does not parse."""
    incomplete_body: Callable[[], AwsError] = SerializationException
    """A chunked body that is cut short."""
    says_which_type: bool = False
    """The words for a value of another type depend on where it stands: protocols/type_faults.py finds them."""
    checks_missing: bool = False
    """The service itself reports absent members, together with other broken constraints (IncompleteWire)."""


def coral_path(path: Path) -> str:
    """``attributeDefinitions.1.member.attributeName``: lower first letters, ``member`` after a number or a key."""
    words = []
    for position, part in enumerate(path):
        if isinstance(part, int):
            words.append(f"{part}.member" if position + 1 < len(path) else str(part))
        else:
            words.append(part[:1].lower() + part[1:])
    return ".".join(words)


def null_violations(paths: Sequence[Path]) -> str:
    """The sentence for absent members that JSON and query services of the newer framework share."""
    errors = "; ".join(
        f"Value null at '{coral_path(path)}' failed to satisfy constraint: Member must not be null" for path in paths
    )
    return f"{len(paths)} validation error{'s' if len(paths) > 1 else ''} detected: {errors}"


_JAVA_TYPES = {
    "string": "String",
    "integer": "Integer",
    "long": "Long",
    "boolean": "Boolean",
    "double": "Double",
}
_ARTICLES = {"Integer": "an"}


def _token_of(value: Any) -> str:
    if isinstance(value, bool):
        return "TRUE_VALUE" if value else "FALSE_VALUE"
    return "STRING_VALUE" if isinstance(value, str) else "NUMBER_VALUE"


def _coral_wrong_type(value: Any, shape_type: str) -> AwsError:
    # Recorded against AWS, for a service of the same framework: a structure where a scalar is due has a full stop,
    # a list has none, and some pairs of types have no message at all.
    if isinstance(value, list):
        return SerializationException("Start of list found where not expected")
    if isinstance(value, dict):
        return SerializationException("Start of structure or map found where not expected.")
    if shape_type == "timestamp":
        return SerializationException(f"{_token_of(value)} can not be converted to milliseconds since epoch")
    if shape_type == "list":
        return SerializationException("Expected list or null")
    if shape_type in ("structure", "map"):
        return SerializationException("Expected null")
    java_type = _JAVA_TYPES.get(shape_type)
    if java_type is None or value is None or isinstance(value, float):
        return SerializationException()
    return SerializationException(
        f"{_token_of(value)} can not be converted to {_ARTICLES.get(java_type, 'a')} {java_type}"
    )


def _dynamodb_wrong_type(value: Any, shape_type: str) -> AwsError:
    """A stand-in: the codec looks for the words with the whole request (``says_which_type``)."""
    return SerializationException()


def _json_unknown(operation: str) -> AwsError:
    return UnknownOperationException()


def _query_malformed() -> AwsError:
    return MalformedInput()


def _query_wrong_type(value: Any, shape_type: str) -> AwsError:
    return MalformedInput()


def _versioned_unknown(version: str) -> Callable[[str], AwsError]:
    return lambda operation: InvalidAction(f"Could not find operation {operation} for version {version}")


def _sqs_missing(paths: Sequence[Path]) -> AwsError:
    return MissingRequiredParameterException(f"The request must contain the parameter {_dotted(paths[0])}.")


def _sns_missing(paths: Sequence[Path]) -> AwsError:
    if paths[0][-1] == "DataType":  # of a message attribute: recorded against AWS
        problem = f"Value null at '{_constrained(paths[0])}' failed to satisfy constraint: Member must not be null"
        return ValidationError(f"1 validation error detected: {problem}")
    # https://github.com/sul-dlss/dlme/issues/432 has the sentence.
    return InvalidParameter(f"Invalid parameter: {_dotted(paths[0])} Reason: no value for required parameter")


def _constrained(path: Path) -> str:
    """A path as messages about constraints show it: members in camel case, keys of maps as they are."""
    shown: list[str] = []
    for number, part in enumerate(path):
        if isinstance(part, int):
            shown.append(f"{part}.member")
        elif number and path[number - 1] == "MessageAttributes":
            shown.append(part)
        else:
            shown.append(part[:1].lower() + part[1:])
    return ".".join(shown)


def _cloudwatch_missing(paths: Sequence[Path]) -> AwsError:
    # https://github.com/sj26/sidekiq-cloudwatchmetrics/issues/43: one line each, lists with «member».
    return MissingRequiredParameterException("\n".join(f"The parameter {_dotted(path)} is required." for path in paths))


def _dotted(path: Path) -> str:
    return ".".join(f"member.{part}" if isinstance(part, int) else part for part in path)


def _malformed_xml(*_: object) -> AwsError:
    return MalformedXML("The XML you provided was not well-formed or did not validate against our published schema")


def _s3_wrong_parameter(name: str, value: str, shape_type: str) -> AwsError:
    if name == "URI":
        return InvalidURI("Couldn't parse the specified URI.", URI=value)
    words = "not an integer or within integer range" if shape_type in ("integer", "long") else "not valid"
    return InvalidArgument(f"Provided {name} {words}", ArgumentName=name, ArgumentValue=value)


_AWS_JSON = Dialect(
    malformed=SerializationException,
    wrong_type=_coral_wrong_type,
    missing=lambda paths: ValidationException(null_violations(paths)),
    unknown_operation=_json_unknown,
)


def _validated_query(version: str) -> Dialect:
    return Dialect(
        malformed=_query_malformed,
        wrong_type=_query_wrong_type,
        missing=lambda paths: ValidationError(null_violations(paths)),
        unknown_operation=_versioned_unknown(version),
    )


_SQS_QUERY = Dialect(
    malformed=_query_malformed,
    wrong_type=_query_wrong_type,
    missing=_sqs_missing,
    unknown_operation=lambda operation: InvalidAction(f"The action {operation} is not valid for this endpoint."),
)

_DYNAMODB = Dialect(
    malformed=SerializationException,
    wrong_type=_dynamodb_wrong_type,
    missing=lambda paths: ValidationException(null_violations(paths)),
    unknown_operation=_json_unknown,
    says_which_type=True,
    checks_missing=True,
)

DIALECTS: dict[str, Dialect] = {
    "dynamodb": _DYNAMODB,
    "dynamodbstreams": replace(_DYNAMODB, checks_missing=False),
    "logs": Dialect(
        malformed=SerializationException,
        wrong_type=_coral_wrong_type,
        missing=lambda paths: InvalidParameterException(null_violations(paths)),
        unknown_operation=_json_unknown,
    ),
    "sqs": Dialect(
        malformed=SerializationException,
        wrong_type=_coral_wrong_type,
        missing=_sqs_missing,
        unknown_operation=_json_unknown,
    ),
    "sqs-query": _SQS_QUERY,
    "sqs-query-json": _SQS_QUERY,
    "sns-query": Dialect(
        malformed=_query_malformed,
        wrong_type=_query_wrong_type,
        missing=_sns_missing,
        unknown_operation=_versioned_unknown("2010-03-31"),
    ),
    "iam-query": _validated_query("2010-05-08"),
    "sts-query": _validated_query("2011-06-15"),
    "cloudformation-query": _validated_query("2010-05-15"),
    "cloudwatch-query": Dialect(
        malformed=_query_malformed,
        wrong_type=_query_wrong_type,
        missing=_cloudwatch_missing,
        unknown_operation=_versioned_unknown("2010-08-01"),
    ),
    "cloudwatch": Dialect(
        malformed=SerializationException,
        wrong_type=_coral_wrong_type,
        missing=_cloudwatch_missing,
        unknown_operation=_json_unknown,
    ),
    "lambda": Dialect(
        malformed=lambda: InvalidRequestContentException("Could not parse request body into json."),
        wrong_type=_coral_wrong_type,
        missing=lambda paths: ValidationException(null_violations(paths)),
        unknown_operation=_json_unknown,
    ),
    "s3": Dialect(
        malformed=_malformed_xml,
        wrong_type=_malformed_xml,
        missing=_malformed_xml,
        unknown_operation=lambda _: S3NotImplemented(
            "A header you provided implies functionality that is not implemented"
        ),
        unknown_route=lambda method: MethodNotAllowed(
            "The specified method is not allowed against this resource.", Method=method
        ),
        wrong_parameter=_s3_wrong_parameter,
        incomplete_body=lambda: IncompleteBody("The request body terminated unexpectedly"),
    ),
}


def not_offered(unknown: AwsError, service: str, operation: str) -> AwsError:
    """The service's error for an unknown operation, with a sentence that says that AWS has it and onebox does not."""
    return type(unknown)(
        f"onebox does not offer the operation {operation} of {service}. "
        f"The command `onebox operations {service}` and docs/compatibility.md list what it offers."
    )


def dialect_of(service: str, protocol: str) -> Dialect:
    """The words of a service in a protocol."""
    return DIALECTS.get(f"{service}-{protocol}") or DIALECTS.get(service) or _AWS_JSON
