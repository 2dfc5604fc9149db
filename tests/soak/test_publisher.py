"""Goal: the steady load ends, however busy the machine is."""

from __future__ import annotations

import threading

import pytest

from onebox.testing import EngineThread
from tests.soak import publisher
from tests.soak.ledger import Ledger
from tests.soak.publisher import Publisher
from tests.soak.traffic import Traffic


def test_a_rate_that_no_machine_keeps_ends_a_moment_after_its_time(
    timed: EngineThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The moment, a minute by rights, is none here."""
    monkeypatch.setattr(publisher, "LATE_S_MAX", 0.0)
    topic_arn = timed.client("sns").create_topic(Name="topic")["TopicArn"]
    ledger = Ledger()
    port = int(timed.endpoint_url.rpartition(":")[2])
    Publisher(port, topic_arn, ledger).steadily(Traffic(1).next, rate=1e6, seconds=0.2, is_over=threading.Event())
    assert 0 < ledger.messages < 200_000
