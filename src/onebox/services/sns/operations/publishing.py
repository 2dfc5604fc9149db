"""Publish and PublishBatch: the hot path. A publish to a standard topic reads no table of SNS."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from onebox.runtime.pauses import let_others_run
from onebox.services.context import RequestContext, Wire
from onebox.services.registry import Waiting
from onebox.services.sns.core import Core
from onebox.services.sns.errors import (
    BatchEntryIdsNotDistinctException,
    BatchRequestTooLongException,
    EmptyBatchRequestException,
    InvalidBatchEntryIdException,
    InvalidParameterException,
    Throttling,
    TooManyEntriesInBatchRequestException,
)
from onebox.services.sns.fanout import Decided, PublishMetrics
from onebox.services.sns.limits import (
    BATCH_ENTRIES_MAX,
    BATCH_ENTRY_ID_CHARACTERS_MAX,
    FANOUT_PARTS_MAX,
    FIFO_DEDUPLICATION_MS,
)
from onebox.services.sns.message import check_fifo_fields, content_dedup_id, parse_message
from onebox.services.sns.model import Message
from onebox.services.sns.phone_numbers import is_phone_number
from onebox.services.sns.topic_access import load_topic
from onebox.services.sns.topic_cache import CachedTopic

_ENTRY_ID = re.compile(r"[A-Za-z0-9_\-]+")
_SEQUENCE_BASE = 10_000_000_000_000_000_000


def publish(core: Core, context: RequestContext, request: Wire) -> Wire | Waiting:
    """Publish one message."""
    topic = load_topic(core.cache, context, _target(request), "Publish")
    message = _parse(core, topic, request)
    if topic.is_fifo:
        return _send_fifo(core, context, topic, [message], lambda sent: _result(sent[0]))
    return _send(core, context, topic, [message], _result(message))


def publish_batch(core: Core, context: RequestContext, request: Wire) -> Wire | Waiting:
    """Publish up to ten messages. A message that breaks a rule refuses the whole batch, as in AWS."""
    topic = load_topic(core.cache, context, request["TopicArn"], "Publish")
    entries = request["PublishBatchRequestEntries"]
    _check_batch(entries)
    messages = []
    for number, entry in enumerate(entries, 1):
        place = f"publishBatchRequestEntries.{number}.member."
        messages.append(_parse(core, topic, entry, place))
    if sum(message.body_bytes for message in messages) > topic.max_message_bytes:
        raise BatchRequestTooLongException("The length of all the messages put together is more than the limit.")

    def answer(sent: Sequence[Message]) -> Wire:
        successful = [{"Id": entry["Id"], **_result(message)} for entry, message in zip(entries, sent, strict=True)]
        return {"Successful": successful, "Failed": []}

    if topic.is_fifo:
        return _send_fifo(core, context, topic, messages, answer)
    return _send(core, context, topic, messages, answer(messages))


def _target(request: Wire) -> str:
    target: str | None = request.get("TopicArn", request.get("TargetArn"))
    if target is not None:
        if ":endpoint/" in target:
            raise InvalidParameterException(
                "Invalid parameter: TargetArn Reason: No endpoint found for the target arn specified"
            )
        return target
    if "PhoneNumber" in request:
        number = request["PhoneNumber"]
        if not is_phone_number(number):
            raise InvalidParameterException(
                f"Invalid parameter: PhoneNumber Reason: {number} is not valid to publish to"
            )
        # No telephone network is at hand, and a MessageId would claim that the text is on its way.
        raise InvalidParameterException("Invalid parameter: PhoneNumber Reason: SMS is not available")
    raise InvalidParameterException("Invalid parameter: TopicArn or TargetArn Reason: no value for required parameter")


def _parse(core: Core, topic: CachedTopic, request: Wire, place: str = "") -> Message:
    message = parse_message(request, core.ids.uuid(), topic.max_message_bytes, place)
    if topic.is_fifo or "MessageGroupId" in request or "MessageDeduplicationId" in request:
        check_fifo_fields(request, is_fifo=topic.is_fifo, deduplicates_content=topic.deduplicates_content)
        if topic.is_fifo and message.dedup_id is None:
            return message._replace(dedup_id=content_dedup_id(request))
    return message


def _send(
    core: Core, context: RequestContext, topic: CachedTopic, messages: Sequence[Message], answer: Wire
) -> Wire | Waiting:
    """Fan messages of a standard topic out; ``answer`` is there when all of them are delivered."""
    fanout = _deliver_and_count(core, context, topic, messages)
    if core.fanout_turns.do_some(fanout):
        return answer
    message_bytes = _check_room(core, messages)

    async def deliver_rest() -> Wire:
        await core.fanout_turns.deliver_rest(fanout, message_bytes)
        return answer

    return Waiting(deliver_rest)


def _check_room(core: Core, messages: Sequence[Message]) -> int:
    """The size of messages whose publish takes further turns. Raises Throttling, which undoes the first deliveries."""
    message_bytes = sum(message.body_bytes for message in messages)
    if not core.fanout_turns.has_room(message_bytes):
        raise Throttling("Rate exceeded: the deliveries of too many publishes are under way.")
    return message_bytes


def _deliver_and_count(
    core: Core, context: RequestContext, topic: CachedTopic, messages: Sequence[Message]
) -> Iterator[None]:
    """A part at each step; the last one counts, with its transaction and whether or not the publisher still waits."""
    metrics = PublishMetrics()
    yield from core.fanout.send(context, topic, messages, metrics)
    metrics.record(core.storage, core.metrics, topic, context.now_ms)


def _send_fifo(
    core: Core,
    context: RequestContext,
    topic: CachedTopic,
    messages: Sequence[Message],
    answer: Callable[[Sequence[Message]], Wire],
) -> Wire | Waiting:
    """Fan messages of a FIFO topic out in their order. Each is delivered to all subscriptions in one turn and one
    transaction: a repetition delivers nothing. Messages that together are more deliveries than a turn takes come one in
    each turn; a repetition of a batch that was cut short delivers the rest of it. Filters that take long are asked
    before, in as many turns as they take."""
    decided: Decided = {}
    deciding = core.fanout.decide(topic, messages, decided)
    is_decided = core.fanout_turns.do_some(deciding)
    deliveries = len(messages) * len(topic.subscriptions.all())
    parts = [messages] if deliveries <= FANOUT_PARTS_MAX else [[message] for message in messages]
    if is_decided and len(parts) == 1:
        return answer(_deliver_fifo(core, context, topic, messages, decided))
    message_bytes = _check_room(core, messages)

    def deliver(part: Sequence[Message]) -> Sequence[Message]:
        load_topic(core.cache, context, topic.arn, "Publish")  # it may be gone meanwhile
        return _deliver_fifo(core, context, topic, part, decided)

    async def decide_and_deliver() -> Wire:
        nonlocal is_decided
        with core.fanout_turns.kept(message_bytes):
            while not is_decided:
                await let_others_run()
                is_decided = core.fanout_turns.do_some(deciding)
            sent: list[Message] = []
            for part in parts:
                await let_others_run()
                sent += await core.storage.write(partial(deliver, part))
            return answer(sent)

    return Waiting(decide_and_deliver)


def _deliver_fifo(
    core: Core, context: RequestContext, topic: CachedTopic, messages: Sequence[Message], decided: Decided
) -> Sequence[Message]:
    """The messages as they were sent."""
    metrics = PublishMetrics()
    sent = [
        _send_one_fifo(core=core, context=context, topic=topic, message=message, metrics=metrics, decided=decided)
        for message in messages
    ]
    metrics.record(core.storage, core.metrics, topic, context.now_ms)
    return sent


def _send_one_fifo(
    core: Core,
    context: RequestContext,
    topic: CachedTopic,
    message: Message,
    metrics: PublishMetrics,
    decided: Decided,
) -> Message:
    """Fan a message out; a repetition is answered like the first and delivered no more."""
    assert message.dedup_id is not None
    scope = (message.group_id or "") if topic.deduplicates_by_group else ""
    now_ms = core.clock.steady_ms()
    known = core.fifo_messages.find(topic.arn, scope, message.dedup_id, now_ms)
    if known is not None:
        message_id, sequence = known
        return message._replace(message_id=message_id, sequence=_sequence_text(sequence))
    sequence = core.fifo_messages.next_sequence(topic.arn)
    expires_at_ms = now_ms + FIFO_DEDUPLICATION_MS
    core.fifo_messages.remember(
        topic_arn=topic.arn,
        scope=scope,
        dedup_id=message.dedup_id,
        message_id=message.message_id,
        sequence=sequence,
        expires_at_ms=expires_at_ms,
        now_ms=now_ms,
    )
    message = message._replace(sequence=_sequence_text(sequence))
    core.fanout.send_all(context, topic, [message], metrics, decided)
    return message


def _sequence_text(sequence: int) -> str:
    """Twenty digits, growing, not consecutive."""
    return str(_SEQUENCE_BASE + sequence * 1_000)


def _result(message: Message) -> Wire:
    if message.sequence is None:
        return {"MessageId": message.message_id}
    return {"MessageId": message.message_id, "SequenceNumber": message.sequence}


def _check_batch(entries: list[Wire]) -> None:
    if not entries:
        raise EmptyBatchRequestException("The batch request doesn't contain any entries.")
    if len(entries) > BATCH_ENTRIES_MAX:
        raise TooManyEntriesInBatchRequestException("The batch request contains more entries than permissible.")
    entry_ids = [entry["Id"] for entry in entries]
    if len(set(entry_ids)) < len(entry_ids):
        raise BatchEntryIdsNotDistinctException("Two or more batch entries in the request have the same Id.")
    for entry_id in entry_ids:
        if len(entry_id) > BATCH_ENTRY_ID_CHARACTERS_MAX:
            raise InvalidBatchEntryIdException(f"The Id of a batch entry in the batch request is too long: {entry_id}")
        if not _ENTRY_ID.fullmatch(entry_id):
            raise InvalidBatchEntryIdException(
                f"The Id of a batch entry in the batch request contains an impermissible character: {entry_id}"
            )
