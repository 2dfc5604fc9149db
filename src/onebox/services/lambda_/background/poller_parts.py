"""What all pollers share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from onebox.services.context import Deps
from onebox.services.iam.internal import IamInternal
from onebox.services.lambda_.background.destinations import Destinations
from onebox.services.lambda_.execution.pool import WorkerPool
from onebox.services.lambda_.invocations import Invoker
from onebox.services.lambda_.model import FunctionVersion, Mapping
from onebox.services.sqs.internal import SqsInternal


@dataclass(frozen=True, slots=True)
class PollerParts:
    """The parts, and what the stores give."""

    deps: Deps
    sqs: SqsInternal
    iam: IamInternal
    invoker: Invoker
    pool: WorkerPool
    resolve: Callable[[Mapping], FunctionVersion]
    """The version a mapping invokes at this moment; raises AwsError if there is none."""
    endpoint_url: Callable[[], str]
    destinations: Destinations
    load_position: Callable[[str], int]
    """How far the mapping of a stream has come, by its id."""
    save_position: Callable[[str, int], None]
    """The same, inside a job that writes."""
