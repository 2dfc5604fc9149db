"""Goal: resources are ordered by need, circles are found and named, steps run as early as they may and no earlier."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onebox.errors import ValidationError
from onebox.services.cloudformation.deploy.graph_runner import run_graph
from onebox.services.cloudformation.template.graph import decide_order, reverse

_GRAPHS = st.dictionaries(st.integers(0, 12).map(str), st.sets(st.integers(0, 12).map(str), max_size=4), max_size=13)
# Needs point to smaller numbers only, so there is no circle.
_ACYCLIC = _GRAPHS.map(lambda graph: {name: {n for n in needs if int(n) < int(name)} for name, needs in graph.items()})


@given(_ACYCLIC)
def test_order_puts_everything_after_what_it_needs(graph: dict[str, set[str]]) -> None:
    order = decide_order(graph)
    assert sorted(order) == sorted(graph)
    for name, needs in graph.items():
        assert all(order.index(need) < order.index(name) for need in needs if need in graph)


@given(_GRAPHS)
def test_any_graph_has_an_order_or_a_circle(graph: dict[str, set[str]]) -> None:
    try:
        decide_order(graph)
    except ValidationError as error:
        named = error.message.removeprefix("Circular dependency between resources: [").removesuffix("]").split(", ")
        assert all(graph[name] & set(named) for name in named), "each of the named needs another of them"


def test_circle_is_named_without_those_that_merely_need_it() -> None:
    with pytest.raises(ValidationError) as caught:
        decide_order({"A": {"B"}, "B": {"A"}, "C": {"A"}, "D": set()})
    assert caught.value.message == "Circular dependency between resources: [A, B]"


@given(_ACYCLIC)
def test_reverse_of_reverse_is_the_graph(graph: dict[str, set[str]]) -> None:
    inner = {name: {need for need in needs if need in graph} for name, needs in graph.items()}
    assert reverse(reverse(inner)) == inner


@given(_ACYCLIC, st.sets(st.integers(0, 12).map(str), max_size=2))
def test_run_graph_starts_nothing_before_its_needs_nor_after_a_failure_of_them(
    graph: dict[str, set[str]], broken: set[str]
) -> None:
    done: list[str] = []

    async def step(name: str) -> bool:
        assert all(need in done for need in graph[name] if need in graph)
        await asyncio.sleep(0)
        if name in broken:
            return False
        done.append(name)
        return True

    failed = asyncio.run(run_graph(graph, step, past_failures=True))
    assert set(failed) <= broken
    blocked = set(failed)
    for name in decide_order(graph):
        if graph[name] & blocked:
            blocked.add(name)
    assert set(done) == set(graph) - blocked


def test_run_graph_after_a_failure_lets_finish_what_runs_and_starts_nothing() -> None:
    finished = []

    async def step(name: str) -> bool:
        for _ in range(3 if name == "slow" else 1):
            await asyncio.sleep(0)
        finished.append(name)
        return name != "bad"

    graph: dict[str, set[str]] = {"bad": set(), "slow": set(), "next": {"slow"}}
    assert asyncio.run(run_graph(graph, step)) == ["bad"]
    assert finished == ["bad", "slow"]


def test_run_graph_passes_on_what_a_step_raises_and_cancels_the_rest() -> None:
    cancelled = []

    async def step(name: str) -> bool:
        if name == "bug":
            raise RuntimeError("a bug")
        try:
            await asyncio.Future()
        except asyncio.CancelledError:
            cancelled.append(name)
            raise
        return True

    with pytest.raises(RuntimeError):
        asyncio.run(run_graph({"bug": set(), "other": set()}, step))
    assert cancelled == ["other"]
