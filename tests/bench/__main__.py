"""``make bench``: the figures of docs/benchmarks.md, measured now on this machine.

Every comparison is of servers on the same work, by the same client, in this run, in turn. Progress goes to stderr, the
report to stdout.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.bench.parts import PARTS, Part, Settings
from tests.bench.report import US, Report
from tests.bench.throughput import say
from tests.peers.environments import NotInstalled, programs_of
from tests.peers.node_packages import peer_packages
from tests.peers.servers import Dynalite, MiniStack, Moto, Onebox, Peer

INSTALLERS: dict[type[Peer], Callable[[], object]] = {
    MiniStack: lambda: programs_of("ministack"),
    Moto: lambda: programs_of("moto"),
    Dynalite: peer_packages,
}


def find_peers(parts: Sequence[Part], with_peers: bool, report: Report) -> set[type[Peer]]:
    """The servers that are there. A missing one is said, and left out of every part."""
    found: set[type[Peer]] = {Onebox}
    for peer, install in INSTALLERS.items() if with_peers else ():
        if not any(peer in part.peers for part in parts):
            continue
        try:
            install()
        except NotInstalled as error:
            report.left_out.append(f"LEFT OUT: {peer.name}: {error}")
            say(report.left_out[-1])
            continue
        found.add(peer)
        report.servers[peer.name] = peer.version
    return found


def run(parts: Sequence[Part], settings: Settings, *, with_peers: bool) -> Report:
    """All chosen parts, one after the other. A part that fails is said and does not end the others."""
    machine = {
        "processors": str(os.cpu_count()),
        "architecture": platform.machine(),
        "python": platform.python_version(),
        "load before": f"{os.getloadavg()[0]:.1f}",
    }
    report = Report(machine, {US: ""})
    peers = find_peers(parts, with_peers, report)
    began = time.monotonic()
    for number, part in enumerate(parts, 1):
        minutes, seconds = divmod(int(time.monotonic() - began), 60)
        say(f"[{minutes}:{seconds:02}] {number}/{len(parts)} {part.title} (about {part.takes_s} s)")
        try:
            report.figures += part.measure([peer for peer in part.peers if peer in peers], settings)
        except NotInstalled as error:
            report.left_out.append(f"LEFT OUT: {part.name}: {error}")
            say(report.left_out[-1])
        except (OSError, RuntimeError, ValueError) as error:
            report.left_out.append(f"FAILED: {part.name}: {error}")
            say(report.left_out[-1])
    say(f"{time.monotonic() - began:.0f} s in all")
    return report


def main() -> int:
    """The command."""
    arguments = parse_arguments()
    parts = [part for part in PARTS if (part.name in arguments.only if arguments.only else not part.is_long)]
    settings = Settings(arguments.orders, arguments.runs, arguments.seconds, arguments.stored)
    report = run(parts, settings, with_peers=not arguments.no_peers)
    text = json.dumps(report.as_json(), indent=2)
    if arguments.output:
        Path(arguments.output).write_text(text + "\n", "utf-8")
    print(text if arguments.json else report.table())
    return 1 if any(sentence.startswith("FAILED") for sentence in report.left_out) else 0


def parse_arguments() -> argparse.Namespace:
    names = [part.name for part in PARTS]
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument(
        "--only", nargs="+", choices=names, metavar="PART", help=f"of {', '.join(names)} (million: only here)"
    )
    parser.add_argument("--orders", type=int, default=6_000, help="orders of each run of a pipeline (default 6,000)")
    parser.add_argument("--runs", type=int, default=3, help="runs of each figure; the median counts (default 3)")
    parser.add_argument("--seconds", type=float, default=1.5, help="of each run of an operation (default 1.5)")
    parser.add_argument("--stored", type=int, default=100_000, help="orders stored for the growth figure")
    parser.add_argument("--no-peers", action="store_true", help="measure onebox alone")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    parser.add_argument("--output", help="write the report as JSON to this file as well")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
