"""Goal: work beside the event loop is done once, depends on nothing but its inputs, and always ends."""

from __future__ import annotations

import pytest

from onebox.services.beside import ROUNDS_MAX, Beside, WorkNeeded, do_beside


def test_work_is_asked_for_first_and_found_when_the_operation_runs_again() -> None:
    done: list[str] = []

    def work() -> str:
        done.append("once")
        return "result"

    with pytest.raises(WorkNeeded) as needed:
        do_beside(None, "name", 1, work)
    assert done == []
    beside = needed.value.beside
    beside = _ask(beside, 1, work)
    beside.do()
    assert [beside.result("name", 1, work) for _ in range(3)] == ["result"] * 3
    assert done == ["once"]


def test_what_work_raises_is_raised_where_the_result_is_asked_for() -> None:
    def work() -> str:
        raise KeyError("wrong")

    beside = _ask(Beside(), 1, work)
    beside.do()
    for _ in range(2):
        with pytest.raises(KeyError, match="wrong"):
            beside.result("name", 1, work)


def test_inputs_that_changed_are_other_work() -> None:
    beside = _ask(Beside(), "before", lambda: "of before")
    beside.do()
    with pytest.raises(WorkNeeded):
        beside.result("name", "after", lambda: "of after")
    beside.do()
    assert beside.result("name", "after", lambda: "never asked") == "of after"


def test_inputs_that_change_each_time_are_worked_on_at_once_in_the_end() -> None:
    beside = Beside()
    for at in range(ROUNDS_MAX):
        with pytest.raises(WorkNeeded):
            beside.result("name", at, lambda: "too late")
        beside.do()
    assert beside.result("name", "once more", lambda: "at once") == "at once"


def test_forgotten_results_are_worked_out_again() -> None:
    beside = _ask(Beside(), 1, lambda: "result")
    beside.do()
    assert not beside.is_asked
    beside.forget()
    with pytest.raises(WorkNeeded):
        beside.result("name", 1, lambda: "result")
    assert beside.is_asked


def _ask(beside: Beside, inputs: object, work: object) -> Beside:
    assert callable(work)
    with pytest.raises(WorkNeeded) as needed:
        beside.result("name", inputs, work)
    assert needed.value.beside is beside
    return beside
