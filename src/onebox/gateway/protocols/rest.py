"""HTTP bindings that rest-json and rest-xml share: labels, query parameters, headers and status codes.

https://smithy.io/2.0/spec/http-bindings.html. Bodies are the two protocols' own business.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from onebox.gateway.message import Request
from onebox.gateway.protocols.compile import member_wire_name
from onebox.gateway.protocols.dialects import Dialect
from onebox.gateway.protocols.form import unquote_form
from onebox.gateway.protocols.s3_address import address_path
from onebox.gateway.protocols.scalars import scalar_parser, scalar_writer
from onebox.gateway.specs.loader import ServiceModel, Shape
from onebox.services.context import Wire

Binder = Callable[[Request, Wire], None]
"""Puts what a part of the request says into the service's dict. Raises AwsError."""
HeaderWriter = Callable[[Any, list[tuple[str, str]]], None]


def body_members(shape: Shape) -> dict[str, Shape]:
    """The members that travel in the body."""
    return {name: member for name, member in shape["members"].items() if "location" not in member}


def build_binders(model: ServiceModel, operation: dict[str, Any], shape: Shape, dialect: Dialect) -> list[Binder]:
    """The binders of an operation's input; the body is not among them."""
    by_location: dict[str, dict[str, Shape]] = {}
    for name, member in shape["members"].items():
        if "location" in member:
            by_location.setdefault(member["location"], {})[name] = member
    binders: list[Binder] = []
    if "uri" in by_location:
        binders.append(_label_binder(model, operation["http"]["requestUri"], by_location["uri"], dialect))
    if "querystring" in by_location:
        binders.append(_query_binder(model, by_location["querystring"], dialect))
    if "header" in by_location:
        binders.append(_header_binder(model, by_location["header"], dialect))
    for name, member in by_location.get("headers", {}).items():
        binders.append(_prefix_binder(name, member["locationName"].lower()))
    return binders


def _label_binder(model: ServiceModel, uri: str, members: dict[str, Shape], dialect: Dialect) -> Binder:
    template = re.sub(
        r"\\\{(\w+)(\\\+)?\\\}",
        lambda match: f"(?P<{match[1]}>{'.+' if match[2] else '[^/]*'})",
        re.escape(uri.partition("?")[0].rstrip("/")),
    )
    pattern = re.compile(f"{template}/?" if "+>" not in template and ".+" not in template else template, re.DOTALL)
    parsers = {
        member_wire_name(name, member): (name, _text_parser(model, name, member, dialect))
        for name, member in members.items()
    }
    in_host = model.service == "s3"

    def bind(request: Request, wire: Wire) -> None:
        match = pattern.fullmatch(address_path(request) if in_host else request.path)
        if match is None:
            raise dialect.unknown_route(request.method)
        for label, (name, parse) in parsers.items():
            wire[name] = parse(_unquoted(match[label].replace("+", "%2B"), dialect))

    return bind


def _query_binder(model: ServiceModel, members: dict[str, Shape], dialect: Dialect) -> Binder:
    single: dict[str, tuple[str, Callable[[str], Any]]] = {}
    repeated: dict[str, tuple[str, Callable[[str], Any]]] = {}
    for name, member in members.items():
        shape = model.load_shape(member["shape"])
        if shape["type"] == "list":
            parser = _text_parser(model, name, shape["member"], dialect)
            repeated[member_wire_name(name, member)] = (name, parser)
        else:
            single[member_wire_name(name, member)] = (name, _text_parser(model, name, member, dialect))

    def bind(request: Request, wire: Wire) -> None:
        if not request.query:
            return
        for pair in request.query.split("&"):
            raw_key, _, raw_value = pair.partition("=")
            key = _unquoted(raw_key, dialect)
            if key in single:
                name, parse = single[key]
                wire[name] = parse(_unquoted(raw_value, dialect))
            elif key in repeated:
                name, parse = repeated[key]
                wire.setdefault(name, []).append(parse(_unquoted(raw_value, dialect)))

    return bind


def _header_binder(model: ServiceModel, members: dict[str, Shape], dialect: Dialect) -> Binder:
    parsers = {
        member_wire_name(name, member).lower(): (name, _header_parser(model, name, member, dialect))
        for name, member in members.items()
    }

    def bind(request: Request, wire: Wire) -> None:
        for header, value in request.headers.items():
            entry = parsers.get(header)
            if entry is not None:
                wire[entry[0]] = entry[1](value)

    return bind


def _header_parser(model: ServiceModel, name: str, member: Shape, dialect: Dialect) -> Callable[[str], Any]:
    shape = model.load_shape(member["shape"])
    if shape["type"] != "list":
        return _text_parser(model, name, member, dialect)
    parse = _text_parser(model, name, shape["member"], dialect)
    return lambda text: [parse(part.strip()) for part in text.split(",") if part.strip()]


def _prefix_binder(name: str, prefix: str) -> Binder:
    def bind(request: Request, wire: Wire) -> None:
        found = {key[len(prefix) :]: value for key, value in request.headers.items() if key.startswith(prefix)}
        if found:
            wire[name] = found

    return bind


def _text_parser(model: ServiceModel, name: str, member: Shape, dialect: Dialect) -> Callable[[str], Any]:
    shape = model.load_shape(member["shape"])
    kind = shape["type"]
    wire_name = member_wire_name(name, member)
    parse_scalar = scalar_parser(kind, shape.get("timestampFormat"))

    def parse(text: str) -> Any:
        try:
            return parse_scalar(text)
        except ValueError:
            raise dialect.wrong_parameter(wire_name, text, kind) from None

    return parse


def _unquoted(text: str, dialect: Dialect) -> str:
    if "%" not in text and "+" not in text:
        return text
    try:
        return unquote_form(text.encode("utf-8", "surrogateescape"))
    except ValueError:
        raise dialect.wrong_parameter("URI", text, "string") from None


def build_header_writers(model: ServiceModel, shape: Shape) -> dict[str, HeaderWriter]:
    """For each output member bound to headers, what writes it."""
    writers: dict[str, HeaderWriter] = {}
    for name, member in shape["members"].items():
        if member.get("location") == "header":
            writers[name] = _header_writer(model, member_wire_name(name, member), member)
        elif member.get("location") == "headers":
            writers[name] = _prefix_writer(member["locationName"])
    return writers


def _header_writer(model: ServiceModel, header: str, member: Shape) -> HeaderWriter:
    shape = model.load_shape(member["shape"])
    if shape["type"] == "list":
        return lambda value, headers: headers.append((header, ", ".join(value)))
    text_of = scalar_writer(shape["type"], shape.get("timestampFormat", "rfc822"))
    return lambda value, headers: headers.append((header, header_text(text_of(value))))


def _prefix_writer(prefix: str) -> HeaderWriter:
    def write(value: Any, headers: list[tuple[str, str]]) -> None:
        headers.extend((f"{prefix}{key}", header_text(text)) for key, text in value.items())

    return write


def header_text(text: str) -> str:
    """A value that cannot end its header line: whatever a client stored, it stays one header."""
    return text if text.isprintable() else "".join(char if char.isprintable() else " " for char in text)


def not_in_headers(result: Wire, writers: dict[str, HeaderWriter], headers: list[tuple[str, str]]) -> Wire:
    """Write the members that are headers; the others are returned."""
    rest: Wire = {}
    for key, value in result.items():
        if value is None:
            continue
        writer = writers.get(key)
        if writer is None:
            rest[key] = value
        else:
            writer(value, headers)
    return rest


def find_status_member(shape: Shape) -> str | None:
    """The output member that is the HTTP status."""
    return next((name for name, member in shape["members"].items() if member.get("location") == "statusCode"), None)
