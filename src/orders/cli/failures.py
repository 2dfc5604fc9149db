"""How a command ends when it cannot do what it was asked: one sentence, what to do next, an exit code."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

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
    except OSError as error:
        if error.filename is None:
            raise
        _fail(f"{error.filename}: {error.strerror}")
    except _aws_errors() as error:
        _fail(*_explain(error))


def _fail(reason: str, advice: str = "") -> None:
    click.secho(f"orders: {reason}", err=True, fg="red")
    if advice:
        click.echo(advice, err=True)
    sys.exit(1)


def _aws_errors() -> tuple[type[Exception], ...]:
    """botocore's errors; none where it was never imported, since nobody can then have raised one."""
    exceptions = sys.modules.get("botocore.exceptions")
    return () if exceptions is None else (exceptions.ClientError, exceptions.BotoCoreError)


def _explain(error: Exception) -> tuple[str, str]:
    name = type(error).__name__
    if name in ("EndpointConnectionError", "ConnectTimeoutError", "ConnectionClosedError", "ReadTimeoutError"):
        return str(error), "Is it running? Start a onebox with `orders up` or `onebox serve`, or give --endpoint-url."
    if name in ("NoCredentialsError", "PartialCredentialsError", "ProfileNotFound"):
        return str(error), "Configure AWS with `aws configure`, or start a onebox with `orders up`."
    if "AccessDenied" in str(error) or "UnrecognizedClient" in str(error) or "ExpiredToken" in str(error):
        return str(error), "Check the credentials and their rights: `aws sts get-caller-identity` says who you are."
    return str(error), ""
