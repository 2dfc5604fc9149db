"""Lambda for the other services: asynchronous invocation inside their own transaction."""

from __future__ import annotations

import sys

from onebox.arn import find_arn
from onebox.services.context import RequestContext
from onebox.services.lambda_.core import LambdaCore
from onebox.services.lambda_.errors import ResourceNotFoundException
from onebox.services.lambda_.execution.processes import descendants, holds_socket
from onebox.services.lambda_.execution.socket_inode import Address, find_socket_inode
from onebox.services.lambda_.naming import FunctionReference, parse_function_reference
from onebox.services.lambda_.resource_policies import check_service
from onebox.services.lambda_.url_events import UrlAnswer, UrlRequest
from onebox.services.lambda_.url_streams import StreamBroken
from onebox.services.lambda_.urls import FunctionUrls
from onebox.services.pieces import Pieces

__all__ = ["FunctionUrls", "LambdaInternal", "StreamBroken", "UrlAnswer", "UrlRequest"]


class LambdaInternal:
    """Typed calls for SNS, CloudWatch and the engine."""

    def __init__(self, core: LambdaCore) -> None:
        self._core = core
        self.urls = FunctionUrls(core)
        """Requests to function URLs, for the gateway."""

    def invoke_async(
        self,
        context: RequestContext,
        function_arn: str,
        payload: bytes,
        *,
        source_service: str = "sns.amazonaws.com",
        source_arn: str = "",
    ) -> str:
        """Accept an asynchronous (Event) invocation, durable with the caller's transaction; the request id is
        returned. ``source_service`` needs ``lambda:InvokeFunction`` from the function's resource policy.

        Raises ResourceNotFoundException or AccessDeniedException."""
        reference = self._load_invocable(context, function_arn, source_service, source_arn)
        return self._core.events.accept(context, reference.key, reference.qualifier, payload)

    def check_invocation(
        self, context: RequestContext, function_arn: str, *, source_service: str, source_arn: str
    ) -> None:
        """Raise the error with which :meth:`invoke_async` would refuse, and do nothing else."""
        self._load_invocable(context, function_arn, source_service, source_arn)

    def _load_invocable(
        self, context: RequestContext, function_arn: str, source_service: str, source_arn: str
    ) -> FunctionReference:
        arn = find_arn(function_arn)
        if arn is None or arn.service != "lambda":
            raise ResourceNotFoundException(f"Function not found: {function_arn}")
        reference = parse_function_reference(context, function_arn, any_account=True)
        self._core.finder.load(reference.key, reference.qualifier)
        policies = self._core.policies
        check_service(policies, reference, service=source_service, source_arn=source_arn, account=context.account)
        return reference

    def invoke_for_role(self, context: RequestContext, function_arn: str, payload: bytes) -> None:
        """Accept an Event invocation by a role whose right the caller has checked. Raises ResourceNotFoundException."""
        reference = parse_function_reference(context, function_arn, any_account=True)
        self._core.finder.load(reference.key, reference.qualifier)
        self._core.events.accept(context, reference.key, reference.qualifier, payload)

    async def read_code(self, query: str) -> Pieces | None:
        """The archive that a link of GetFunction means, by the query of its address; None if the link is no good."""
        return await self._core.downloads.read(query)

    def may_hold_connection(self, other: Address, own: Address) -> bool:
        """Whether a function's process, or a descendant of one, holds the other end of a TCP connection to onebox.

        True as well where the other end is on this machine and gone: who sends and hangs up at once stays unknown.
        Only Linux tells; elsewhere the answer is False."""
        pids = self._core.pool.pids
        if not pids or sys.platform != "linux":
            return False
        inode = find_socket_inode(other, own)
        if not inode:
            return other[0] == own[0] or other[0].startswith("127.")
        return holds_socket((each for pid in pids for each in descendants(pid)), inode)
