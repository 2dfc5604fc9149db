"""Goal: a live tail shows what comes from now on, once a second and bounded; it ends with its client or in time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, EventStreamError

from onebox.services.logs.limits import LIVE_TAIL_SESSION_MS
from onebox.services.logs.operations import live_tail
from onebox.testing import EngineThread
from tests.polling import until

ARN = "arn:aws:logs:us-east-1:000000000000:log-group:"
GROUP = ARN + "app"


class Session:
    """A live tail of a test."""

    def __init__(self, engine: EngineThread, **request: Any) -> None:
        self._engine = engine
        # The SDK would put a prefix before the host's name, which an address does not have.
        client = engine.client("logs", inject_host_prefix=False, parameter_validation=False)
        self.stream = client.start_live_tail(**{"logGroupIdentifiers": [GROUP], **request})["responseStream"]
        self._events = iter(self.stream)
        self.start: dict[str, Any] = next(self._events)["sessionStart"]

    def update(self, seconds: float = 1) -> dict[str, Any]:
        """The next update, a second later."""
        self._engine.clock.advance(seconds)
        update: dict[str, Any] = next(self._events)["sessionUpdate"]
        return update

    def drain(self) -> None:
        """Take what comes until the stream ends."""
        for _ in self._events:
            pass

    def messages(self) -> list[str]:
        return [event["message"] for event in self.update()["sessionResults"]]


@pytest.fixture(scope="module")
def engine() -> Iterator[EngineThread]:
    with EngineThread(manual_clock=True) as running:
        for group in ("app", "web"):
            running.client("logs").create_log_group(logGroupName=group)
            for stream in ("s", "other"):
                running.client("logs").create_log_stream(logGroupName=group, logStreamName=stream)
        yield running


def put(engine: EngineThread, *messages: str, group: str = "app", stream: str = "s") -> None:
    events = [{"timestamp": engine.clock.now_ms(), "message": message} for message in messages]
    engine.client("logs").put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)


def test_new_events_are_shown_once_a_second(engine: EngineThread) -> None:
    put(engine, "before")
    session = Session(engine, logEventFilterPattern="ERROR")
    assert session.start["logGroupIdentifiers"] == [GROUP]
    assert session.start["logEventFilterPattern"] == "ERROR"
    assert session.update() == {"sessionMetadata": {"sampled": False}, "sessionResults": []}
    at_ms = engine.clock.now_ms()
    put(engine, "ERROR one", "fine")
    put(engine, "ERROR elsewhere", group="web")
    assert session.update()["sessionResults"] == [
        {
            "logGroupIdentifier": "000000000000:app",
            "logStreamName": "s",
            "message": "ERROR one",
            "timestamp": at_ms,
            "ingestionTime": at_ms,
        }
    ]
    assert session.messages() == []
    session.stream.close()


@pytest.mark.parametrize("streams", [{"logStreamNames": ["other"]}, {"logStreamNamePrefixes": ["oth"]}])
def test_only_the_streams_asked_for_are_shown(engine: EngineThread, streams: dict[str, Any]) -> None:
    session = Session(engine, **streams)
    put(engine, "no")
    put(engine, "yes", stream="other")
    assert session.messages() == ["yes"]
    session.stream.close()


def test_more_than_an_update_holds_is_sampled(engine: EngineThread) -> None:
    session = Session(engine)
    put(engine, *(f"line {number}" for number in range(1_200)))
    update = session.update()
    assert update["sessionMetadata"] == {"sampled": True}
    numbers = [int(event["message"].split()[1]) for event in update["sessionResults"]]
    assert len(numbers) == 500
    assert numbers == sorted(numbers)
    assert numbers[-1] > 1_100  # spread over all of them
    session.stream.close()


def test_a_slow_client_misses_the_oldest_events(engine: EngineThread) -> None:
    session = Session(engine)
    for batch in range(8):
        put(engine, *(f"{batch}" for _ in range(1_000)))
    update = session.update()
    assert update["sessionMetadata"] == {"sampled": True}
    assert {event["message"] for event in update["sessionResults"]} == {"3", "4", "5", "6", "7"}
    session.stream.close()


def test_a_session_ends_after_its_time(engine: EngineThread, monkeypatch: pytest.MonkeyPatch) -> None:
    assert LIVE_TAIL_SESSION_MS == 3 * 3_600_000
    monkeypatch.setattr(live_tail, "LIVE_TAIL_SESSION_MS", 5_000)
    session = Session(engine)
    session.update()
    engine.clock.advance(5)
    with pytest.raises(EventStreamError, match="SessionTimeoutException"):
        session.drain()


def test_sessions_are_counted_until_their_clients_hang_up(engine: EngineThread) -> None:
    logs = engine.client("logs")

    def opened() -> Session | None:
        try:
            return Session(engine)
        except logs.exceptions.LimitExceededException:
            return None  # those of tests before are ending

    sessions = [until(opened, "a session") for _ in range(15)]
    with pytest.raises(ClientError, match="15 Live Tail sessions") as caught:
        Session(engine)
    assert caught.value.response["Error"]["Code"] == "LimitExceededException"
    for session in sessions:
        session.stream.close()
    until(opened, "a session after the others ended").stream.close()


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"logGroupIdentifiers": []}, "InvalidParameterException"),
        ({"logGroupIdentifiers": [GROUP] * 11}, "InvalidParameterException"),
        ({"logGroupIdentifiers": ["app"]}, "InvalidParameterException"),
        ({"logGroupIdentifiers": [GROUP + ":*"]}, "InvalidParameterException"),
        ({"logGroupIdentifiers": [ARN + "absent"]}, "ResourceNotFoundException"),
        ({"logStreamNames": ["s"], "logStreamNamePrefixes": ["s"]}, "InvalidParameterException"),
        ({"logGroupIdentifiers": [GROUP, ARN + "web"], "logStreamNames": ["s"]}, "InvalidParameterException"),
        ({"logStreamNames": []}, "InvalidParameterException"),
        ({"logEventFilterPattern": "{ broken"}, "InvalidParameterException"),
    ],
)
def test_what_cannot_be_watched_is_refused(engine: EngineThread, request_: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientError) as caught:
        Session(engine, **request_)
    assert caught.value.response["Error"]["Code"] == code
