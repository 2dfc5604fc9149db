"""``make soak``: an hour of real orders at half of the capacity, 1 % of them invalid (MINUTES=, RATE=, SEED=).

In the end each published order must be stored once with its newest content, each invalid message be in OrderDLQ once,
and nothing else be anywhere; and in the second half nothing may have grown but the orders. Exit code 1 otherwise.
"""

from __future__ import annotations

import argparse
import random
import sys
import time

from tests.soak.box import running_soak_box
from tests.soak.run import GROWTH_FROM_S, Plan, Result, soak


def say(text: str) -> None:
    """A line that is there at once."""
    print(text, flush=True)


def report(result: Result, plan: Plan) -> int:
    """Print the promises; the exit code."""
    say("")
    for sentence in result.kept:
        say(f"kept    {sentence}")
    for sentence in result.broken[:50]:
        say(f"BROKEN  {sentence}")
    if plan.seconds < GROWTH_FROM_S:
        say(f"growth and waits are judged in runs of {GROWTH_FROM_S / 60:.0f} minutes and more")
    say(f"every promise kept, seed {plan.seed}" if not result.broken else f"FAILED, seed {plan.seed}")
    return 1 if result.broken else 0


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0, help="of steady load (default 60)")
    parser.add_argument("--rate", type=float, help="messages a second (default: half of the capacity)")
    parser.add_argument("--seed", type=int, default=None, help="repeat the messages of this seed")
    parser.add_argument("--every", type=float, default=30.0, help="seconds between lines of progress (default 30)")
    parser.add_argument("--capacity", type=float, default=20.0, help="seconds of full load to measure the capacity")
    arguments = parser.parse_args()
    seed = arguments.seed if arguments.seed is not None else random.SystemRandom().randrange(1_000_000)
    plan = Plan(
        seconds=arguments.minutes * 60,
        rate=arguments.rate,
        seed=seed,
        every_s=arguments.every,
        capacity_s=arguments.capacity,
    )
    say(f"seed {seed}; {arguments.minutes:g} minutes; began {time.strftime('%Y-%m-%d %H:%M:%S')}")
    with running_soak_box() as box:
        result = soak(box, plan, say)
    return report(result, plan)


if __name__ == "__main__":
    sys.exit(main())
