"""``make stalls``: each hostile request, the answer, and how long a neighbour waited meanwhile, as a table."""

from __future__ import annotations

import argparse
import sys

from tests.stalls.box import measure, running_box
from tests.stalls.rows import ROWS

LIMIT_MS = 100


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("words", nargs="*", help="only rows whose name holds one of these words")
    words = parser.parse_args().words
    rows = [row for row in ROWS if not words or any(word.lower() in row.name.lower() for word in words)]
    slow = 0
    print("| request | answer | neighbour waits at most | takes |\n| --- | --- | --- | --- |")
    for row in rows:
        with running_box() as box:  # each on a fresh one, so that none suffers from another
            outcome = measure(box, row.attack)
        slow += outcome.neighbour_ms > LIMIT_MS
        answer = outcome.status or "cut off"
        print(f"| {row.name} | {answer} | {outcome.neighbour_ms:.0f} ms | {outcome.took_s:.1f} s |", flush=True)
    print(f"\n{len(rows) - slow} of {len(rows)} rows within {LIMIT_MS} ms")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
