"""``application/x-www-form-urlencoded`` to a tree: ``A.member.1.B=x`` becomes ``{"A": {"member": {"1": {"B": "x"}}}}``.

Promises: linear in the size of the body, one pass in C for percent escapes (a publish of 200 KB is decoded in well
under a millisecond), a limit on depth. Raises ValueError and nothing else. Knows nothing of shapes.
"""

from __future__ import annotations

from binascii import a2b_qp
from typing import Any
from urllib.parse import unquote_to_bytes

Tree = dict[str, Any]

_DEPTH_MAX = 40
"""Levels in a key; the deepest shape of any service has fewer."""
_PAIRS_MAX = 40_000
"""Pairs in a body: PutMetricData's 1 MB holds some 25,000."""


def parse_form(body: bytes) -> Tree:
    """The tree of a body. A later pair with the same key wins."""
    if body.count(b"&") >= _PAIRS_MAX:
        raise ValueError("too many parameters")
    tree: Tree = {}
    for pair in body.split(b"&"):
        raw_key, separator, raw_value = pair.partition(b"=")
        if not raw_key:
            continue
        value = unquote_form(raw_value) if separator else ""
        key = raw_key.decode("ascii") if b"%" not in raw_key and b"+" not in raw_key else unquote_form(raw_key)
        if "." in key:
            _insert(tree, key.split("."), value)
        else:
            tree[key] = value
    return tree


def _insert(tree: Tree, parts: list[str], value: str) -> None:
    if len(parts) > _DEPTH_MAX:
        raise ValueError("a key has too many levels")
    node = tree
    for part in parts[:-1]:
        child = node.get(part)
        if type(child) is not dict:
            child = node[part] = {}
        node = child
    node[parts[-1]] = value


def unquote_form(raw: bytes) -> str:
    """Percent escapes and plus signs resolved, as UTF-8."""
    if b"+" in raw:
        raw = raw.replace(b"+", b" ")
    escapes = raw.count(b"%")
    if not escapes:
        return raw.decode("utf-8")
    # Quoted-printable differs from percent encoding in its escape sign alone, and Python decodes it in C.
    decoded = a2b_qp(raw.replace(b"=", b"=3D").replace(b"%", b"=") if b"=" in raw else raw.replace(b"%", b"="))
    if len(decoded) != len(raw) - 2 * escapes or b"\n" in raw or b"\r" in raw:
        decoded = unquote_to_bytes(raw)  # some escape is not one; this keeps it as it stands
    return decoded.decode("utf-8")
