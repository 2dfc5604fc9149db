"""Queue URLs: made for a client, and read. Pure.

Any host is taken in a QueueUrl: clients reach onebox under many names. What counts are the last two parts of its path,
account and name.
"""

from __future__ import annotations

from onebox.services.context import RequestContext
from onebox.services.sqs.errors import InvalidAddress


def format_queue_url(context: RequestContext, account: str, name: str) -> str:
    """The URL of a queue, at the address under which this client reached us."""
    return f"{context.endpoint_url}/{account}/{name}"


def parse_queue_url(queue_url: str, caller_account: str) -> tuple[str, str]:
    """Account and name. A bare name is that of the caller's own queue, as on AWS. Raises InvalidAddress."""
    if queue_url and "/" not in queue_url:
        return caller_account, queue_url
    parts = queue_url.rstrip("/").rsplit("/", 2)
    if len(parts) != 3 or not parts[1] or not parts[2]:
        raise InvalidAddress(f"The address {queue_url} is not valid for this endpoint.")
    return parts[1], parts[2]
