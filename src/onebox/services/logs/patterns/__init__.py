"""Filter patterns: which log events a search, a metric filter or a test means.

:func:`parse_pattern` turns a pattern into a :class:`Pattern` once; the three kinds (terms, JSON, space-delimited)
have a file each. Pure; knows nothing of groups or storage.
AWS: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
"""

from __future__ import annotations

from functools import lru_cache

from onebox.services.logs.patterns.columns import parse_columns
from onebox.services.logs.patterns.json_pattern import parse_json_pattern
from onebox.services.logs.patterns.pattern import Pattern
from onebox.services.logs.patterns.terms import parse_terms

__all__ = ["Pattern", "parse_pattern"]


@lru_cache(maxsize=256)
def parse_pattern(text: str) -> Pattern:
    """The pattern that ``text`` means. Raises InvalidParameterException for text that is none."""
    stripped = text.strip()
    if stripped.startswith("{"):
        return parse_json_pattern(stripped)
    if stripped.startswith("["):
        return parse_columns(stripped)
    return parse_terms(stripped)
