"""Boolean attributes: AWS takes them in any case and keeps them in lower case. Pure."""

from __future__ import annotations

from collections.abc import Mapping

_BOOLEANS = frozenset(("ContentBasedDeduplication", "FifoTopic", "RawMessageDelivery"))


def normalize(attributes: Mapping[str, str]) -> dict[str, str]:
    """Attributes as a client writes them, booleans in lower case."""
    return {
        name: value.lower() if name in _BOOLEANS and value.lower() in ("true", "false") else value
        for name, value in attributes.items()
    }
