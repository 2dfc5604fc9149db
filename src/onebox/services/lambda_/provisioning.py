"""Provisioned concurrency: from the stored configurations to the processes that are kept ready.

AWS: https://docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from onebox.services.lambda_.concurrency import Concurrency
from onebox.services.lambda_.execution.pool import WorkerPool
from onebox.services.lambda_.model import LATEST, FunctionKey, ProvisionedConcurrency
from onebox.services.lambda_.store.functions import FunctionStore
from onebox.services.lambda_.store.provisioned import ProvisionedStore
from onebox.storage.database import Storage


@dataclass(frozen=True, slots=True)
class ProvisionedState:
    """How far a configuration has come."""

    available: int
    status: str
    """``IN_PROGRESS``, ``READY`` or ``FAILED``."""
    reason: str


class Provisioning:
    """Makes pool and concurrency follow what is stored."""

    def __init__(
        self,
        storage: Storage,
        store: ProvisionedStore,
        functions: FunctionStore,
        pool: WorkerPool,
        concurrency: Concurrency,
    ) -> None:
        self._storage = storage
        self._store = store
        self._functions = functions
        self._pool = pool
        self._concurrency = concurrency
        self._applied: dict[FunctionKey, set[str]] = {}

    def start(self) -> None:
        """Start the processes of every configuration."""
        for key in self._store.all_keys():
            self.apply(key)

    def apply_after_commit(self, key: FunctionKey) -> None:
        """A configuration, an alias, or the function's reservation changes: follow once that is durable."""
        self._storage.after_commit(lambda: self.apply(key))

    def apply(self, key: FunctionKey) -> None:
        """Keep ready what the function's configurations say, and nothing else."""
        wanted: Counter[str] = Counter()
        for config in self._store.list_configs(key):
            wanted[self.find_version(config)] += config.requested
        latest = self._functions.find_version(key, LATEST)
        reserved = latest is not None and latest.reserved_concurrency is not None
        self._concurrency.provide(key, dict(wanted), reserved=reserved)
        for version in self._applied.pop(key, set()) - set(wanted):
            self._pool.end_provision(key, version)
        for version, count in wanted.items():
            function = self._functions.find_version(key, version)
            if function is not None:
                self._pool.provision(function, count)
        if wanted:
            self._applied[key] = set(wanted)

    def find_version(self, config: ProvisionedConcurrency) -> str:
        """The version that a configuration is about: its own, or the one that its alias stands for."""
        alias = self._functions.find_alias(config.key, config.qualifier)
        return config.qualifier if alias is None else alias.version

    def find_state(self, config: ProvisionedConcurrency) -> ProvisionedState:
        """The state of a configuration."""
        ready, reason = self._pool.provisioned(config.key, self.find_version(config))
        if ready >= config.requested:
            return ProvisionedState(config.requested, "READY", "")
        return ProvisionedState(ready, "FAILED" if reason else "IN_PROGRESS", reason)
