"""What the models of both kinds of queue share: a queue on a clock moved by hand, which somebody waits for or not."""

from __future__ import annotations

from hypothesis.stateful import RuleBasedStateMachine, rule

from onebox.services.sqs.internal import Subscription
from tests.unit.onebox.sqs.harness import SqsHarness, arn_of


class WatchedQueue(RuleBasedStateMachine):
    """``url`` is the queue's, which the model makes."""

    url: str

    def __init__(self) -> None:
        super().__init__()
        self.harness = SqsHarness()
        self.subscription: Subscription | None = None

    def teardown(self) -> None:
        self.harness.close()

    @property
    def now_ms(self) -> int:
        return self.harness.clock.now_ms()

    @rule()
    def watch_or_not(self) -> None:
        """While somebody waits for the queue, what is sent is kept in memory for the receive."""
        if self.subscription is None:
            self.subscription = self.harness.sqs.internal.subscribe(arn_of(self.url), lambda: None)
        else:
            self.subscription.cancel()
            self.subscription = None
