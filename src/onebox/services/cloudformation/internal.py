"""What the engine calls: answers of custom resources and wait conditions, which come without a signature."""

from __future__ import annotations

from onebox.services.cloudformation.core import Core


class CloudFormationInternal:
    """Calls of the engine."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def receive_callback(self, token: str, body: bytes) -> None:
        """Take an answer; inside a transaction. Raises ValidationError."""
        self._core.callbacks.receive(token, body)
