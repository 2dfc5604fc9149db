"""The three kinds of failure, and nothing else.

AwsError: the client's doing, or a rule of AWS; it has AWS's code, status and words, and is encoded by the codec.
InternalFault: our bug; logged once with its request id, answered as a bare 500.
StorageFault: durability is in doubt; everyone who waits fails and the process ends.
"""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar

E = TypeVar("E", bound=Exception)


class AwsError(Exception):
    """An answer in AWS's own words.

    Subclasses in ``services/<name>/errors.py`` are named exactly as the error shapes of the service model, so
    that the codec finds wire code and status there; ``code`` and ``status`` serve the codes that no model lists.
    ``members`` are further members of the error shape (``CancellationReasons``, ``Item``, …).
    """

    code: ClassVar[str] = ""
    status: ClassVar[int] = 400
    receiver_fault: ClassVar[bool] = False

    def __init__(self, message: str = "", **members: Any) -> None:
        super().__init__(message)
        self.message = message
        self.members = members

    @property
    def wire_code(self) -> str:
        """The code as the service names it: the class attribute, else the name of the class."""
        return self.code or type(self).__name__


class ValidationError(AwsError):
    """Query services (IAM, CloudFormation, CloudWatch) for a parameter that breaks its constraint."""


class ValidationException(AwsError):
    """JSON services for a parameter that breaks its constraint."""


class SerializationException(AwsError):
    """JSON services for a body that is not JSON or holds a value of another type."""


class InvalidAction(AwsError):
    """Query services for an unknown Action."""


class UnknownOperationException(AwsError):
    """JSON services for an unknown X-Amz-Target."""

    status = 404


class AccessDeniedException(AwsError):
    """JSON services: the caller's policies do not allow the action."""

    status = 400


class AccessDenied(AwsError):
    """Query and S3 services: the caller's policies do not allow the action."""

    status = 403


class InternalFault(Exception):
    """A bug of ours. The client learns the request id only."""


class StorageFault(Exception):
    """The database could not make something durable; nothing after this may be acknowledged."""


def without_frames(error: E) -> E:
    """An error that is no bug, without the frames it passed through, in place. They often refer to the error again:
    such a cycle would keep a request in memory until the next garbage collection, which may be far."""
    one: BaseException | None = error
    while one is not None:
        one.__traceback__ = None
        one = one.__context__
    return error
