"""Service values into XML text, one specialised function per shape and place; and XML elements into service values.

Encoders append to a list of strings. Flattening, attributes, namespaces and element names follow the model's traits:
https://smithy.io/2.0/spec/protocol-traits.html#xml-bindings. Used by the query protocol's answers and by rest-xml.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from onebox.errors import InternalFault
from onebox.gateway.protocols.compile import Compiled, MissingFlags, Transform, member_wire_name
from onebox.gateway.protocols.dialects import Dialect
from onebox.gateway.protocols.scalars import scalar_parser, scalar_writer
from onebox.gateway.protocols.xml_text import Element, escape
from onebox.gateway.specs.loader import ServiceModel, Shape

Writer = Callable[[Any, list[str]], None]


class XmlEncoders:
    """Functions that write a value with its element."""

    def __init__(self, model: ServiceModel) -> None:
        self._model = model
        # CloudWatch writes whole seconds without a fraction.
        self._timestamp_format = "iso8601-short" if model.service == "cloudwatch" else "iso8601"
        self._compiled = Compiled()

    def element(self, shape_name: str, tag: str, *, flattened: bool = False, attributes: str = "") -> Writer:
        """The writer of a shape under an element name; ``attributes`` stand in the opening tag."""
        made: Writer = self._compiled.once(
            (shape_name, tag, flattened, attributes),
            lambda: self._make(shape_name, self._model.load_shape(shape_name), tag, flattened, attributes),
        )
        return made

    def content(self, shape_name: str, members: dict[str, Shape]) -> Writer:
        """The writer of a structure's members without an element around them."""
        writers = {name: self._member(name, member) for name, member in members.items()}

        def write(value: Any, out: list[str]) -> None:
            for key, item in value.items():
                if item is not None:
                    writer = writers.get(key)
                    if writer is None:
                        raise InternalFault(f"{shape_name} has no member {key}")
                    writer(item, out)

        return write

    def _member(self, name: str, member: Shape) -> Writer:
        return self.element(
            member["shape"],
            member_wire_name(name, member),
            flattened="flattened" in member,
            attributes=namespace_attribute(member),
        )

    def _make(self, shape_name: str, shape: Shape, tag: str, flattened: bool, attributes: str) -> Writer:
        kind = shape["type"]
        flat = flattened or bool(shape.get("flattened"))
        if kind == "structure":
            return self._structure(shape_name, shape, tag, attributes)
        if kind == "list":
            return self._list(shape, tag, flat)
        if kind == "map":
            return self._map(shape, tag, flat)
        opening, closing = f"<{tag}{attributes}>", f"</{tag}>"
        if kind == "string":
            return lambda value, out: out.append(f"{opening}{escape(value)}{closing}")
        text_of = scalar_writer(kind, shape.get("timestampFormat", self._timestamp_format))
        return lambda value, out: out.append(f"{opening}{text_of(value)}{closing}")

    def _structure(self, shape_name: str, shape: Shape, tag: str, attributes: str) -> Writer:
        in_tag = {name: member for name, member in shape["members"].items() if member.get("xmlAttribute")}
        write_content = self.content(
            shape_name, {name: member for name, member in shape["members"].items() if name not in in_tag}
        )
        attributes += namespace_attribute(shape)
        opening, closing = f"<{tag}{attributes}>", f"</{tag}>"
        if in_tag:
            return _attributed_structure(f"<{tag}{attributes}", closing, in_tag, write_content)

        def write(value: Any, out: list[str]) -> None:
            out.append(opening)
            write_content(value, out)
            out.append(closing)

        return write

    def _list(self, shape: Shape, tag: str, flat: bool) -> Writer:
        member = shape["member"]
        element_name = member.get("locationName")
        if flat:
            write_flat = self.element(member["shape"], element_name or tag)

            def write_bare(value: Any, out: list[str]) -> None:
                for item in value:
                    write_flat(item, out)

            return write_bare
        write_member = self.element(member["shape"], element_name or "member")
        opening, closing = f"<{tag}>", f"</{tag}>"

        def write(value: Any, out: list[str]) -> None:
            out.append(opening)
            for item in value:
                write_member(item, out)
            out.append(closing)

        return write

    def _map(self, shape: Shape, tag: str, flat: bool) -> Writer:
        write_key = self.element(shape["key"]["shape"], shape["key"].get("locationName", "key"))
        write_value = self.element(shape["value"]["shape"], shape["value"].get("locationName", "value"))
        entry = tag if flat else "entry"
        opening, closing = ("", "") if flat else (f"<{tag}>", f"</{tag}>")

        def write(value: Any, out: list[str]) -> None:
            out.append(opening)
            for key, item in value.items():
                out.append(f"<{entry}>")
                write_key(key, out)
                write_value(item, out)
                out.append(f"</{entry}>")
            out.append(closing)

        return write


def _attributed_structure(opening: str, closing: str, in_tag: dict[str, Shape], write_content: Writer) -> Writer:
    names = {name: member_wire_name(name, member) for name, member in in_tag.items()}

    def write(value: Any, out: list[str]) -> None:
        attributes = "".join(f' {names[key]}="{escape(str(item))}"' for key, item in value.items() if key in names)
        out.append(f"{opening}{attributes}>")
        write_content({key: item for key, item in value.items() if key not in names}, out)
        out.append(closing)

    return write


def namespace_attribute(trait_holder: Shape) -> str:
    """`` xmlns="…"`` or `` xmlns:xsi="…"`` where the model asks for it."""
    namespace = trait_holder.get("xmlNamespace")
    if not namespace:
        return ""
    if isinstance(namespace, str):
        return f' xmlns="{namespace}"'
    prefix = f":{namespace['prefix']}" if "prefix" in namespace else ""
    return f' xmlns{prefix}="{namespace["uri"]}"'


class XmlDecoders:
    """Functions from an :class:`Element` to a service value."""

    def __init__(self, model: ServiceModel, dialect: Dialect, flags: MissingFlags) -> None:
        self._model = model
        self._wrong = dialect.wrong_type
        self._flags = flags
        self._compiled = Compiled()

    def decoder(self, shape_name: str) -> Transform:
        """The function for a shape that is one element. Flattened lists and maps are their parents' business."""
        made: Transform = self._compiled.once(shape_name, lambda: self._make(self._model.load_shape(shape_name)))
        return made

    def _make(self, shape: Shape) -> Transform:
        kind = shape["type"]
        if kind == "structure":
            return self.structure(shape, shape["members"])
        if kind == "list":
            decode_member = self.decoder(shape["member"]["shape"])
            element_name = shape["member"].get("locationName", "member")
            return lambda element: [decode_member(child) for child in element.children if child.name == element_name]
        if kind == "map":
            decode_entries = self._entries(shape)
            return lambda element: decode_entries([child for child in element.children if child.name == "entry"])
        parse = scalar_parser(kind, shape.get("timestampFormat"))
        wrong = self._wrong

        def decode(element: Element) -> Any:
            if element.children:
                raise wrong({}, kind)
            try:
                return parse(element.text if kind == "string" else element.text.strip())
            except ValueError:
                raise wrong(element.text, kind) from None

        return decode

    def structure(self, shape: Shape, members: dict[str, Shape]) -> Transform:
        """A structure's function, for some of its members (the others travel in headers and path)."""
        single: dict[str, tuple[str, Transform]] = {}
        gathered: dict[str, tuple[str, Transform]] = {}
        for name, member in members.items():
            if member.get("xmlAttribute"):
                continue
            target = self._model.load_shape(member["shape"])
            if target["type"] in ("list", "map") and (target.get("flattened") or member.get("flattened")):
                wire_name = member_wire_name(name, member)
                if target["type"] == "list":
                    wire_name = target["member"].get("locationName", wire_name)
                gathered[wire_name] = (name, self._gathered(target))
            else:
                single[member_wire_name(name, member)] = (name, self.decoder(member["shape"]))
        in_tag = {
            re.sub(r"^.*:", "", member_wire_name(name, member)): name
            for name, member in members.items()
            if member.get("xmlAttribute")
        }
        required = tuple(name for name in shape.get("required", ()) if name in members)
        flags = self._flags

        def decode(element: Element) -> Any:
            out: dict[str, Any] = {}
            lists: dict[str, list[Element]] = {}
            for child in element.children:
                if child.name in gathered:
                    lists.setdefault(child.name, []).append(child)
                elif child.name in single:
                    name, decode_member = single[child.name]
                    out[name] = decode_member(child)
            for wire_name, children in lists.items():
                name, decode_gathered = gathered[wire_name]
                out[name] = decode_gathered(children)
            for attribute, text in element.attributes.items():
                if attribute in in_tag:
                    out[in_tag[attribute]] = text
            for name in required:
                if name not in out:
                    flags.raised = True
            return out

        return decode

    def _gathered(self, shape: Shape) -> Callable[[list[Element]], Any]:
        if shape["type"] == "map":
            return self._entries(shape)
        decode_member = self.decoder(shape["member"]["shape"])
        return lambda children: [decode_member(child) for child in children]

    def _entries(self, shape: Shape) -> Callable[[list[Element]], Any]:
        key_name = shape["key"].get("locationName", "key")
        value_name = shape["value"].get("locationName", "value")
        decode_value = self.decoder(shape["value"]["shape"])
        wrong = self._wrong

        def decode(entries: list[Element]) -> Any:
            out = {}
            for entry in entries:
                parts = {child.name: child for child in entry.children}
                if key_name not in parts or value_name not in parts:
                    raise wrong({}, "map")
                out[parts[key_name].text] = decode_value(parts[value_name])
            return out

        return decode
