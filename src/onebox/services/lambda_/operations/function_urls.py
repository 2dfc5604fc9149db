"""Function URLs: the HTTP addresses of functions and aliases.
AWS: https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html"""

from __future__ import annotations

import dataclasses
import re
from urllib.parse import urlsplit

from onebox.services.context import RequestContext, Wire
from onebox.services.lambda_.core import LambdaCore
from onebox.services.lambda_.errors import (
    InvalidParameterValueException,
    ResourceConflictException,
    ResourceNotFoundException,
)
from onebox.services.lambda_.model import FunctionUrl
from onebox.services.lambda_.naming import FunctionReference, parse_function_reference
from onebox.services.lambda_.operations.paging import page_size, parse_marker
from onebox.services.lambda_.platform_times import iso_microseconds
from onebox.services.lambda_.validation import broken, constraint_error, constraint_errors, must_be_one_of, must_match

_QUALIFIER = re.compile(r"(?!\d+$)[0-9a-zA-Z_-]{1,128}")
_QUALIFIER_PATTERN = r"((?!^\d+$)^[0-9a-zA-Z-_]+$)"
_AUTH_TYPES = ("AWS_IAM", "NONE")
_INVOKE_MODES = ("RESPONSE_STREAM", "BUFFERED")
_NO_FUNCTION = "Function does not exist"
_NO_URL = "The resource you requested does not exist."
_ID_CHARACTERS = 32


def create_function_url_config(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """Give a function or alias an address."""
    reference = _parse(context, request)
    _check_function(core, reference)
    if core.urls.find(reference.key, reference.qualifier or "") is not None:
        raise ResourceConflictException(
            f"Failed to create function url config for [functionArn = {reference.arn}]. Error message:  "
            "FunctionUrlConfig exists for this Lambda function"
        )
    url = FunctionUrl(
        id=core.deps.ids.hex(_ID_CHARACTERS),
        key=reference.key,
        qualifier=reference.qualifier or "",
        auth_type=request["AuthType"],
        invoke_mode=request.get("InvokeMode", "BUFFERED"),
        cors=_checked_cors(request["Cors"]) if request.get("Cors") else None,
        created_at_ms=context.now_ms,
        modified_at_ms=context.now_ms,
    )
    core.urls.save(url)
    described = _describe(core, url)
    del described["LastModifiedTime"]
    if "InvokeMode" not in request:
        del described["InvokeMode"]
    return described


def get_function_url_config(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """The address of a function or alias, and its settings."""
    return _describe(core, _load(core, _parse(context, request)))


def update_function_url_config(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """Change some of the settings."""
    reference = _parse(context, request)
    _check_function(core, reference)
    url = _load(core, reference)
    changed = dataclasses.replace(
        url,
        auth_type=request.get("AuthType", url.auth_type),
        invoke_mode=request.get("InvokeMode", url.invoke_mode),
        cors=_checked_cors(request["Cors"]) or None if "Cors" in request else url.cors,
        modified_at_ms=context.now_ms,
    )
    core.urls.save(changed)
    return _describe(core, changed)


def delete_function_url_config(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """Take the address away."""
    url = _load(core, _parse(context, request))
    core.urls.delete(url.key, url.qualifier)
    return {}


def list_function_url_configs(core: LambdaCore, context: RequestContext, request: Wire) -> Wire:
    """The addresses of a function and of its aliases."""
    reference = parse_function_reference(context, request["FunctionName"])
    _check_function(core, FunctionReference(reference.key, None))
    limit = page_size(request, 50, asked_most=50)
    marker = parse_marker(request)
    found = core.urls.list_urls(reference.key, marker[1:] if marker.startswith("q") else None, limit + 1)
    answer: Wire = {"FunctionUrlConfigs": [_describe(core, url) for url in found[:limit]]}
    if len(found) > limit:
        answer["NextMarker"] = f"q{found[limit - 1].qualifier}"
    return answer


def _parse(context: RequestContext, request: Wire) -> FunctionReference:
    problems = []
    qualifier = request.get("Qualifier")
    if qualifier is not None and not _QUALIFIER.fullmatch(qualifier):
        problems.append(broken("qualifier", qualifier, must_match(_QUALIFIER_PATTERN)))
    for member, name, values in (("AuthType", "authType", _AUTH_TYPES), ("InvokeMode", "invokeMode", _INVOKE_MODES)):
        value = request.get(member)
        if value is not None and value not in values:
            problems.append(broken(name, value, must_be_one_of(values)))
    if problems:
        raise constraint_errors(problems)
    reference = parse_function_reference(context, request["FunctionName"], qualifier)
    if reference.qualifier is not None and not _QUALIFIER.fullmatch(reference.qualifier):
        raise constraint_error("qualifier", reference.qualifier, must_match(_QUALIFIER_PATTERN))
    return reference


def _check_function(core: LambdaCore, reference: FunctionReference) -> None:
    try:
        core.finder.load(reference.key, reference.qualifier)
    except ResourceNotFoundException:
        raise ResourceNotFoundException(_NO_FUNCTION) from None


def _load(core: LambdaCore, reference: FunctionReference) -> FunctionUrl:
    url = core.urls.find(reference.key, reference.qualifier or "")
    if url is None:
        raise ResourceNotFoundException(_NO_URL)
    return url


def _checked_cors(cors: Wire) -> Wire:
    texts = [text for member in cors.values() if isinstance(member, list) for text in member]
    if any(not text.isprintable() or not text.isascii() for text in texts):
        raise InvalidParameterValueException("Invalid Cors: header names, methods and origins are printable ASCII.")
    age = cors.get("MaxAge")
    if age is not None and not 0 <= age <= 86_400:
        bound = "greater than or equal to 0" if age < 0 else "less than or equal to 86400"
        raise constraint_error("cors.maxAge", age, f"Member must have value {bound}")
    return cors


def _describe(core: LambdaCore, url: FunctionUrl) -> Wire:
    described: Wire = {
        "FunctionUrl": _address(core, url),
        "FunctionArn": url.arn,
        "AuthType": url.auth_type,
        "InvokeMode": url.invoke_mode,
        "CreationTime": iso_microseconds(url.created_at_ms),
        "LastModifiedTime": iso_microseconds(url.modified_at_ms),
    }
    if url.cors is not None:
        described["Cors"] = url.cors
    return described


def _address(core: LambdaCore, url: FunctionUrl) -> str:
    """A name that means this machine: names under localhost do, everywhere where browsers and curl run."""
    endpoint = urlsplit(core.settings.endpoint_url())
    return f"http://{url.id}.lambda-url.{url.key.region}.localhost:{endpoint.port}/"
