"""Errors of the server itself, in the words of every service."""

from __future__ import annotations

from onebox.errors import AwsError


class InternalFailure(AwsError):
    """A fault of ours; the client learns no more than that, the log holds the rest under the request id."""

    status = 500
    receiver_fault = True


class ServiceUnavailable(AwsError):
    """Another program kept the database locked for too long; the SDKs try again by themselves."""

    status = 503
    receiver_fault = True
