"""An endpoint that stopped answering: since when, said once, until it answers again.

Independent of boto3 and of screens. Safe for several threads.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

from orders.clock import Clock

# The names of botocore's errors for an endpoint that does not answer.
LOST_NAMES = frozenset(
    {
        "ConnectionClosedError",
        "ConnectionError",
        "ConnectTimeoutError",
        "EndpointConnectionError",
        "HTTPClientError",
        "ProxyConnectionError",
        "ReadTimeoutError",
        "ResponseStreamingError",
    }
)
# What a proxy answers for a server that is away, and a server that is going down.
LOST_STATUSES = frozenset({502, 503, 504})


def is_endpoint_lost(error: Exception) -> bool:
    """Whether an error of botocore's says that nobody answers, which passes by itself."""
    if type(error).__name__ in LOST_NAMES:
        return True
    response = getattr(error, "response", None)
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode") if isinstance(response, dict) else None
    return status in LOST_STATUSES


class Outage:
    """``on_lost`` gets the moment of the first failure and its reason, ``on_back`` the duration in milliseconds."""

    def __init__(self, clock: Clock, on_lost: Callable[[int, str], None], on_back: Callable[[float], None]) -> None:
        self._clock = clock
        self._on_lost = on_lost
        self._on_back = on_back
        self._lock = Lock()
        self._began_ms: float | None = None
        self.since_ms: int | None = None
        """The moment of the first failure; None while the endpoint answers."""
        self.has_answered = False
        """Whether any call was answered."""

    def note_lost(self, reason: str) -> None:
        """A call was not answered."""
        with self._lock:
            if self.since_ms is not None:
                return
            self.since_ms, self._began_ms = self._clock.now_ms(), self._clock.monotonic_ms()
            self._on_lost(self.since_ms, reason)

    def note_answer(self) -> None:
        """A call was answered."""
        with self._lock:
            self.has_answered = True
            if self._began_ms is None:
                return
            lasted_ms = self._clock.monotonic_ms() - self._began_ms
            self.since_ms, self._began_ms = None, None
            self._on_back(lasted_ms)
