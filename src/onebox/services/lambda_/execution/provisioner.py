"""Keeps workers ready for provisioned concurrency.

Promises: a version has as many provisioned workers as it should, as far as the machine's bound allows; one that ends
is replaced; a function whose initialisation fails is not started again and again.
AWS: https://docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from onebox.services.lambda_.execution.group import Group
from onebox.services.lambda_.execution.worker import Worker


class Provisioner:
    """Starts provisioned workers with ``start`` until each of ``groups`` has what it wants."""

    def __init__(self, workers_max: int, groups: Callable[[], Iterable[Group]], start: Callable[[Group], bool]) -> None:
        self._workers_max = workers_max
        self._groups = groups
        self._start = start

    def want(self, group: Group, count: int) -> None:
        """Keep ``count`` workers ready from now on; 0 ends it."""
        group.provision.wanted = count
        group.provision.failure = ""
        surplus = len(_lasting(group)) - count
        for worker in sorted(_lasting(group), key=lambda worker: worker.busy)[: max(0, surplus)]:
            worker.retire()
        self._fill_all()

    def _fill_all(self) -> None:
        # Anywhere, since there may be room now.
        for group in list(self._groups()):
            if group.provision.wanted:
                self._fill(group)

    def start_successor(self, group: Group) -> bool:
        """Start a worker that is to relieve another."""
        if not self._start(group):
            return False
        group.provision.held += 1
        return True

    def ended(self, group: Group) -> None:
        """A provisioned worker is gone, or could not be started."""
        group.provision.held -= 1
        self._fill_all()

    def _fill(self, group: Group) -> None:
        provision = group.provision
        if provision.failure and provision.failure != self._no_room:
            return
        provision.failure = ""
        leaving = sum(worker.environment.provisioned and worker.retired for worker in group.workers)
        while provision.held - leaving < provision.wanted:
            if sum(other.provision.held for other in self._groups()) >= self._workers_max:
                provision.failure = self._no_room
                return
            if not self.start_successor(group):
                return

    @property
    def _no_room(self) -> str:
        return f"At most {self._workers_max} execution environments are kept ready on this machine."


def count_ready(group: Group) -> int:
    """The provisioned workers that are initialised."""
    return sum(worker.initialised for worker in _lasting(group))


def is_surplus(group: Group) -> bool:
    """Whether more provisioned workers are here than are wanted, besides those that a successor is to relieve."""
    return sum(worker not in group.worn_out for worker in _lasting(group)) > group.provision.wanted


def _lasting(group: Group) -> list[Worker]:
    return [worker for worker in group.workers if worker.environment.provisioned and not worker.retired]
