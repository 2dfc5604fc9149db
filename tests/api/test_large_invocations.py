"""Goal: a function that runs long keeps no room of its request's body: what it sends itself may need that room."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from onebox.testing import EngineThread
from tests.api.lambda_support import invoke, make_function
from tests.polling import until

WAIT = """
import os, time
def handler(event, context):
    open(event["begun"], "w").close()
    while not os.path.exists(event["go"]):
        time.sleep(0.01)
    return len(event["data"])
"""


def test_an_invocation_under_way_keeps_no_room(tmp_path: Path) -> None:
    begun, go = tmp_path / "begun", tmp_path / "go"
    event = {"begun": str(begun), "go": str(go), "data": "x" * 2_000_000}
    with EngineThread() as engine, ThreadPoolExecutor() as pool:
        make_function(engine.client, WAIT)
        try:
            answer = pool.submit(invoke, engine.client, event)
            until(begun.exists, "the function")
            assert engine._engine._server.incoming.taken_bytes == 0
            assert not answer.done()
        finally:
            go.touch()
        assert answer.result()[0] == 2_000_000
