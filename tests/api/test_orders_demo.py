"""Goal: `make run` and `orders up` show what they promise and leave nothing behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

from tests.polling import PATIENCE_S, until

ORDERS = [sys.executable, "-m", "orders"]


def environment(tmp_path: Path) -> dict[str, str]:
    """An empty home, no AWS configuration, temporary files where the test sees them."""
    (tmp_path / "tmp").mkdir()
    return {**os.environ, "HOME": str(tmp_path), "TMPDIR": str(tmp_path / "tmp")}


def processes_naming(text: str) -> list[str]:
    """The command lines of live processes that name a folder of the test."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:  # ended meanwhile
            continue
        if text in line:
            found.append(line)
    return found


def test_demo_stores_the_sample_sets_invalid_orders_aside_and_leaves_nothing_behind(tmp_path: Path) -> None:
    done = subprocess.run(
        [*ORDERS, "demo", "--json"],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert (answer["published"], answer["stored"]) == (503, 500)
    assert sorted(letter["reason"].partition(":")[0] for letter in answer["dead_lettered"]) == [
        "not JSON",
        "orderId",
        "orderId is missing",
    ]
    assert processes_naming(str(tmp_path)) == []
    assert list((tmp_path / "tmp").iterdir()) == []


def test_up_deploys_serves_and_ends_cleanly_on_sigterm(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*ORDERS, "up", "--port", "0", "--data", str(tmp_path / "data")],
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if "Ctrl-C stops everything" in line:
            break
    assert any("The stack is ready." in line for line in said), said
    console_url = next(line.split()[-1] for line in said if line.startswith("The console is at"))

    def shows_the_topic() -> bool:
        with urlopen(console_url) as answer:
            return "OrderTopic" in answer.read().decode()

    # A page does not wait for what the system answers: the first one may come before the topic was read.
    assert until(shows_the_topic, "a page with the topic")
    process.send_signal(signal.SIGTERM)
    rest = process.communicate(timeout=PATIENCE_S)[0]
    assert process.returncode == 0, rest
    assert "Stopped." in rest
    assert processes_naming(str(tmp_path)) == []
