"""What an operation may use of the service that runs it."""

from __future__ import annotations

from typing import Protocol

from onebox.services.sqs.core import Core
from onebox.services.sqs.moving import Mover
from onebox.services.sqs.sweeping import Sweeper


class SqsService(Protocol):
    """:class:`onebox.services.sqs.service.Sqs`, which imports the operations and so cannot be imported by them."""

    core: Core
    sweeper: Sweeper
    mover: Mover
    is_stopping: bool
