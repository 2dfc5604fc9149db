"""Queues: made, found, described, emptied, deleted.

QueueDeletedRecently is never raised. AWS refuses a name for 60 seconds because deletion spreads through its servers;
here a queue is gone when DeleteQueue returns.
"""

from __future__ import annotations

from onebox.arn import make_arn
from onebox.services.context import RequestContext, Wire
from onebox.services.paging import make_token, read_token
from onebox.services.sqs import attributes as queue_attributes
from onebox.services.sqs.core import Core
from onebox.services.sqs.errors import (
    InvalidParameterValue,
    PurgeQueueInProgress,
    QueueNameExists,
    invalid_value,
)
from onebox.services.sqs.expiry import refresh_counts
from onebox.services.sqs.limits import LIST_RESULTS_MAX, PURGE_PAUSE_MS, SECOND_MS
from onebox.services.sqs.model import Queue
from onebox.services.sqs.operations.tags import check_tags
from onebox.services.sqs.queue_access import load_queue
from onebox.services.sqs.queue_urls import format_queue_url
from onebox.services.sqs.redrive_policy import (
    check_dead_letter_owner,
    check_dead_letter_queue,
    parse_redrive_policy,
)


def create_queue(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Make a queue, or find the one with the same name and attributes. Raises QueueNameExists for other attributes."""
    name = request["QueueName"]
    wanted = queue_attributes.normalize(request.get("Attributes") or {})
    is_fifo = wanted.get("FifoQueue") == "true"
    queue_attributes.check_queue_name(name, is_fifo)
    queue_attributes.check_attributes(wanted, is_fifo)
    existing = core.queues.find(context.account, context.region, name)
    if existing is not None:
        different = queue_attributes.find_difference(existing.attributes, wanted, is_fifo)
        if different is not None:
            raise QueueNameExists(
                f"A queue already exists with the same name and a different value for attribute {different}"
            )
    else:
        source_arn = make_arn("sqs", context.region, context.account, name)
        _check_redrive(
            core,
            wanted.get("RedrivePolicy"),
            account=context.account,
            region=context.region,
            source_arn=source_arn,
            is_fifo=is_fifo,
        )
        stored = queue_attributes.merge({}, wanted, is_fifo)
        tags = check_tags(context, {}, request.get("tags") or {})
        core.queues.insert(
            account=context.account,
            region=context.region,
            name=name,
            attributes=stored,
            tags=tags,
            now_ms=core.clock.steady_ms(),
        )
    return {"QueueUrl": format_queue_url(context, context.account, name)}


def delete_queue(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Delete a queue with its messages."""
    queue = load_queue(core, context, request["QueueUrl"], "DeleteQueue")
    core.queues.delete(queue)
    core.storage.after_commit(core.background.sweep_soon)
    core.storage.after_commit(lambda: core.watchers.notify(queue.arn))
    return {}


def purge_queue(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Remove all messages, in constant time. Raises PurgeQueueInProgress within 60 seconds of the last purge."""
    queue = load_queue(core, context, request["QueueUrl"], "PurgeQueue")
    if queue.purged_at_ms is not None and core.clock.steady_ms() - queue.purged_at_ms < PURGE_PAUSE_MS:
        raise PurgeQueueInProgress(
            f"Only one PurgeQueue operation on {queue.name} is allowed every {PURGE_PAUSE_MS // SECOND_MS} seconds."
        )
    core.queues.purge(queue, core.clock.steady_ms())
    core.storage.after_commit(core.background.sweep_soon)
    return {}


def get_queue_url(core: Core, context: RequestContext, request: Wire) -> Wire:
    """The URL of a queue by its name."""
    account = request.get("QueueOwnerAWSAccountId") or context.account
    queue_url = format_queue_url(context, account, request["QueueName"])
    queue = load_queue(core, context, queue_url, "GetQueueUrl")
    return {"QueueUrl": format_queue_url(context, account, queue.name)}


def list_queues(core: Core, context: RequestContext, request: Wire) -> Wire:
    """The queues of the account in this region, a page at a time."""
    prefix = request.get("QueueNamePrefix") or ""
    limit = _check_results_max(request)
    names = core.queues.list_names(
        context.account, context.region, prefix, _read_token(request), (limit or LIST_RESULTS_MAX) + 1
    )
    return _show_page(context, names, limit, "QueueUrls")


def list_dead_letter_source_queues(core: Core, context: RequestContext, request: Wire) -> Wire:
    """The queues whose redrive policy names this one."""
    queue = load_queue(core, context, request["QueueUrl"], "ListDeadLetterSourceQueues")
    limit = _check_results_max(request)
    names = core.queues.list_sources(queue.arn, _read_token(request), (limit or LIST_RESULTS_MAX) + 1)
    return {"queueUrls": [], **_show_page(context, names, limit, "queueUrls")}


def get_queue_attributes(core: Core, context: RequestContext, request: Wire) -> Wire:
    """The attributes asked for."""
    queue = load_queue(core, context, request["QueueUrl"], "GetQueueAttributes")
    names = request.get("AttributeNames") or []
    queue_attributes.check_readable(names)
    if not names:
        return {}
    full = _describe(core, queue, core.clock.steady_ms())
    shown = full if "All" in names else {name: full[name] for name in names if name in full}
    return {"Attributes": shown} if shown else {}


def set_queue_attributes(core: Core, context: RequestContext, request: Wire) -> Wire:
    """Change attributes; an empty policy or key is removed."""
    queue = load_queue(core, context, request["QueueUrl"], "SetQueueAttributes")
    changes = queue_attributes.normalize(request["Attributes"])
    queue_attributes.check_attributes(changes, queue.is_fifo)
    _check_redrive(
        core,
        changes.get("RedrivePolicy"),
        account=queue.account,
        region=queue.region,
        source_arn=queue.arn,
        is_fifo=queue.is_fifo,
    )
    merged = queue_attributes.merge(queue.attributes, changes, queue.is_fifo)
    core.queues.set_attributes(queue, merged, core.clock.steady_ms())
    return {}


def _check_redrive(core: Core, text: str | None, account: str, region: str, source_arn: str, is_fifo: bool) -> None:
    if text:
        policy = parse_redrive_policy(text)
        check_dead_letter_owner(text, policy, account, region)
        target = core.queues.find_by_arn(policy.dead_letter_arn)
        check_dead_letter_queue(text, source_arn, is_fifo, target)


def _describe(core: Core, queue: Queue, now_ms: int) -> dict[str, str]:
    counts = refresh_counts(core, queue, now_ms)
    numbers = dict(zip(queue_attributes.COUNTS, (counts.visible, counts.in_flight, counts.delayed), strict=True))
    return {
        **queue_attributes.complete(queue.attributes, queue.is_fifo),
        **{name: str(number) for name, number in numbers.items()},
        "QueueArn": queue.arn,
        "CreatedTimestamp": str(core.clock.wall_of(queue.created_at_ms) // SECOND_MS),
        "LastModifiedTimestamp": str(core.clock.wall_of(queue.modified_at_ms) // SECOND_MS),
    }


def _check_results_max(request: Wire) -> int | None:
    limit: int | None = request.get("MaxResults")
    if limit is not None and not 1 <= limit <= LIST_RESULTS_MAX:
        raise invalid_value(limit, "MaxResults", f"MaxResults must be an integer between 1 and {LIST_RESULTS_MAX}.")
    return limit


def _read_token(request: Wire) -> str:
    """The name after which a page begins."""
    token = request.get("NextToken")
    place = read_token(token, lambda: InvalidParameterValue(f"Invalid or expired next token: {str(token)[:1000]}"), str)
    return "" if place is None else place[0]


def _show_page(context: RequestContext, names: list[str], limit: int | None, member: str) -> Wire:
    # Without MaxResults AWS returns up to 1000 queues and no token.
    shown = names[: limit or LIST_RESULTS_MAX]
    page: Wire = {}
    if shown:
        page[member] = [format_queue_url(context, context.account, name) for name in shown]
    if limit is not None and len(names) > limit:
        page["NextToken"] = make_token(shown[-1])
    return page
