"""Goal: globs match exactly what a simple definition says, and no pattern makes a match costly."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from onebox.text.globs import Wildcard, compile_glob, compile_tokens

PATTERNS = st.text("ab*?\n", max_size=14)
TEXTS = st.text("ab*?\n", max_size=14)
MOST_S = 0.1


def simple_match(pattern: str, text: str) -> bool:
    """The definition, a table of which beginnings fit which: quadratic and obvious."""
    fits = [True] + [False] * len(text)
    for wanted in pattern:
        if wanted == "*":
            fits = [any(fits[: end + 1]) for end in range(len(text) + 1)]
        else:
            steps = [fits[end] and wanted in ("?", text[end]) for end in range(len(text))]
            fits = [False, *steps]
    return fits[-1]


@given(PATTERNS, TEXTS)
@example("*a?b*", "xxaabab")
@example("a*a", "a")
@example("*?b?*b", "abbb")
def test_a_glob_matches_what_the_definition_says(pattern: str, text: str) -> None:
    assert compile_glob(pattern).matches(text) == simple_match(pattern, text)


@given(PATTERNS, TEXTS)
def test_without_one_a_question_mark_is_itself(pattern: str, text: str) -> None:
    marked = text.replace("?", "\0")
    assert compile_glob(pattern, one=False).matches(text) == simple_match(pattern.replace("?", "\0"), marked)


@given(st.lists(st.one_of(st.sampled_from(Wildcard), st.text("a*?", max_size=3)), max_size=8), st.text("a*?"))
def test_literals_of_tokens_are_never_wildcards(tokens: list[str | Wildcard], text: str) -> None:
    hidden = str.maketrans("*?", "xy")
    pattern = "".join(token.value if isinstance(token, Wildcard) else token.translate(hidden) for token in tokens)
    assert compile_tokens(tokens).matches(text) == simple_match(pattern, text.translate(hidden))


@pytest.mark.parametrize(
    "pattern",
    [
        "*a" * 1_000 + "b",
        "*a?" * 1_000 + "b",
        "*" + "a?" * 3_000 + "b*",
        "*" + "a" * 5_000 + "b*",
        "*" + "?" * 5_000 + "b",
        "*" * 6_000 + "b",
        "?*" * 3_000 + "b",
    ],
    ids=lambda pattern: f"{pattern[:6]}…",
)
def test_no_pattern_makes_a_match_costly(pattern: str) -> None:
    # The longest policy against ten times the longest ARN; a backtracking matcher does not finish.
    text = "a" * 20_000
    glob = compile_glob(pattern)
    started = time.process_time()
    assert not glob.matches(text)
    assert time.process_time() - started < MOST_S


def test_a_long_pattern_compiles_quickly() -> None:
    started = time.process_time()
    compile_glob("*a?" * 10_000)
    assert time.process_time() - started < 10 * MOST_S
