"""The way of a request: route, authenticate, decode, authorise, call, encode; one list, read from top to bottom.

Promises: an answer leaves only after the commit that holds its effect; what an operation wrote before it failed is
undone; every failure is answered in AWS's words, a bug of ours as a bare InternalFailure with its request id in
the log. Knows nothing of sockets or of any one service.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import replace
from functools import partial
from typing import Any

from onebox.arn import partition_of
from onebox.clock import Clock
from onebox.errors import AwsError, InvalidAction, without_frames
from onebox.gateway.callers import authenticate
from onebox.gateway.compression import COMPRESSED_FROM_BYTES, COMPRESSING_SERVICES, compressed
from onebox.gateway.denials import denial
from onebox.gateway.faults import InternalFailure, ServiceUnavailable
from onebox.gateway.heavy_answers import HeavyAnswers
from onebox.gateway.large_bodies import LargeBodies, decompressed, is_compressed
from onebox.gateway.limits import COMPRESSED_SMALL_BYTES, SMALL_BODY_BYTES
from onebox.gateway.message import Request, Response, StreamedResponse
from onebox.gateway.refusals import failure, too_large
from onebox.gateway.reply import Reply
from onebox.gateway.routing import Route, RoutingError, resolve
from onebox.ids import Ids
from onebox.runtime.pauses import let_others_run
from onebox.services.beside import Beside, WorkNeeded
from onebox.services.context import ANONYMOUS, RequestContext, Wire
from onebox.services.iam.internal import IamInternal
from onebox.services.loading import ServiceLoader
from onebox.services.registry import (
    AnyBound,
    BoundOperation,
    BoundPollingOperation,
    BoundWaitingOperation,
    Service,
    Wait,
    Waiting,
)
from onebox.storage.database import Storage
from onebox.storage.faults import DatabaseBusy

DEFAULT_REGION = "us-east-1"
_UNKNOWN_ERROR = "The request processing has failed because of an unknown error, exception or failure."
_NOT_LOOKED_UP = (
    "the operation of %s %r could not be looked up, request %s. If packages were installed or removed since the start, "
    "start onebox again; `onebox operations` lists what it offers"
)


class Pipeline:
    """Answers requests with the operations of the services."""

    def __init__(
        self,
        services: ServiceLoader,
        storage: Storage,
        clock: Clock,
        ids: Ids,
        iam: IamInternal,
        *,
        credentials_required: bool = False,
    ) -> None:
        self._services = services
        self._storage = storage
        self._clock = clock
        self._ids = ids
        self._iam = iam
        self._credentials_required = credentials_required
        self._tasks: set[asyncio.Task[None]] = set()
        self._decoding = LargeBodies()
        self._heavy = HeavyAnswers(clock)
        self._log = logging.getLogger("onebox.gateway")

    def handle(self, request: Request, reply: Reply) -> None:
        """Answer one request through ``reply``, now or when its wait is over."""
        request_id = self._ids.uuid()
        size = len(request.body)
        is_encoded = "content-encoding" in request.headers
        if request.body_bytes > size:
            reply.send(too_large(request, request_id))
            return
        if size > SMALL_BODY_BYTES or (is_encoded and size > COMPRESSED_SMALL_BYTES and is_compressed(request)):
            self._begin_large(request, request_id, reply)
            return
        try:
            plain = decompressed(request) if is_encoded else request
            route = resolve(plain)
        except RoutingError as error:
            reply.send(error.response(request_id))
            return
        except Exception as error:  # noqa: BLE001 - the pipeline is where bugs become answers
            reply.send(self._unrouted(error, request, request_id))
            return
        service = self._services.find(route.service)
        if service is None:
            self._start_task(self._answer_when_loaded(request, plain, route, request_id, reply), reply)
            return
        self._run(service, request, plain, route, lambda: route.codec.decode(plain), request_id, reply)

    async def _answer_when_loaded(
        self, request: Request, plain: Request, route: Route, request_id: str, reply: Reply
    ) -> None:
        service = await self._load(route, request_id, reply)
        if service is not None:
            self._run(service, request, plain, route, lambda: route.codec.decode(plain), request_id, reply)

    async def _load(self, route: Route, request_id: str, reply: Reply) -> Service | None:
        """The service of a route, running; None if its start failed, which is answered."""
        try:
            return await self._services.load(route.service)
        except Exception as error:  # noqa: BLE001 - the pipeline is where bugs become answers
            self._answer_failure(error, request_id, route, reply)
            return None

    def _run(
        self,
        service: Service,
        received: Request,
        plain: Request,
        route: Route,
        decode: Callable[[], Wire],
        request_id: str,
        reply: Reply,
        beside: Beside | None = None,
    ) -> None:
        operation = service.operations.get(route.operation)
        if operation is None:
            reply.send(route.codec.not_offered(request_id))
            return
        try:
            context, call = self._admit(service, received, plain, route, operation, decode, request_id, beside)
        except WorkNeeded as needed:

            def again(beside: Beside) -> None:
                self._run(service, received, plain, route, decode, request_id, reply, beside)

            self._start_task(self._answer_beside(without_frames(needed).beside, again), reply)
        except Exception as error:  # noqa: BLE001 - the pipeline is where bugs become answers
            # A refusal, too, waits until the policy or the credentials behind it are on disk.
            self._answer_failure(error, request_id, route, reply)
        else:
            if isinstance(operation, BoundWaitingOperation):
                if operation.may_last:
                    reply.forget_body()
                wait = partial(operation.run, context, call)
                self._begin_waiting(context, route, wait, reply, ends_durable=operation.ends_durable)
            elif isinstance(operation, BoundOperation) and operation.reads_only and self._heavy.holds(route):
                self._start_task(self._answer_in_turn(context, route, operation, call, reply), reply)
            else:
                self._answer_now(context, route, operation, call, reply)

    def _begin_large(self, request: Request, request_id: str, reply: Reply) -> None:
        """Unpack and decode beside the event loop, so that neighbours do not wait for it; then go on as usual."""
        self._start_task(self._answer_large(request, request_id, reply), reply)

    async def _answer_large(self, request: Request, request_id: str, reply: Reply) -> None:
        try:
            prepared = await self._decoding.prepare(request)
        except Exception as error:  # noqa: BLE001 - the pipeline is where bugs become answers
            reply.send(self._unrouted(error, request, request_id))
            return
        if isinstance(prepared, RoutingError):
            reply.send(prepared.response(request_id))
            return
        service = await self._load(prepared.route, request_id, reply)
        await let_others_run()  # several may have been decoded during one turn
        if service is not None:
            self._run(
                service,
                request,
                prepared.request,
                prepared.route,
                prepared.decoded,
                request_id=request_id,
                reply=reply,
                beside=Beside(is_large=True),
            )

    async def stop(self) -> None:
        """Cancel what still waits."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._decoding.stop()

    async def call(self, context: RequestContext, service: str, operation: str, request: Wire) -> Wire:
        """Run an operation from inside, with the context's rights (registry.ApiCaller)."""
        owner = await self._services.load(service)
        entry = owner.operations.get(operation)
        if entry is None:
            raise InvalidAction(f"The operation {operation} of {service} is not offered.")
        context = replace(context, now_ms=self._clock.now_ms(), request_id=self._ids.uuid(), beside=None)
        await self._authorize_inside(context, owner, operation, request)
        if isinstance(entry, BoundWaitingOperation):
            return await entry.run(context, request)
        answer = await self._write(entry, context, request)
        return await answer.wait() if isinstance(answer, Waiting) else answer

    async def _authorize_inside(self, context: RequestContext, service: Service, name: str, call: Wire) -> None:
        try:
            self._authorize(context, service, name, call)
            return
        except WorkNeeded as needed:
            beside = without_frames(needed).beside
        await self._decoding.do(beside.do)
        await self._authorize_inside(replace(context, beside=beside), service, name, call)

    async def _write(
        self, operation: BoundOperation | BoundPollingOperation, context: RequestContext, request: Wire
    ) -> Wire | Waiting:
        try:
            return await self._storage.write(lambda: operation.run(context, request))
        except WorkNeeded as needed:
            beside = without_frames(needed).beside
        await self._decoding.do(beside.do)
        return await self._write(operation, replace(context, beside=beside), request)

    def _admit(
        self,
        service: Service,
        received: Request,
        request: Request,
        route: Route,
        operation: AnyBound,
        decode: Callable[[], Wire],
        request_id: str,
        beside: Beside | None,
    ) -> tuple[RequestContext, Wire]:
        credential = route.credential
        region = credential.region if credential is not None else DEFAULT_REGION
        now_ms = self._clock.now_ms()
        if credential is None and operation.anonymous:
            principal = ANONYMOUS
        else:
            # What came is what was signed, compressed perhaps; ``request`` is its plain form.
            principal = authenticate(
                received,
                credential,
                self._iam,
                self._clock,
                partition_of(region),
                accepts_plain=lambda: not self._credentials_required and not received.is_from_function(),
            )
        headers = request.headers
        context = RequestContext(
            account=principal.account,
            region=region,
            principal=principal,
            now_ms=now_ms,
            request_id=request_id,
            endpoint_url=f"http://{headers.get('host', 'localhost')}",
            source_ip=request.source_ip,
            headers=headers,
            beside=beside,
        )
        call = decode()
        self._authorize(context, service, route.operation, call)
        return context, call

    def _authorize(self, context: RequestContext, service: Service, name: str, call: Wire) -> None:
        if context.principal.is_unrestricted:
            return
        beside = context.beside or Beside()
        for access in service.required_access(context, name, call):
            decision = self._iam.check(
                context,
                access.action,
                [access.resource],
                access.find_condition_keys,
                access.find_resource_policy,
                beside=beside,
            )
            if not decision.allowed:
                raise denial(service.name, decision.reason)

    def _answer_now(
        self,
        context: RequestContext,
        route: Route,
        operation: BoundOperation | BoundPollingOperation,
        call: Wire,
        reply: Reply,
    ) -> None:
        def job() -> Response | Waiting:
            result = operation.run(context, call)
            if isinstance(result, Waiting):
                return result
            # Encoded inside the job: an answer that cannot be written undoes its effect.
            response = route.codec.encode(result, context.request_id)
            if len(response.body) >= COMPRESSED_FROM_BYTES and route.service in COMPRESSING_SERVICES:
                return compressed(response, context.headers.get("accept-encoding", ""))
            return response

        began_ms = self._heavy.now_ms()
        try:
            response = job() if operation.reads_only else self._storage.run(job)
        except (DatabaseBusy, WorkNeeded) as reason:

            def again(beside: Beside) -> None:
                self._answer_now(replace(context, beside=beside), route, operation, call, reply)

            if isinstance(reason, WorkNeeded):
                self._start_task(self._answer_beside(without_frames(reason).beside, again), reply)
            else:
                self._start_task(self._answer_when_free(context, route, job, reply, again), reply)
            return
        except Exception as error:  # noqa: BLE001 - the pipeline is where bugs become answers
            self._answer_failure(error, context.request_id, route, reply)
            return
        if isinstance(response, Waiting):
            reply.forget_body()  # a poll needs it no more, and others may wait for its room
            self._begin_waiting(context, route, response.wait, reply, ends_durable=True)
        elif operation.reads_only:
            self._heavy.note(route, began_ms)
            self._storage.after_read(lambda: reply.send(response), route.service)
        else:
            self._storage.after_commit(lambda: reply.send(response))

    async def _answer_in_turn(
        self, context: RequestContext, route: Route, operation: BoundOperation, call: Wire, reply: Reply
    ) -> None:
        await let_others_run()
        self._answer_now(context, route, operation, call, reply)

    async def _answer_when_free(
        self,
        context: RequestContext,
        route: Route,
        job: Callable[[], Response | Waiting],
        reply: Reply,
        again: Callable[[Beside], None],
    ) -> None:
        """Run the job once the other program lets go of the write lock."""
        try:
            response = await self._storage.write(job)
        except WorkNeeded as needed:
            await self._answer_beside(without_frames(needed).beside, again)
        except Exception as error:  # noqa: BLE001 - the pipeline is where bugs become answers
            self._answer_failure(error, context.request_id, route, reply)
        else:
            if isinstance(response, Waiting):
                reply.forget_body()  # a poll needs it no more
                del job, again  # with the request
                await self._answer_later(context, route, response.wait, reply, ends_durable=True)
            else:
                reply.send(response)

    async def _answer_beside(self, beside: Beside, again: Callable[[Beside], None]) -> None:
        """Have an operation's long work done beside the event loop, then run the operation again."""
        await self._decoding.do(beside.do)
        again(beside)
        del again  # with the request, whose values are freed in the thread
        if not beside.is_asked:
            await self._decoding.do(beside.forget)

    def _begin_waiting(
        self, context: RequestContext, route: Route, wait: Wait, reply: Reply, *, ends_durable: bool
    ) -> None:
        self._start_task(self._answer_later(context, route, wait, reply, ends_durable=ends_durable), reply)

    def _start_task(self, work: Coroutine[Any, Any, None], reply: Reply) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        reply.cancelled = task.cancel

    async def _answer_later(
        self, context: RequestContext, route: Route, wait: Wait, reply: Reply, *, ends_durable: bool
    ) -> None:
        try:
            result = await wait()
            response = await self._heavy.encode(route, result, context.request_id)
        except Exception as error:  # noqa: BLE001 - the pipeline is where bugs become answers
            self._answer_failure(error, context.request_id, route, reply)
            return
        if isinstance(response, StreamedResponse):
            await self._stream(response, reply)
        elif ends_durable:
            reply.send(response)
        else:
            self._storage.after_commit(lambda: reply.send(response))

    async def _stream(self, response: StreamedResponse, reply: Reply) -> None:
        try:
            await reply.stream(response)
        except Exception:  # noqa: BLE001 - the pipeline is where bugs become answers
            self._log.exception("a streamed answer failed")
            reply.abort()

    def _answer_failure(self, error: Exception, request_id: str, route: Route, reply: Reply) -> None:
        """Answer what an operation raised; without an answer where durability is in doubt."""
        if self._storage.fault_of(error) is not None:
            reply.abort()
            return
        if isinstance(error, AwsError):
            response = route.codec.encode_error(without_frames(error), request_id)
        elif isinstance(error, DatabaseBusy):
            response = route.codec.encode_error(ServiceUnavailable(str(error)), request_id)
        else:
            response = self._bug(error, route, request_id)
        self._storage.after_commit(lambda: reply.send(response))

    def _bug(self, error: Exception, route: Route, request_id: str) -> Response:
        self._log.error("%s.%s failed, request %s", route.service, route.operation, request_id, exc_info=error)
        return route.codec.encode_error(InternalFailure(_UNKNOWN_ERROR), request_id)

    def _unrouted(self, error: Exception, request: Request, request_id: str) -> Response:
        """What the request asks for could not be looked up: no rule of AWS says so, a file or a bug of ours does."""
        self._log.error(_NOT_LOOKED_UP, request.method, request.path[:200], request_id, exc_info=error)
        return failure(request, InternalFailure(_UNKNOWN_ERROR), request_id)
