"""How many invocations may run at a time: reserved, provisioned and the account's concurrency.

Counts invocations in memory; knows nothing of processes.
AWS: https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from onebox.services.lambda_.limits import CONCURRENT_EXECUTIONS_MAX, UNRESERVED_CONCURRENT_EXECUTIONS_MIN
from onebox.services.lambda_.model import FunctionKey, FunctionVersion
from onebox.services.lambda_.store.functions import FunctionStore


@dataclass(slots=True)
class _Provision:
    """The provisioned concurrency of one function, by version."""

    provided: dict[str, int]
    reserved: bool
    """Whether the function has reserved concurrency, of which this is a part then."""
    running: Counter[str] = field(default_factory=Counter)

    def has_room(self, version: str) -> bool:
        return self.running[version] < self.provided.get(version, 0)

    @property
    def unused(self) -> int:
        return sum(max(0, provided - self.running[version]) for version, provided in self.provided.items())


@dataclass(frozen=True, slots=True)
class Taken:
    """The concurrency that one invocation occupies."""

    function: FunctionVersion
    running: int
    """Invocations of the function that run now, this one included."""
    running_unreserved: int
    """Invocations in the region that run now without reserved concurrency."""
    provided: int
    """The provisioned concurrency of the version."""
    running_of_version: int
    """Invocations of the version that run now; counted only where ``provided`` is not 0."""
    provision: _Provision | None


class Concurrency:
    """Takes and gives back concurrency."""

    def __init__(self, store: FunctionStore) -> None:
        self._store = store
        self._running: Counter[FunctionKey] = Counter()
        self._running_unreserved: Counter[tuple[str, str]] = Counter()
        self._provisions: dict[FunctionKey, _Provision] = {}

    @property
    def running(self) -> int:
        """Invocations under way."""
        return sum(self._running.values())

    def provide(self, key: FunctionKey, provided: dict[str, int], *, reserved: bool) -> None:
        """Set a function's provisioned concurrency, by version."""
        provision = self._provisions.get(key)
        if not provided:
            self._provisions.pop(key, None)
        elif provision is None:
            self._provisions[key] = _Provision(provided, reserved)
        else:
            provision.provided, provision.reserved = provided, reserved

    def take(self, function: FunctionVersion) -> Taken | str:
        """Occupy concurrency for an invocation, or tell the Reason why there is none."""
        reason = self.find_throttle(function)
        if reason is not None:
            return reason
        key = function.key
        region = (key.account, key.region)
        self._running[key] += 1
        if function.reserved_concurrency is None:
            self._running_unreserved[region] += 1
        provision = self._provisions.get(key) if self._provisions else None
        provided = running_of_version = 0
        if provision is not None:
            provision.running[function.version] += 1
            provided = provision.provided.get(function.version, 0)
            running_of_version = provision.running[function.version]
        return Taken(
            function=function,
            running=self._running[key],
            running_unreserved=self._running_unreserved[region],
            provided=provided,
            running_of_version=running_of_version,
            provision=provision,
        )

    def give_back(self, taken: Taken) -> None:
        """The invocation has ended."""
        key = taken.function.key
        self._running[key] -= 1
        if not self._running[key]:
            del self._running[key]
        if taken.function.reserved_concurrency is None:
            self._running_unreserved[key.account, key.region] -= 1
        if taken.provision is not None:
            taken.provision.running[taken.function.version] -= 1

    def find_throttle(self, function: FunctionVersion) -> str | None:
        """The Reason for which an invocation would be refused, or None."""
        key, reserved = function.key, function.reserved_concurrency
        provision = self._provisions.get(key) if self._provisions else None
        if provision is not None and provision.has_room(function.version):
            return None
        if reserved is not None:
            kept = 0 if provision is None else provision.unused
            full = self._running[key] + kept >= reserved
            return "ReservedFunctionConcurrentInvocationLimitExceeded" if full else None
        running = self._running_unreserved[key.account, key.region]
        # The reservations matter only near the limit, so that they are not read for each invocation.
        kept = self._unused_in_region(key.account, key.region)
        if running + kept < UNRESERVED_CONCURRENT_EXECUTIONS_MIN:
            return None
        left = CONCURRENT_EXECUTIONS_MAX - self._store.sum_reserved(key.account, key.region) - running - kept
        return None if left > 0 else "ConcurrentInvocationLimitExceeded"

    def _unused_in_region(self, account: str, region: str) -> int:
        """Provisioned concurrency that nothing runs on, of functions without reserved concurrency."""
        return sum(
            provision.unused
            for key, provision in self._provisions.items()
            if not provision.reserved and (key.account, key.region) == (account, region)
        )
