"""``make test-aws TARGET=aws|https://…``: run the tests of AWS's behaviour there, or delete what earlier runs left."""

from __future__ import annotations

import argparse
import os
import sys

from tests.aws.harness.places import Refused, find_place
from tests.aws.harness.run import FAILED, INTERRUPTED, clean_earlier, run_tests


def main() -> int:
    arguments = _read_arguments()
    try:
        place = find_place(arguments.target, os.environ)
        if arguments.clean:
            return clean_earlier(place, _say, lambda question: arguments.yes or _ask(question))
        return run_tests(place, arguments.only, _say, lambda question: arguments.yes or _ask(question))
    except Refused as refusal:
        print(refusal, file=sys.stderr)
        return FAILED
    except (KeyboardInterrupt, EOFError):  # once something exists, the run itself minds interruptions
        print("\nInterrupted; nothing was created or deleted.", file=sys.stderr)
        return INTERRUPTED


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make test-aws", description=__doc__)
    parser.add_argument("target", help="`aws`, or the address of an endpoint")
    parser.add_argument("--yes", action="store_true", help="do not ask before money is spent or leftovers are deleted")
    parser.add_argument("--clean", action="store_true", help="delete what earlier runs left, and run nothing")
    parser.add_argument("--only", metavar="EXPRESSION", help="run the tests whose names match, as pytest's -k")
    return parser.parse_args()


def _say(line: str) -> None:
    print(line, flush=True)


def _ask(question: str) -> bool:
    if not sys.stdin.isatty():
        raise Refused(f"{question} There is nobody to ask: YES=1 confirms.")
    return input(f"{question} Type yes: ").strip() == "yes"


if __name__ == "__main__":
    sys.exit(main())
