"""Which failed orders a command is about: read with their reasons, chosen by id or by reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import click

from orders.aws.clients import Aws
from orders.dead_letters.queues import Queue
from orders.dead_letters.reasons import read_letters
from orders.dead_letters.redrive import DeadLetter, make_dead_letter, select, select_by_reason
from orders.errors import OperatorError

SHOWN_MAX = 20


def find_letters(queue: Queue, wanted: Sequence[str]) -> list[DeadLetter]:
    """Those with any of the ids, without the log's word on them. Raises OperatorError for an id that none has."""
    letters = [make_dead_letter(message, None) for message in queue.look()]
    found = {letter.message_id: letter for one in wanted for letter in _select(queue, letters, one)}
    return list(found.values())


def choose(aws: Aws, queue: Queue, wanted: Sequence[str], reason: str | None) -> list[DeadLetter]:
    """Those with any of the ids or with the reason; one of the two must be given."""
    if wanted and reason is not None:
        raise OperatorError("ids and --reason together are not possible", "Give one of them.")
    if reason is None:
        return find_letters(queue, wanted)
    found = select_by_reason(read_letters(aws, queue), reason)
    if not found:
        raise OperatorError(f"no failed order has a reason with {reason!r} in it", _advise(queue))
    return found


def tell_troubles(troubles: Mapping[str, str]) -> None:
    """What went wrong with some of the chosen, by message id."""
    for message_id, trouble in list(troubles.items())[:SHOWN_MAX]:
        click.secho(f"message {message_id}: {trouble}", err=True, fg="red")
    if len(troubles) > SHOWN_MAX:
        click.echo(f"… and {len(troubles) - SHOWN_MAX:,} more; --json lists all", err=True)


def _select(queue: Queue, letters: Sequence[DeadLetter], wanted: str) -> list[DeadLetter]:
    found = select(letters, wanted)
    if not found:
        raise OperatorError(f"no failed order has the id {wanted}", _advise(queue))
    return found


def _advise(queue: Queue) -> str:
    hidden = queue.counts().in_flight
    advice = "`orders dlq list --each` shows those there are."
    return f"{advice} {hidden:,} are being looked at by others: try again in half a minute." if hidden else advice
