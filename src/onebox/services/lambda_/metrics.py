"""The metrics that Lambda sends by itself, namespace AWS/Lambda.

Samples are tallied here and handed on a moment later, so that a busy function costs a few additions an invocation.
AWS: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
"""

from __future__ import annotations

from collections import Counter, defaultdict

from onebox.runtime.metrics import Dimensions
from onebox.services.context import Deps
from onebox.services.lambda_.execution.pace import Pace
from onebox.services.lambda_.model import LATEST, FunctionKey, FunctionVersion

_NAMESPACE = "AWS/Lambda"
_Sample = tuple[str, float, str]
"""Name, value and unit."""
_Invoked = tuple[FunctionKey, str | None, str]
"""The function, the qualifier of the invocation, and the version that ran."""

_INVOCATION: _Sample = ("Invocations", 1, "Count")
_URL_REQUEST: _Sample = ("UrlRequestCount", 1, "Count")
_ERROR: _Sample = ("Errors", 1, "Count")
_NO_ERROR: _Sample = ("Errors", 0, "Count")
_THROTTLE: _Sample = ("Throttles", 1, "Count")
_NO_THROTTLE: _Sample = ("Throttles", 0, "Count")


class LambdaMetrics:
    """Counts what happens to functions."""

    def __init__(self, deps: Deps) -> None:
        self._deps = deps
        self._pace = Pace(deps.clock, self._hand_on)
        self._tallies: defaultdict[_Invoked, Counter[_Sample]] = defaultdict(Counter)
        self._unreserved: dict[tuple[str, str], int] = {}
        """The most unreserved executions at a time since the last flush, by account and region."""

    def started(self, function: FunctionVersion, qualifier: str | None, running: int, running_unreserved: int) -> None:
        """An invocation was accepted."""
        key = function.key
        self._tallies[key, qualifier, function.version]["ConcurrentExecutions", running, "Count"] += 1
        region = (key.account, key.region)
        self._unreserved[region] = max(self._unreserved.get(region, 0), running_unreserved)
        self._pace.wanted()

    def finished(self, function: FunctionVersion, qualifier: str | None, duration_ms: float, failed: bool) -> None:
        """An invocation ended."""
        tally = self._tallies[function.key, qualifier, function.version]
        tally[_INVOCATION] += 1
        tally[_ERROR if failed else _NO_ERROR] += 1
        tally[_NO_THROTTLE] += 1
        tally["Duration", round(duration_ms, 2), "Milliseconds"] += 1
        self._pace.wanted()

    def throttled(self, function: FunctionVersion, qualifier: str | None) -> None:
        """An invocation was refused."""
        self._tallies[function.key, qualifier, function.version][_THROTTLE] += 1
        self._pace.wanted()

    def provisioned_started(
        self, function: FunctionVersion, qualifier: str | None, running: int, provided: int
    ) -> None:
        """An invocation of a version with provisioned concurrency was accepted; ``running`` of it run now."""
        used = min(running, provided)
        tally = self._tallies[function.key, qualifier, function.version]
        tally["ProvisionedConcurrentExecutions", used, "Count"] += 1
        tally["ProvisionedConcurrencyUtilization", used / provided, "None"] += 1

    def provisioned_finished(self, function: FunctionVersion, qualifier: str | None, *, spilled: bool) -> None:
        """Such an invocation ended; ``spilled`` if it ran in an environment that was not provisioned."""
        name = "ProvisionedConcurrencySpilloverInvocations" if spilled else "ProvisionedConcurrencyInvocations"
        self._tallies[function.key, qualifier, function.version][name, 1, "Count"] += 1

    def event(self, key: FunctionKey, name: str, value: float, unit: str) -> None:
        """A metric of asynchronous invocation (AsyncEventsReceived, AsyncEventAge, DeadLetterErrors, …)."""
        self._tallies[key, None, LATEST][name, value, unit] += 1
        self._pace.wanted()

    def stream_batch(self, function: FunctionVersion, qualifier: str | None, age_ms: float) -> None:
        """A batch of a stream was received; ``age_ms`` is that of its last record.

        https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html#performance-metrics
        """
        self._tallies[function.key, qualifier, function.version]["IteratorAge", age_ms, "Milliseconds"] += 1
        self._pace.wanted()

    def url_answered(self, key: FunctionKey, qualifier: str | None, status: int, latency_ms: float) -> None:
        """A request to a function URL was answered.

        https://docs.aws.amazon.com/lambda/latest/dg/urls-monitoring.html#urls-cloudwatch
        """
        tally = self._tallies[key, qualifier, qualifier or LATEST]
        tally[_URL_REQUEST] += 1
        tally["Url4xxCount", int(400 <= status < 500), "Count"] += 1
        tally["Url5xxCount", int(status >= 500), "Count"] += 1
        tally["UrlRequestLatency", latency_ms, "Milliseconds"] += 1
        self._pace.wanted()

    def flush(self) -> None:
        """Hand on what was tallied."""
        self._pace.flush()

    def _hand_on(self) -> None:
        now_ms = self._deps.clock.now_ms()
        add = self._deps.metrics.add
        tallies, self._tallies = self._tallies, defaultdict(Counter)
        for (key, qualifier, version), tally in tallies.items():
            for dimensions in _dimensions(key, qualifier, version):
                for (name, value, unit), samples in tally.items():
                    add(key.account, key.region, _NAMESPACE, name, dimensions, value, unit, now_ms, samples)
        unreserved, self._unreserved = self._unreserved, {}
        for (account, region), most in unreserved.items():
            name = "UnreservedConcurrentExecutions"
            add(account, region, _NAMESPACE, name, (), most, "Count", now_ms)


def _dimensions(key: FunctionKey, qualifier: str | None, version: str) -> tuple[Dimensions, ...]:
    """By function, by the version or alias invoked, and for all functions together; for an alias also by the version
    that it chose.
    """
    by_name = (("FunctionName", key.name),)
    resource = ("Resource", f"{key.name}:{qualifier}" if qualifier else key.name)
    usual: tuple[Dimensions, ...] = (by_name, (*by_name, resource), ())
    if qualifier in (None, version):
        return usual
    return (*usual, (("ExecutedVersion", version), *by_name, resource))
