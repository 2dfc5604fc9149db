"""Goal: each checker accepts a right history and finds each wrong one; a checker that cannot fail proves nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.simulator.checkers.alarms import check_alarm
from tests.simulator.checkers.bank import check_bank
from tests.simulator.checkers.fifo_queue import check_fifo_queue
from tests.simulator.checkers.find import Find
from tests.simulator.checkers.log_lines import check_log
from tests.simulator.checkers.objects import check_objects
from tests.simulator.checkers.orders import check_orders
from tests.simulator.checkers.parameters import check_parameters
from tests.simulator.checkers.registers import check_registers
from tests.simulator.checkers.rights import check_rights
from tests.simulator.checkers.stacks import check_stacks
from tests.simulator.checkers.standard_queue import check_standard_queue
from tests.simulator.checkers.streams import check_stream
from tests.simulator.history import FAIL, INFO, INVOKE, OK, Event, History, Op, edn_line, pair

SECOND = 1_000_000_000
LATE = 99


class Story:
    """A history written by hand: ``begin`` and ``end`` for operations that overlap, ``do`` for one that does not."""

    def __init__(self) -> None:
        self.history = History()
        self.now_s = 0

    def begin(self, process: int, f: str, **asked: Any) -> None:
        self.history.add(self.now_s * SECOND, process, INVOKE, f, asked)

    def end(self, process: int, f: str, kind: str = OK, **answer: Any) -> None:
        self.history.add(self.now_s * SECOND, process, kind, f, answer)

    def do(self, f: str, asked: dict[str, Any], kind: str = OK, **answer: Any) -> Story:
        self.begin(0, f, **asked)
        self.end(0, f, kind, **answer)
        return self

    def wait(self, seconds: int) -> Story:
        self.now_s += seconds
        return self

    @property
    def ops(self) -> list[Op]:
        return self.history.ops()


def promises(finds: list[Find]) -> set[str]:
    return {find.promise for find in finds}


# Registers


def registers() -> Story:
    story = Story()
    story.do("write", {"key": "k", "value": 1}).do("read", {"key": "k"}, value=1)
    story.do("cas", {"key": "k", "old": 1, "new": 5}, done=True)
    return story.do("cas", {"key": "k", "old": 1, "new": 6}, done=False).do("add", {"key": "k", "by": 2}, value=7)


def test_right_registers_are_accepted() -> None:
    story = registers()
    story.begin(1, "write", key="k", value=50)
    story.do("read", {"key": "k"}, value=7).do("read", {"key": "k"}, value=50)
    story.end(1, "write")
    story.begin(2, "delete", key="k")
    story.end(2, "delete", INFO)
    story.do("read", {"key": "k"}, value=50).do("read", {"key": "k"}, value=None)
    story.do("write", {"key": "k", "value": 51}, FAIL).do("read", {"key": "k"}, value=None)
    assert check_registers(story.ops) == []


@pytest.mark.parametrize(
    "spoil",
    [
        lambda story: story.do("read", {"key": "k"}, value=1),  # stale
        lambda story: story.do("read", {"key": "k"}, value=None),  # lost
        lambda story: story.do("read", {"key": "k"}, value=999),  # never written
        lambda story: story.do("write", {"key": "k", "value": 8}, FAIL).do("read", {"key": "k"}, value=8),
        lambda story: story.do("cas", {"key": "k", "old": 5, "new": 6}, done=True),
        lambda story: story.do("cas", {"key": "k", "old": 7, "new": 6}, done=False),
        lambda story: story.do("add", {"key": "k", "by": 1}, value=7),  # a lost update
        lambda story: story.do("delete", {"key": "k"}).do("read", {"key": "k"}, value=7),
    ],
)
def test_wrong_register_is_found(spoil: Callable[[Story], Story]) -> None:
    assert promises(check_registers(spoil(registers()).ops)) == {"table: not linearizable"}


def test_reads_that_go_back_in_time_are_found() -> None:
    story = registers()
    story.begin(1, "write", key="k", value=50)
    story.do("read", {"key": "k"}, value=50).do("read", {"key": "k"}, value=7)
    story.end(1, "write")
    assert promises(check_registers(story.ops)) == {"table: not linearizable"}


def test_history_that_is_too_wide_is_no_success() -> None:
    story = Story()
    for process in range(24):
        story.begin(process, "write", key="k", value=process)
    for process in range(24):
        story.end(process, "write")
    story.do("read", {"key": "k"}, value=-1)
    assert promises(check_registers(story.ops)) == {"table: undecided"}


# Transactions

TRANSFER = {"bank": 1, "from": 0, "to": 1, "amount": 60}


def test_right_transfers_are_accepted() -> None:
    story = Story().do("transfer", TRANSFER, done=True).do("balances", {"bank": 1}, balances=[40, 160])
    story.do("transfer", TRANSFER, done=False).do("transfer", {**TRANSFER, "amount": 1}, INFO)
    assert check_bank(story.do("balances", {"bank": 1}, balances=[39, 161]).ops, 2) == []


@pytest.mark.parametrize(
    ("balances", "promise"),
    [
        ([40, 100], "transactions: torn"),
        ([100, 160], "transactions: torn"),
        ([100, 100], "transactions: not serializable"),  # lost
        ([-20, 220], "transactions: not serializable"),  # applied twice
    ],
)
def test_wrong_balances_are_found(balances: list[int], promise: str) -> None:
    story = Story().do("transfer", TRANSFER, done=True).do("balances", {"bank": 1}, balances=balances)
    assert promises(check_bank(story.ops, 2)) == {promise}


def test_refusal_without_a_reason_is_found() -> None:
    story = Story().do("transfer", TRANSFER, done=False)
    assert promises(check_bank(story.ops, 2)) == {"transactions: not serializable"}


# Queues


def message(body: str, receives: int = 1, **others: Any) -> dict[str, Any]:
    return {"body": body, "id": f"id-{body}", "receives": receives, "sequence": "", **others}


def send(story: Story, body: str, queue: str = "q", kind: str = OK, **asked: Any) -> Story:
    return story.do("send", {"queue": queue, "body": body, **asked}, kind, id=f"id-{body}", sequence=f"{body}-seq")


def receive(
    story: Story, *messages: dict[str, Any], queue: str = "q", f: str = "receive", visibility: int = 10
) -> Story:
    return story.do(f, {"queue": queue, "visibility": visibility}, messages=list(messages))


def delete(story: Story, body: str, kind: str = OK, queue: str = "q") -> Story:
    return story.do("delete-message", {"queue": queue, "body": body, "id": f"id-{body}"}, kind)


def standard(story: Story) -> set[str]:
    return promises(check_standard_queue(story.ops, "q", 3))


def test_right_standard_queue_is_accepted() -> None:
    story = send(send(send(Story(), "a"), "b"), "c", kind=INFO)
    receive(story, message("b"), message("a")).wait(11)
    receive(delete(story, "a"), message("b", 2), message("c")).wait(11)
    receive(story, message("b", 3)).wait(11)
    receive(story, message("c", 2), f="drain")
    receive(story, message("b"), queue="q-dead", f="drain")
    assert standard(story) == set()


@pytest.mark.parametrize(
    ("write", "promise"),
    [
        (lambda s: receive(s, f="drain"), "queue: lost"),
        (lambda s: receive(delete(receive(s, message("a")), "a", FAIL), f="drain"), "queue: lost"),
        (lambda s: receive(s, message("x")), "queue: phantom"),
        (lambda s: receive(send(s, "f", kind=FAIL), message("f")), "queue: phantom"),
        (
            lambda s: receive(delete(receive(s, message("a")), "a").wait(LATE), message("a", 2)),
            "queue: deleted message",
        ),
        (lambda s: receive(receive(s, message("a")).wait(9), message("a", 2)), "queue: shown while hidden"),
        (lambda s: receive(receive(s, message("a")).wait(LATE), message("a")), "queue: receive not counted"),
        (lambda s: receive(s, message("a", 4)), "queue: received too often"),
        (lambda s: receive(receive(s, message("a")), message("a"), queue="q-dead"), "queue: dead too early"),
    ],
)
def test_wrong_standard_queue_is_found(write: Callable[[Story], Story], promise: str) -> None:
    found = standard(write(send(Story(), "a")))
    assert len(found) == 1
    assert found.pop().startswith(promise)


def test_each_entry_of_a_batch_has_its_own_outcome() -> None:
    sent = {"a": {"id": "id-a", "sequence": ""}}
    story = Story().do("send-batch", {"queue": "q", "messages": [{"body": "a"}, {"body": "b"}]}, done=sent)
    assert standard(receive(story, message("a"), f="drain")) == set()
    story.do("delete-batch", {"queue": "q", "messages": [{"body": "a", "id": "id-a"}]}, done={"a": {}}).wait(LATE)
    assert standard(receive(story, message("a", 2))) == {"queue: deleted message returned"}
    assert standard(receive(Story(), message("a"))) == {"queue: phantom"}
    assert standard(receive(story, message("b"), f="drain")) >= {"queue: phantom"}


def fifo_send(story: Story, body: str, sequence: str, group: str = "g") -> Story:
    asked = {"queue": "q", "body": body, "group": group}
    return story.do("send", asked, id=f"id-{body}", sequence=sequence)


def fifo_message(body: str, sequence: str, receives: int = 1, **others: Any) -> dict[str, Any]:
    return message(body, receives, sequence=sequence, group="g", **others)


def fifo(story: Story) -> set[str]:
    return promises(check_fifo_queue(story.ops, "q", 3))


def two_messages() -> Story:
    return fifo_send(fifo_send(Story(), "a", "1"), "b", "2")


def test_right_fifo_queue_is_accepted() -> None:
    story = fifo_send(fifo_send(two_messages(), "c", "3"), "other", "4", group="h")
    receive(story, fifo_message("a", "1"), fifo_message("b", "2"), message("other", sequence="4"))
    delete(delete(story, "a"), "b")
    receive(story, fifo_message("c", "3"), f="drain")
    receive(story, message("other", 2, sequence="4"), f="drain")
    assert fifo(story) == set()


@pytest.mark.parametrize(
    ("write", "promise"),
    [
        (lambda s: receive(s, fifo_message("b", "2")), "fifo: overtaken"),
        (lambda s: receive(s, fifo_message("b", "2"), fifo_message("a", "1")), "fifo: overtaken"),
        (lambda s: receive(receive(s, fifo_message("a", "1")), fifo_message("b", "2")), "fifo: overtaken"),
        (lambda s: fifo_send(s, "c", "0"), "fifo: sequence"),
        (
            lambda s: receive(receive(s, fifo_message("a", "1")), fifo_message("a", "1", id="second")),
            "fifo: duplicate",
        ),
        (
            lambda s: receive(delete(receive(s, fifo_message("a", "1")), "a").wait(LATE), fifo_message("a", "1", 2)),
            "fifo: deleted message returned",
        ),
        (lambda s: receive(receive(s, fifo_message("a", "1"), f="drain"), f="drain"), "queue: lost"),
    ],
)
def test_wrong_fifo_queue_is_found(write: Callable[[Story], Story], promise: str) -> None:
    assert fifo(write(two_messages())) == {promise}


# Streams


def change(sequence: str, old: int | None, new: int | None) -> dict[str, Any]:
    return {"key": "k", "sequence": sequence, "old": old, "new": new}


RIGHT = [change("1", None, 1), change("2", 1, 5), change("3", 5, 7), change("4", 7, None)]


def stream(changes: list[dict[str, Any]], batches: list[list[dict[str, Any]]], final: dict[str, int]) -> set[str]:
    story = Story().do("write", {"key": "k", "value": 1}).do("cas", {"key": "k", "old": 1, "new": 5}, done=True)
    story.do("add", {"key": "k", "by": 2}, value=7).do("delete", {"key": "k"})
    for batch in batches:
        story.do("stream-batch", {"changes": batch})
    story.do("table-scan", {}, items=final).do("stream-read", {}, changes=changes)
    return promises(check_stream(story.ops))


def test_right_stream_is_accepted() -> None:
    assert stream(RIGHT, [RIGHT[:2], RIGHT[:2], RIGHT[2:]], {}) == set()


@pytest.mark.parametrize(
    ("changes", "batches", "final", "promise"),
    [
        ([RIGHT[0], *RIGHT[2:]], [], {}, {"stream: gap", "stream: lost"}),
        (RIGHT[:3], [], {}, {"stream: not the table"}),
        ([*RIGHT, RIGHT[3]], [], {}, {"stream: repeated", "stream: gap"}),
        ([*RIGHT, change("5", None, 66)], [], {"k": 66}, {"stream: phantom"}),
        (RIGHT, [RIGHT[:1]], {}, {"stream: not delivered"}),
        (RIGHT, [[RIGHT[1], RIGHT[0], *RIGHT[2:]]], {}, {"stream: order"}),
        (RIGHT, [[*RIGHT, change("9", None, 1)]], {}, {"stream: phantom"}),
    ],
)
def test_wrong_stream_is_found(
    changes: list[dict[str, Any]], batches: list[list[dict[str, Any]]], final: dict[str, int], promise: set[str]
) -> None:
    assert stream(changes, batches, final) == promise


# Orders


def orders(stored: list[str], dead: list[str], effects: int, failed_calls: int = 3) -> set[str]:
    story = Story()
    for order in ("a", "b"):
        story.do("publish", {"order": order, "poison": False})
    story.do("publish", {"order": "bad", "poison": True})
    for _ in range(failed_calls):
        story.do("process", {"orders": ["a", "bad"]}, failed=["bad"])
    story.do("orders-end", {}, stored=dict.fromkeys(stored, 1), dead=dead, effects=effects)
    return promises(check_orders(story.ops))


def test_right_orders_are_accepted() -> None:
    assert orders(["a", "b"], ["bad"], 2) == set()


@pytest.mark.parametrize(
    ("stored", "dead", "effects", "promise"),
    [
        (["a"], ["bad"], 1, "orders: lost"),
        (["a", "b"], [], 2, "orders: lost"),
        (["a", "b"], ["bad"], 3, "orders: not one effect each"),
        (["a", "b", "c"], ["bad"], 3, "orders: phantom"),
        (["a", "b", "bad"], ["bad"], 3, "orders: phantom"),
        (["a", "b"], ["bad", "b"], 2, "orders: dead too early"),
    ],
)
def test_wrong_orders_are_found(stored: list[str], dead: list[str], effects: int, promise: str) -> None:
    assert orders(stored, dead, effects) == {promise}


def test_dead_letter_after_too_few_failures_is_found() -> None:
    assert orders(["a", "b"], ["bad"], 2, failed_calls=2) == {"orders: dead too early"}


# Alarms


def alarm(state: str, dead: int, changes: list[str], told: list[str]) -> set[str]:
    return promises(check_alarm(Story().do("alarm-end", {}, state=state, dead=dead, changes=changes, told=told).ops))


def test_right_alarm_is_accepted() -> None:
    assert alarm("ALARM", 2, ["INSUFFICIENT_DATA", "OK", "ALARM"], ["ALARM", "OK"]) == set()
    assert alarm("INSUFFICIENT_DATA", 0, [], []) == set()


@pytest.mark.parametrize(
    ("state", "dead", "changes", "told", "promise"),
    [
        ("OK", 2, ["OK"], ["OK"], "alarm: wrong state"),
        ("ALARM", 0, ["ALARM"], ["ALARM"], "alarm: wrong state"),
        ("ALARM", 1, ["ALARM", "ALARM"], ["ALARM", "ALARM"], "alarm: change without a change"),
        ("ALARM", 1, ["ALARM", "OK"], ["ALARM", "OK"], "alarm: history"),
        ("ALARM", 1, ["OK", "ALARM"], ["OK"], "alarm: not told once"),
        ("ALARM", 1, ["OK", "ALARM"], ["OK", "ALARM", "ALARM"], "alarm: not told once"),
    ],
)
def test_wrong_alarm_is_found(state: str, dead: int, changes: list[str], told: list[str], promise: str) -> None:
    assert alarm(state, dead, changes, told) == {promise}


# Stacks


def stacks(status: str, resources: list[str], queues: list[str], version: int | None) -> set[str]:
    story = Story().do("stack-create", {"stack": "s", "version": 1, "fails": False})
    story.do("stack-update", {"stack": "s", "version": 2, "fails": False})
    story.do("stack-update", {"stack": "s", "version": 3, "fails": True})
    story.do("stack-end", {"stack": "s"}, status=status, resources=resources, queues=queues, version=version)
    return promises(check_stacks(story.ops))


WHOLE = ["Queue", "Version"]


def test_right_stack_is_accepted() -> None:
    assert stacks("UPDATE_ROLLBACK_COMPLETE", WHOLE, ["s-2"], 2) == set()
    assert stacks("DELETE_COMPLETE", [], [], None) == set()


@pytest.mark.parametrize(
    ("status", "resources", "queues", "version", "promise"),
    [
        ("UPDATE_IN_PROGRESS", WHOLE, ["s-2"], 2, {"stacks: not at rest"}),
        ("UPDATE_COMPLETE", WHOLE, [], 2, {"stacks: resources"}),
        ("UPDATE_COMPLETE", WHOLE, ["s-1", "s-2"], 2, {"stacks: resources"}),
        ("UPDATE_COMPLETE", ["Queue"], ["s-2"], 2, {"stacks: resources"}),
        ("UPDATE_COMPLETE", WHOLE, ["s-1"], 1, {"stacks: version"}),
        ("UPDATE_COMPLETE", WHOLE, ["s-0"], 3, {"stacks: version"}),
        ("DELETE_COMPLETE", [], ["s-2"], None, {"stacks: left behind"}),
        ("ROLLBACK_COMPLETE", [], [], 2, {"stacks: left behind"}),
    ],
)
def test_wrong_stack_is_found(
    status: str, resources: list[str], queues: list[str], version: int | None, promise: set[str]
) -> None:
    assert stacks(status, resources, queues, version) == promise


# Objects

KEY = {"key": "k"}


def objects() -> Story:
    story = Story().do("object-get", KEY, value=None).do("object-put-new", {"key": "k", "value": 1}, done=True)
    story.do("object-put", {"key": "k", "value": 2}).do("object-put-new", {"key": "k", "value": 3}, done=False)
    return story.do("object-list", {"keys": ["k", "other"]}, values={"k": 2})


def test_right_objects_are_accepted() -> None:
    story = objects()
    story.begin(1, "object-delete", key="k")
    story.end(1, "object-delete", INFO)
    story.do("object-get", KEY, value=2).do("object-list", {"keys": ["k"]}, values={})
    story.do("object-list", {"keys": ["k"]}, INFO)
    assert check_objects(story.ops) == []


@pytest.mark.parametrize(
    "spoil",
    [
        lambda story: story.do("object-get", KEY, value=1),  # stale
        lambda story: story.do("object-get", KEY, value=None),  # lost
        lambda story: story.do("object-get", KEY, value=-1),  # damaged
        lambda story: story.do("object-list", {"keys": ["k"]}, values={"k": 1}),  # a stale list
        lambda story: story.do("object-list", {"keys": ["k"]}, values={}),  # missing in a list
        lambda story: story.do("object-list", {"keys": ["other"]}, values={"other": 9}),  # a phantom in a list
        lambda story: story.do("object-put-new", {"key": "k", "value": 4}, done=True),
        lambda story: story.do("object-delete", KEY).do("object-get", KEY, value=2),
        lambda story: story.do("object-put", {"key": "k", "value": 5}, FAIL).do("object-get", KEY, value=5),
    ],
)
def test_wrong_object_is_found(spoil: Callable[[Story], Story]) -> None:
    assert promises(check_objects(spoil(objects()).ops)) == {"objects: not linearizable"}


# Parameters


def parameters() -> Story:
    story = Story().do("parameter-get", KEY, version=None, value=None)
    story.do("parameter-create", {"key": "k", "value": 1}, version=1)
    story.do("parameter-create", {"key": "k", "value": 2}, version=None)
    return story.do("parameter-put", {"key": "k", "value": 3}, version=2)


def test_right_parameters_are_accepted() -> None:
    story = parameters()
    story.do("parameter-put", {"key": "k", "value": 4}, INFO).do("parameter-get", KEY, version=3, value=4)
    story.do("parameter-delete", KEY, done=True).do("parameter-delete", KEY, done=False)
    story.do("parameter-put", {"key": "k", "value": 5}, version=1)
    assert check_parameters(story.ops) == []


@pytest.mark.parametrize(
    "spoil",
    [
        lambda story: story.do("parameter-get", KEY, version=1, value=1),  # stale
        lambda story: story.do("parameter-get", KEY, version=2, value=1),  # a version of another value
        lambda story: story.do("parameter-get", KEY, version=None, value=None),  # lost
        lambda story: story.do("parameter-put", {"key": "k", "value": 4}, version=2),  # a version twice
        lambda story: story.do("parameter-create", {"key": "k", "value": 4}, version=1),
        lambda story: story.do("parameter-delete", KEY, done=False),
    ],
)
def test_wrong_parameter_is_found(spoil: Callable[[Story], Story]) -> None:
    assert promises(check_parameters(spoil(parameters()).ops)) == {"parameters: not linearizable"}


# Lines of a log


def put_lines(story: Story, *lines: str, kind: str = OK, done: bool = True) -> Story:
    return story.do("log-put", {"key": "s", "lines": list(lines)}, kind, done=done)


def log(*lines: str) -> set[str]:
    story = put_lines(Story(), "a1", "a2")
    put_lines(story, "b1", "b2", kind=INFO)
    put_lines(story, "c1", kind=FAIL)
    put_lines(story, "d1", done=False)
    return promises(check_log(story.do("log-read", {"key": "s"}, lines=list(lines)).ops))


def test_right_log_is_accepted() -> None:
    assert log("a1", "a2") == set()
    assert log("a1", "b1", "a2", "b2", "d1") == set()


def test_lines_that_are_written_during_a_read_may_be_in_it_or_not() -> None:
    for lines in ([], ["a1"]):
        story = Story()
        story.begin(1, "log-put", key="s", lines=["a1"])
        story.do("log-read", {"key": "s"}, lines=lines)
        story.end(1, "log-put", done=True)
        assert check_log(story.ops) == []


@pytest.mark.parametrize(
    ("lines", "promise"),
    [
        ([], "log: lost"),
        (["a1"], "log: part of a batch"),
        (["a1", "a2", "b2"], "log: part of a batch"),
        (["a2", "a1"], "log: order"),
        (["a1", "a2", "a2"], "log: duplicate"),
        (["a1", "a2", "c1"], "log: phantom"),
        (["a1", "a2", "x"], "log: phantom"),
    ],
)
def test_wrong_log_is_found(lines: list[str], promise: str) -> None:
    assert log(*lines) == {promise}


# Rights


def rights() -> Story:
    story = Story().do("right-use", KEY, allowed=False).do("right-withdraw", KEY, done=False)
    return story.do("right-grant", KEY).do("right-use", KEY, allowed=True)


def test_right_rights_are_accepted() -> None:
    story = rights()
    story.begin(1, "right-withdraw", key="k")
    story.do("right-use", KEY, allowed=True).do("right-use", KEY, allowed=False)
    story.end(1, "right-withdraw", done=True)
    assert check_rights(story.ops) == []


@pytest.mark.parametrize(
    "spoil",
    [
        lambda story: story.do("right-use", KEY, allowed=False),
        lambda story: story.do("right-withdraw", KEY, done=False),
        lambda story: story.do("right-withdraw", KEY, done=True).do("right-use", KEY, allowed=True),
        lambda story: story.do("right-withdraw", KEY, FAIL).do("right-use", KEY, allowed=False),
    ],
)
def test_wrong_right_is_found(spoil: Callable[[Story], Story]) -> None:
    assert promises(check_rights(spoil(rights()).ops)) == {"rights: not linearizable"}


# The history itself


def test_operation_without_completion_may_still_take_effect() -> None:
    story = Story()
    story.begin(0, "write", key="k", value=1)
    (op,) = story.ops
    assert (op.type, op.end) == (INFO, None)


def test_history_is_written_as_jepsen_writes_it() -> None:
    event = Event(3, 1500, 2, OK, "read", {"key": 'a"b', "value": None, "many": [1, True]})
    assert edn_line(event) == (
        '{:index 3, :time 1500, :process 2, :type :ok, :f :read, :value {:key "a\\"b", :value nil, :many [1 true]}}'
    )
    assert list(pair([event])) == []
