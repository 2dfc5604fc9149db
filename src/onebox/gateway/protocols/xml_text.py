"""XML as text: escaping, and a small parser that resolves no entities and has limits.

Promises: no external entity, no DTD, no expansion; a document deeper or larger than any request of AWS is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from xml.parsers import expat

_DEPTH_MAX = 60
_ELEMENTS_MAX = 60_000
"""CompleteMultipartUpload names 10,000 parts in some 50,000 elements."""
_ATTRIBUTES_MAX = 20_000
_BYTES_MAX = 4 * 1024 * 1024
_SPECIAL = re.compile('[&<>"\r\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]')
_CONTROLS = re.compile("[\r\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_UNREADABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_NAMED = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}
"""The ampersand first: it begins the references."""
_NUMBERED = {chr(code): f"&#x{code:x};" for code in (*range(9), 11, 12, *range(13, 32), 0xFFFE, 0xFFFF)}


def escape(text: str) -> str:
    """Text for an element or attribute. Characters that XML lacks become references, as S3 writes them."""
    if _SPECIAL.search(text) is None:
        return text
    # One pass for each character: a call for each place takes 200 ms for a megabyte of quotes.
    for character, reference in _NAMED.items():
        text = text.replace(character, reference)
    if _CONTROLS.search(text) is not None:
        for character, reference in _NUMBERED.items():
            text = text.replace(character, reference)
    return text


def escape_message(text: str) -> str:
    """The same for an error's message, in which characters that XML lacks are replaced: a client must be able to read
    why its request was refused, whatever it sent."""
    return escape(_UNREADABLE.sub("\ufffd", text))


@dataclass(slots=True)
class Element:
    """An element without its namespace; ``text`` is what stands directly in it."""

    name: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[Element] = field(default_factory=list)
    text: str = ""


def parse_xml(body: bytes) -> Element:
    """The root element. Raises ValueError for anything that is not a plain, well-formed document."""
    if len(body) > _BYTES_MAX or body.count(b"=") > _ATTRIBUTES_MAX or body.count(b"<") > 2 * _ELEMENTS_MAX:
        raise ValueError("too large, or too many elements or attributes")
    builder = _Builder()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.characters
    parser.StartDoctypeDeclHandler = builder.refuse_doctype
    try:
        parser.Parse(body, True)
    except expat.ExpatError as error:
        raise ValueError("not well-formed XML") from error
    if builder.root is None:
        raise ValueError("an XML document needs an element")
    return builder.root


class _Builder:
    def __init__(self) -> None:
        self.root: Element | None = None
        self._open: list[Element] = []
        self._texts: list[list[str]] = []
        """The pieces of each open element's text; joined once, at its end."""
        self._elements = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        if len(self._open) >= _DEPTH_MAX or self._elements > _ELEMENTS_MAX:
            raise ValueError("too deep or too many elements")
        element = Element(_local(name), {_local(key): value for key, value in attributes.items()})
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.root = element
        self._open.append(element)
        self._texts.append([])

    def end(self, name: str) -> None:
        self._open.pop().text = "".join(self._texts.pop())

    def characters(self, data: str) -> None:
        self._texts[-1].append(data)

    def refuse_doctype(self, *_: object) -> None:
        raise ValueError("a document type declaration is refused")


def _local(name: str) -> str:
    return name.rpartition(":")[2]
