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
_FORM_TO_QUOTED_PRINTABLE = bytes.maketrans(b"%+", b"= ")


def parse_form(body: bytes) -> Tree:
    """The tree of a body. A later pair with the same key wins."""
    pairs = body.split(b"&", _PAIRS_MAX)
    if len(pairs) > _PAIRS_MAX:
        raise ValueError("too many parameters")
    tree: Tree = {}
    place, node = "", tree
    for pair in pairs:
        raw_key, separator, raw_value = pair.partition(b"=")
        if not raw_key:
            continue
        value = unquote_form(raw_value) if separator else ""
        key = raw_key.decode("ascii") if b"%" not in raw_key and b"+" not in raw_key else unquote_form(raw_key)
        name_at = key.rfind(".") + 1
        # Most pairs have the place of the pair before them: they are members of one element of a list.
        if key[:name_at] != place:
            place = key[:name_at]
            node = _make_node(tree, place)
        node[key[name_at:]] = value
    return tree


def _make_node(tree: Tree, place: str) -> Tree:
    """The node of a place: of the tree itself, which is empty, or of levels that each end with a dot."""
    levels = place.split(".")
    if len(levels) > _DEPTH_MAX:
        raise ValueError("a key has too many levels")
    node = tree
    for level in levels[:-1]:
        child = node.get(level)
        if type(child) is not dict:
            child = node[level] = {}
        node = child
    return node


def unquote_form(raw: bytes) -> str:
    """Percent escapes and plus signs resolved, as UTF-8."""
    if b"%" not in raw:
        return raw.replace(b"+", b" ").decode("utf-8")
    # Quoted-printable differs from percent encoding in its escape sign alone, and Python decodes it in C.
    quoted = (raw.replace(b"=", b"%3D") if b"=" in raw else raw).translate(_FORM_TO_QUOTED_PRINTABLE)
    decoded = a2b_qp(quoted)
    # A broken escape leaves its sign or, at the end, nothing: where no sign is left, the escapes need not be counted.
    may_be_broken = b"=" in decoded and len(decoded) != len(raw) - 2 * raw.count(b"%")
    if may_be_broken or raw.endswith(b"%") or b"\n" in raw or b"\r" in raw:
        decoded = unquote_to_bytes(raw.replace(b"+", b" "))  # keeps a broken escape as it stands
    return decoded.decode("utf-8")
