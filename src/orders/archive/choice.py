"""Which notifications are replayed: of one order, one customer or one status. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import NamedTuple

from orders.archive.notification import Notification
from orders.domain.order import unwrap_body


class Choice(NamedTuple):
    """What a notification must hold; None takes any. Text that is no JSON object meets no criteria."""

    order_id: str | None = None
    user_id: str | None = None
    status: str | None = None

    def takes(self, notification: Notification, read: Callable[[str], str] = lambda message: message) -> bool:
        """``read`` gives the text of a message that may be a pointer to one in S3."""
        wanted = {"orderId": self.order_id, "userId": self.user_id, "status": self.status}
        wanted = {name: value for name, value in wanted.items() if value is not None}
        if not wanted:
            return True
        try:
            fields = json.loads(unwrap_body(read(notification.message)))
        except (ValueError, RecursionError):
            return False
        return isinstance(fields, dict) and all(fields.get(name) == value for name, value in wanted.items())
