"""How a command ends when it cannot do what it was asked: one sentence, what to do next, an exit code."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from orders.aws.errors import aws_errors, describe_error
from orders.cli.output import say
from orders.errors import OperatorError

EXIT_INTERRUPTED = 130


@contextmanager
def reporting_failures() -> Iterator[None]:
    """Turn errors that are no bug of ours into sentences on standard error and exit code 1."""
    try:
        yield
    except OperatorError as error:
        _fail(error.reason, error.advice)
    except BrokenPipeError:
        sys.stderr.close()  # whoever read our output has had enough: no more words about it
        sys.exit(1)
    except aws_errors() as error:  # before OSError, which some of botocore's are too
        _fail(*describe_error(error))
    except OSError as error:
        _fail(str(error) if error.filename is None else f"{error.filename}: {error.strerror}")
    except UnicodeEncodeError as error:
        _fail(f"{error.object!r} is not valid Unicode text")


def _fail(reason: str, advice: str = "") -> None:
    say(f"orders: {reason}", err=True, fg="red")
    if advice:
        say(advice, err=True)
    sys.exit(1)
