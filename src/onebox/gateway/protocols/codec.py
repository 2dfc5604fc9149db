"""What every protocol's codec looks like to the pipeline, and where a shape's wrong use is noted.

Knows nothing of HTTP servers, services or a particular protocol.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from onebox.errors import AwsError
from onebox.gateway.message import Request, Response
from onebox.services.context import Wire


@dataclass(frozen=True, slots=True)
class OperationCodec:
    """One operation in one protocol, compiled."""

    decode: Callable[[Request], Wire]
    """The operation's input. Raises AwsError, and nothing else, whatever the client sent."""
    encode: Callable[[Wire, str], Response]
    """``(result, request id)`` as the answer. Raises InternalFault where the result does not fit the model."""
    encode_error: Callable[[AwsError, str], Response]
    """``(error, request id)`` as the answer, with the error shape's code, status and members."""
    unknown_operation: Callable[[str], Response]
    """``(request id)``: the service's answer to an operation it does not know, for those that are not offered."""
