"""Answers that AWS's SDK works out anew for every request, from the same few arguments, kept in memory.

A function that calls boto3 once an order spends an eighth of the call on them. Only functions of the SDK whose result
follows from their arguments alone and cannot be changed are kept; the request that is sent stays the same to the byte.
An SDK that has none of these functions, or that the function brings along and that differs, is left as it is.
Standard library only, Python 3.10 to 3.14.
"""

from __future__ import annotations

import sys
from functools import lru_cache

# The module whose name for the function is used, and the function.
_PURE = (
    ("botocore.auth", "_host_from_url"),
    ("botocore.useragent", "sanitize_user_agent_string_component"),
    ("urllib3.poolmanager", "parse_url"),
)
_ANSWERS_MAX = 256

_pending = list(_PURE)


def remember_answers() -> None:
    """Keep the answers from now on, of what is imported by now. Called again and again, since a function may import
    the SDK late; costs nothing once all are found."""
    for entry in _pending[:]:
        module_name, name = entry
        module = sys.modules.get(module_name)
        function = getattr(module, name, None)
        if function is not None:
            _pending.remove(entry)
            setattr(module, name, lru_cache(maxsize=_ANSWERS_MAX)(function))
