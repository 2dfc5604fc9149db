"""What SQS does by itself: sweeping (expired messages, purged queues) and message move tasks."""

from __future__ import annotations

import logging

from onebox.services.sqs.background.mover import Mover
from onebox.services.sqs.background.sweeper import Sweeper
from onebox.services.sqs.core import Core


class Background:
    """The sweeper and the mover, started and stopped together."""

    def __init__(self, core: Core, log: logging.Logger) -> None:
        self.sweeper = Sweeper(core, log)
        self.mover = Mover(core, log)
        core.background.connect(self)

    def start(self) -> None:
        """Resume sweeping and the move tasks that were running."""
        self.sweeper.start()
        self.mover.start()

    def stop(self) -> None:
        """Pause both. Idempotent."""
        self.mover.stop()
        self.sweeper.stop()

    def sweep_soon(self) -> None:
        """Sweep after a short pause."""
        self.sweeper.sweep_soon()

    def begin_move(self, task_id: str, pause_ms: int) -> None:
        """Make the first step of a move task after a pause."""
        self.mover.begin(task_id, pause_ms)
