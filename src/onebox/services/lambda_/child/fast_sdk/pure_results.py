"""Caches functions of the SDK whose results follow from their arguments alone and are never changed."""

from __future__ import annotations

from functools import lru_cache, partial
from types import ModuleType
from typing import Any

from .versions import uses_only

_RESULTS_MAX = 256
# By the module that calls the function: the name by which it does.
_FUNCTIONS = {
    "botocore.auth": ("_host_from_url",),
    "botocore.awsrequest": ("_urljoin",),
    "botocore.useragent": ("sanitize_user_agent_string_component",),
    "botocore.validate": ("is_json_value_header",),
    "urllib3.connectionpool": ("_encode_target", "parse_url"),
    "urllib3.poolmanager": ("parse_url",),
}


def improve(module: ModuleType) -> None:
    """Cache the functions that this module of the SDK calls."""
    for name in _FUNCTIONS[module.__name__]:
        function = getattr(module, name, None)
        if function is not None:
            setattr(module, name, lru_cache(maxsize=_RESULTS_MAX)(function))
    if module.__name__ == "botocore.auth":
        _keep_signing_keys(getattr(module, "SigV4Auth", None))


def _keep_signing_keys(signer: Any) -> None:
    """Keep the key of a day, region and service, which four hashes derive from the secret key."""
    sign: Any = getattr(signer, "_sign", None)
    if not uses_only(sign, "hmac", "new", "encode", "sha256", "hexdigest", "digest"):
        return
    derive = lru_cache(maxsize=_RESULTS_MAX)(partial(sign, None))

    def keeping(self: Any, key: bytes, msg: str, hex: bool = False) -> Any:
        # Hexadecimal are signatures, which differ from request to request.
        return sign(self, key, msg, hex) if hex else derive(key, msg)

    signer._sign = keeping
