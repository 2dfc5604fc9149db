"""The names that a shop's program and the relay share; needs nothing but the standard library."""

from __future__ import annotations

import re

DEFAULT_TABLE = "orders_outbox"
# The shortest limit of the three databases is PostgreSQL's, 63 characters; names derived from it are longer.
_matches = re.compile(r"(?:[a-z_][a-z0-9_]{0,62}\.)?[a-z_][a-z0-9_]{0,47}", re.ASCII).fullmatch


def is_table_name(name: str) -> bool:
    """Whether this is a plain name in lower case, with its schema or without, which needs no quoting."""
    return _matches(name) is not None
