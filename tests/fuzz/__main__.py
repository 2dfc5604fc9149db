"""``make fuzz``: 200,000 requests, or as many as are asked for; exit 1 if onebox did not bear one of them."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.fuzz.fuzzer import Fuzzer, Report, fuzzed_box

GROWTH_MB_MAX = 48


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with fuzzed_box() as (box, log):
        report = Fuzzer(box, arguments.seed).run(arguments.requests)
        show(report, arguments.seed)
        if report.finds:
            print(_last_tracebacks(log))
    grown_mb = growth_mb(report)
    return 1 if report.finds or grown_mb > GROWTH_MB_MAX else 0


def growth_mb(report: Report) -> float:
    """How much the memory grew in the second half of the run."""
    middle = len(report.resident_mb) // 2
    return report.resident_mb[-1] - report.resident_mb[middle]


def show(report: Report, seed: int) -> None:
    """Print a run."""
    statuses = ", ".join(f"{status}: {count:,}" for status, count in sorted(report.statuses.items()))
    print(f"seed {seed}: {report.requests:,} requests to {len(report.operations)} operations")
    print(f"answers {statuses}")
    print("memory " + ", ".join(f"{size:.0f}" for size in report.resident_mb) + " MiB")
    print(f"{len(report.finds)} requests that onebox did not bear")
    seen = set()
    for find in report.finds:
        if (find.service, find.operation, find.what) not in seen:
            seen.add((find.service, find.operation, find.what))
            print(f"  {find.service} {find.operation}: {find.what}: {str(find.parameters)[:600]}")


def _last_tracebacks(log: Path) -> str:
    errors = log.read_text(errors="replace").split("Traceback (most recent call last):")
    ends = {error.strip().splitlines()[-1][:200]: error for error in errors[1:] if error.strip()}
    return "\n".join(error[-1_500:] for error in ends.values())


if __name__ == "__main__":
    sys.exit(main())
