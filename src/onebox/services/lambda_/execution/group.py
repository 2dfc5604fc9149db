"""The execution environments of one version of a function, and the executions that wait for them."""

from __future__ import annotations

from collections import deque

from onebox.clock import Timer
from onebox.services.lambda_.execution.execution import Execution
from onebox.services.lambda_.execution.processor_use import ProcessorUse
from onebox.services.lambda_.execution.provision import Provision
from onebox.services.lambda_.execution.worker import Worker
from onebox.services.lambda_.model import FunctionKey, FunctionVersion

GroupKey = tuple[FunctionKey, str]


class Group:
    """Workers that are interchangeable."""

    def __init__(self, function: FunctionVersion) -> None:
        self.function = function
        self.idle: list[Worker] = []
        """The one used last is at the end. Those of provisioned concurrency are apart, since nothing ends them."""
        self.provisioned_idle: list[Worker] = []
        self.provision = Provision()
        self.workers: set[Worker] = set()
        self.starting = 0
        self.generation = 0
        """Counts the changes of the function; a worker that was started before the last one is not used."""
        self.waiting: deque[Execution] = deque()
        self.patience: Timer | None = None
        """Rings when it is time to look whether background work that waits calls for one more worker."""
        self.processor_use = ProcessorUse()
        self.left = False
        """Set when the function changed or is gone; the group ends with its last worker unless it is used again."""
        self.worn_out: list[Worker] = []
        """Workers that end as soon as the successor that was started for each is ready."""

    @property
    def key(self) -> GroupKey:
        return self.function.key, self.function.version

    @property
    def unused(self) -> bool:
        """Nothing runs, starts or waits, nor is to be kept ready."""
        return not (self.workers or self.starting or self.waiting or self.provision.wanted)

    def add_idle(self, worker: Worker) -> None:
        """The worker has nothing to do."""
        (self.provisioned_idle if worker.environment.provisioned else self.idle).append(worker)

    def take_idle(self) -> Worker | None:
        """An idle worker, a provisioned one first."""
        idle = self.provisioned_idle or self.idle
        return idle.pop() if idle else None

    def retire_workers(self) -> None:
        """The function changed: idle workers end now, busy ones after their invocation."""
        self.generation += 1
        for worker in list(self.workers):
            worker.retire()

    def relieve_one(self) -> None:
        """A new worker is ready: one that is worn out ends, after its invocation."""
        if self.worn_out:
            self.worn_out.pop(0).retire()

    def remove(self, worker: Worker) -> None:
        """The worker ended."""
        self.workers.discard(worker)
        for workers in (self.idle, self.provisioned_idle, self.worn_out):
            if worker in workers:
                workers.remove(worker)
