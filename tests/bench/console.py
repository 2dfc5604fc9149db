"""``make bench-console``: how soon the console's home page is painted, and what open pages cost.

The console runs as a process of its own, as `orders console` starts it, before a onebox through which orders flow.
Needs Linux (/proc) and the package chromium.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from importlib.resources import files
from pathlib import Path

from playwright.sync_api import sync_playwright

from orders.local.onebox_process import running_onebox
from tests.browser.conftest import NAMES, OPTIONS

PAGES = 20
WATCH_S = 30.0
LOADS = 15
# Longer than a snapshot is taken for fresh: such a page waits for the system.
PAUSE_S = 16.0
LOADS_AFTER_PAUSE = 5
FIRST_PAINT = """() => new Promise((resolve) => new PerformanceObserver((list) => {
    for (const entry of list.getEntriesByName("first-contentful-paint")) resolve(entry.startTime);
}).observe({ type: "paint", buffered: true }))"""


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        running_onebox(port=0, log=Path(folder) / "log", data=Path(folder) / "data") as endpoint,
    ):
        environment = {**os.environ, "AWS_ENDPOINT_URL": endpoint, "AWS_DEFAULT_REGION": "us-east-1"}
        environment |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
        command = [sys.executable, "-m", "orders"]
        subprocess.run([*command, "deploy", "--yes"], env=environment, check=True, stdout=subprocess.DEVNULL)
        sample = str(files("orders").joinpath("local/sample/online_retail_sample.jsonl.gz"))
        with _console(command, environment) as (process, port):
            publishing = subprocess.Popen(
                [*command, "publish", "--rate", "10", sample], env=environment, stderr=subprocess.DEVNULL
            )
            painted_ms = _first_paints(port, LOADS)
            late_ms = _first_paints(port, LOADS_AFTER_PAUSE, PAUSE_S)
            quiet, share = _share_of_a_core(process.pid, port, 0), _share_of_a_core(process.pid, port, PAGES)
            publishing.terminate()
            publishing.wait()
    figures = {
        "first paint of the home page, ms, median": round(statistics.median(painted_ms)),
        "first paint of the home page, ms, highest": round(max(painted_ms)),
        "first paint after a pause, ms, median": round(statistics.median(late_ms)),
        "first paint after a pause, ms, highest": round(max(late_ms)),
        "share of a core, no page open, %": round(quiet * 100, 2),
        f"share of a core, {PAGES} pages open, %": round(share * 100, 2),
    }
    print(json.dumps(figures, indent=2))


@contextmanager
def _console(command: list[str], environment: dict[str, str]) -> Iterator[tuple[subprocess.Popen[str], int]]:
    process = subprocess.Popen(
        [*command, "console", "--port", "0"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        found = re.search(r"http://127\.0\.0\.1:(\d+)/", process.stdout.readline())
        assert found is not None
        yield process, int(found.group(1))
    finally:
        process.terminate()
        process.wait()


def _first_paints(port: int, loads: int, pause_s: float = 0.0) -> list[float]:
    """Milliseconds from the navigation to the first contentful paint, each in a fresh window with an empty cache, after
    a pause in which no page is open.
    """
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        sys.exit("No Chromium: install the package chromium.")
    painted: list[float] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=OPTIONS)
        for _ in range(loads):
            time.sleep(pause_s)
            context = browser.new_context()
            page = context.new_page()
            page.goto(f"http://127.0.0.1:{port}/")
            painted.append(page.evaluate(FIRST_PAINT))
            context.close()
        browser.close()
    return painted


def _share_of_a_core(pid: int, port: int, pages: int) -> float:
    """Processor time of the console in a while, with so many pages following it live."""
    connections = [HTTPConnection("127.0.0.1", port) for _ in range(pages)]
    for connection in connections:
        connection.request("GET", "/live?page=pipeline")
        threading.Thread(target=connection.getresponse().read, daemon=True).start()
    begin, used = time.monotonic(), _cpu_s(pid)
    time.sleep(WATCH_S)
    share = (_cpu_s(pid) - used) / (time.monotonic() - begin)
    for connection in connections:
        if connection.sock is not None:
            connection.sock.close()
    return share


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
