"""orders: an event-driven order backend on SNS, SQS, Lambda and DynamoDB, and the command that runs it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orders.publishing.envelope import CloudEvents
    from orders.publishing.publisher import AsyncOrderPublisher, Flushed, OrderPublisher, PublisherFull

__version__ = "0.2.0"
__all__ = ["AsyncOrderPublisher", "CloudEvents", "Flushed", "OrderPublisher", "PublisherFull", "__version__"]


def __getattr__(name: str) -> Any:
    """The publisher is imported when asked for: the function, which needs none, must start quickly."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from orders.publishing import envelope, publisher

    return getattr(envelope if name == "CloudEvents" else publisher, name)
