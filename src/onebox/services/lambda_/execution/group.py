"""The execution environments of one version of a function, and the executions that wait for them."""

from __future__ import annotations

from collections import deque

from onebox.clock import Timer
from onebox.services.lambda_.execution.execution import Execution
from onebox.services.lambda_.execution.worker import Worker
from onebox.services.lambda_.model import FunctionKey, FunctionVersion

GroupKey = tuple[FunctionKey, str]


class Group:
    """Workers that are interchangeable."""

    def __init__(self, function: FunctionVersion) -> None:
        self.function = function
        self.idle: list[Worker] = []
        """The one used last is at the end."""
        self.workers: set[Worker] = set()
        self.starting = 0
        self.generation = 0
        """Counts the changes of the function; a worker that was started before the last one is not used."""
        self.waiting: deque[Execution] = deque()
        self.patience: Timer | None = None
        """Rings when background work has waited long enough for one more worker."""
        self.left = False
        """Set when the function changed or is gone; the group ends with its last worker unless it is used again."""
        self.worn_out: list[Worker] = []
        """Workers that end as soon as the successor that was started for each is ready."""

    @property
    def key(self) -> GroupKey:
        return self.function.key, self.function.version

    @property
    def unused(self) -> bool:
        """Nothing runs, starts or waits."""
        return not self.workers and not self.starting and not self.waiting

    def retire_workers(self) -> None:
        """The function changed: idle workers end now, busy ones after their invocation."""
        self.generation += 1
        for worker in list(self.workers):
            _retire(worker)

    def relieve_one(self) -> None:
        """A new worker is ready: one that is worn out ends, after its invocation."""
        if self.worn_out:
            _retire(self.worn_out.pop(0))

    def remove(self, worker: Worker) -> None:
        """The worker ended."""
        self.workers.discard(worker)
        for workers in (self.idle, self.worn_out):
            if worker in workers:
                workers.remove(worker)


def _retire(worker: Worker) -> None:
    worker.retired = True
    if not worker.busy:
        worker.kill()
