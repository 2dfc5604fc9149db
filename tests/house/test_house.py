"""Goal: the few rules that keep the code testable hold everywhere: who imports whom, who reads time and chance."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

SOURCE = Path(__file__).parents[2] / "src"
MODULES = sorted(path for path in SOURCE.rglob("*.py") if "egg-info" not in str(path))

# Calls that make code untestable, and what to use in their place.
BANNED_IN_ONEBOX = {
    "time.time": "context.now_ms or Clock.now_ms",
    "time.time_ns": "context.now_ms or Clock.now_ms",
    "time.monotonic": "Clock.monotonic_ms",
    "time.perf_counter": "Clock.monotonic_ms",
    "time.sleep": "onebox.clock.sleep_until",
    "datetime.now": "context.now_ms or Clock.now_ms",
    "datetime.utcnow": "context.now_ms or Clock.now_ms",
    "uuid.uuid4": "Ids.uuid",
    "random.random": "Ids",
    "random.choice": "Ids",
    "secrets.token_hex": "Ids.hex",
    "os.urandom": "Ids",
}
WAITS = {"call_at", "sleep_until", "wait_for"}
MAY_TOUCH_TIME_AND_CHANCE = {"onebox/steady_clock.py", "onebox/ids.py"}


def _name(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


class Call(NamedTuple):
    function: str
    line: int
    arguments: str
    """The positional ones, of functions that wait."""


@cache
def _imports(path: Path) -> list[str]:
    found: list[str] = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found += (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.append(node.module)
    return found


@cache
def _calls(path: Path) -> list[Call]:
    return [_call(node) for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]


def _call(node: ast.Call) -> Call:
    function = ast.unparse(node.func)
    waits = function.rpartition(".")[2] in WAITS
    return Call(function, node.lineno, ", ".join(map(ast.unparse, node.args)) if waits else "")


def test_imports_of_the_two_packages_never_cross() -> None:
    wrong = [
        f"{_name(path)} imports {name}"
        for path in MODULES
        for name in _imports(path)
        if name.split(".")[0] == ("onebox" if _name(path).startswith("orders/") else "orders")
    ]
    assert not wrong, "orders knows only the AWS API, onebox nothing of orders"


def test_imports_in_onebox_point_one_way() -> None:
    rank = {"gateway": 3, "services": 2, "storage": 1}
    wrong = []
    for path in MODULES:
        parts = _name(path).split("/")
        if parts[0] != "onebox" or parts[1] not in rank:
            continue
        for name in _imports(path):
            target = name.split(".")
            if target[0] == "onebox" and len(target) > 1 and rank.get(target[1], 0) > rank[parts[1]]:
                wrong.append(f"{_name(path)} imports {name}")
    assert not wrong, "gateway -> services -> storage"


def test_imports_between_services_go_through_internal() -> None:
    shared = {"context", "registry"}
    open_modules = {"internal", "model", "policy", "request_keys"}
    wrong = []
    for path in MODULES:
        parts = _name(path).split("/")
        if parts[:2] != ["onebox", "services"] or len(parts) < 4:
            continue
        for name in _imports(path):
            target = name.split(".")
            if target[:2] != ["onebox", "services"] or len(target) < 4 or target[2] in shared:
                continue
            if target[2] != parts[2] and target[3] not in open_modules:
                wrong.append(f"{_name(path)} imports {name}")
    assert not wrong, (
        "a service reaches another only through its internal.py (values: model; pure: policy, request_keys)"
    )


@pytest.mark.parametrize("path", [path for path in MODULES if _name(path).startswith("onebox/")], ids=_name)
def test_time_and_chance_are_injected(path: Path) -> None:
    if _name(path) in MAY_TOUCH_TIME_AND_CHANCE:
        return
    wrong = [
        f"line {call.line}: {call.function}, use {BANNED_IN_ONEBOX[call.function]}"
        for call in _calls(path)
        if call.function in BANNED_IN_ONEBOX
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("path", [path for path in MODULES if _name(path).startswith("onebox/")], ids=_name)
def test_waiting_is_in_steady_time(path: Path) -> None:
    """The wall clock may be set while somebody waits."""
    wrong = [
        f"line {call.line}: {call.function}({call.arguments})" for call in _calls(path) if "now_ms()" in call.arguments
    ]
    assert not wrong, "use Clock.steady_ms: " + ", ".join(wrong)


def test_the_server_never_imports_botocore() -> None:
    wrong = [
        f"{_name(path)} imports {name}"
        for path in MODULES
        if _name(path).startswith("onebox/") and "/testing/" not in _name(path) and "/child/" not in _name(path)
        for name in _imports(path)
        if name.split(".")[0] in ("botocore", "boto3")
    ]
    assert not wrong, "botocore costs 30 MB and 0.2 s; its models are read as data"
