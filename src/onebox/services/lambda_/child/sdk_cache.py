"""Caches three pure functions of the AWS SDK, which computes them anew for every request.

They cost a function that calls boto3 once an eighth of its time. Their results follow from their arguments alone and
are immutable, so the requests that are sent stay the same to the byte. An SDK without these functions is left as it is.
``onebox serve --no-sdk-cache`` turns this off. Standard library only, Python 3.10 to 3.14.
"""

from __future__ import annotations

import sys
from functools import lru_cache

# The module that calls the function, and the name by which it does.
_PURE = (
    ("botocore.auth", "_host_from_url"),
    ("botocore.useragent", "sanitize_user_agent_string_component"),
    ("urllib3.poolmanager", "parse_url"),
)
_RESULTS_MAX = 256

_pending = list(_PURE)


def cache_sdk_functions() -> None:
    """Cache those functions whose modules are imported by now. Called before each invocation, since a function may
    import the SDK late; costs nothing once all are found."""
    for entry in _pending[:]:
        module_name, name = entry
        module = sys.modules.get(module_name)
        function = getattr(module, name, None)
        if function is not None:
            _pending.remove(entry)
            setattr(module, name, lru_cache(maxsize=_RESULTS_MAX)(function))
