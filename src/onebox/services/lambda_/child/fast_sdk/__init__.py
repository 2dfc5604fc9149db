"""Makes calls of the AWS SDK for Python cheaper in a function's process, without changing what it sends or returns.

The SDK computes for every request what follows from values that stay the same, and has the head of an answer read by
the parser of e-mails: a fifth of the time of a call. Only what is named in these modules is changed; a version of the
SDK that does it in another way is left as it is. ``onebox serve --no-fast-sdk`` turns this off. Standard library only,
Python 3.10 to 3.14.

    pure_results.py     caches functions whose results follow from their arguments
    user_agent.py       builds the User-Agent again only when something that it tells has changed
    request_headers.py  looks up header fields without a new object for each name
    plain_exchange.py   sends usual requests to onebox and reads their answers without urllib3 and http.client
    connections.py      the connections that it uses, and what it gives http.client in their place
    answer_heads.py     reads the fields of a usual answer at once
    versions.py         whether the SDK's code is the code that is known here
"""

from __future__ import annotations

import sys
from importlib import import_module

# A module of the SDK, and the modules of this folder whose improve() is given it.
_IMPROVEMENTS = {
    "botocore.auth": ("pure_results",),
    "botocore.awsrequest": ("pure_results", "request_headers"),
    "botocore.httpsession": ("plain_exchange",),
    "botocore.useragent": ("pure_results", "user_agent"),
    "botocore.validate": ("pure_results",),
    "urllib3.connection": ("answer_heads",),
    "urllib3.connectionpool": ("pure_results",),
    "urllib3.poolmanager": ("pure_results",),
}

_pending = set(_IMPROVEMENTS)


def speed_up_sdk() -> None:
    """Improve those modules that are imported by now. Called before each invocation, since a function may import the
    SDK late; costs nothing once all are found."""
    for name in sorted(_pending):
        module = sys.modules.get(name)
        # A thread of the function may be importing it at this moment.
        if module is not None and not getattr(module.__spec__, "_initializing", False):
            _pending.remove(name)
            for improvement in _IMPROVEMENTS[name]:
                import_module(f"{__name__}.{improvement}").improve(module)
