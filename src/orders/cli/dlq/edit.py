"""``orders dlq edit``: a failed order edited by hand.

Promises: the failed order is removed only after SQS has acknowledged the edited one. What was typed is kept in a file
until then, so neither a mistake nor an interruption costs it.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from orders.audit.entries import find_changes
from orders.aws.clients import Aws
from orders.claims.bucket import ClaimBucket
from orders.cli.auditing import audit_log
from orders.cli.dlq.choice import find_failed_orders, report_problems
from orders.cli.options import aws_options, json_option
from orders.cli.output import print_json, say
from orders.dead_letters.claimed import shorten
from orders.dead_letters.queues import Queue, dead_letter_queue, order_queue
from orders.dead_letters.reader import read_log_of
from orders.dead_letters.reasons import FailedOrder, describe_reason, pretty
from orders.dead_letters.redrive import send_back
from orders.domain.sizes import parse_edited
from orders.errors import OperatorError, OrderRejected
from orders.function_log.reader import FunctionLogs


@click.command(short_help="Edit a failed order in your editor and send it back.")
@click.argument("wanted", metavar="ID")
@click.option(
    "--with",
    "replacement",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Take the edited order from this file instead of an editor.",
)
@json_option
@aws_options
def edit(aws: Aws, wanted: str, replacement: Path | None, as_json: bool) -> None:
    """Edit a failed order in your editor ($VISUAL or $EDITOR) and send it back to OrderQueue.

    OrderProcessor's rules are applied to the saved order; an invalid one can be edited again. The failed message is
    removed only after OrderQueue has acknowledged the edited order. Save the file unchanged to cancel.
    """
    failed, target = dead_letter_queue(aws), order_queue(aws)
    order = _load_failed_order(aws, failed, wanted)
    if replacement is not None:
        draft, text = replacement, _read_checked(replacement, claim_check=order.is_by_claim)
    else:
        draft = draft_folder() / f"{order.message_id}.json"
        typed = _edit(order, draft)
        if typed is None:
            draft.unlink(missing_ok=True)
            _report_unchanged(order, as_json)
            return
        text = typed
    order_id = parse_edited(text, claim_check=order.is_by_claim).order_id
    problems: dict[str, str] = {}
    edited = {order.message_id: text if order.claim is None else shorten(text, ClaimBucket(aws))}
    before, after = find_changes(pretty(order.body), text)
    name = f"order {order_id}, message {order.message_id}"
    with audit_log(aws).change("edit", name, before=before, after=after):
        sent = send_back(failed, target, list(edited), edited=edited, on_problem=problems.__setitem__)
        _check_sent(order, sent, problems, draft)
    if replacement is None:
        draft.unlink(missing_ok=True)
    if as_json:
        print_json({"sent": True, "message_id": order.message_id, "order_id": order_id, "problems": problems})
    else:
        removed = "; the failed message is removed" if not problems else ""
        say(f"Order {order_id} was sent back to OrderQueue{removed}.")
        report_problems(problems)
        say(f"Next: `orders get {order_id}` once it is stored; `orders dlq list` if it fails again.")


def _check_sent(order: FailedOrder, sent: list[str], problems: dict[str, str], draft: Path) -> None:
    """Raises OperatorError where the order was not sent."""
    if not sent and problems:
        raise OperatorError(
            f"message {order.message_id}: {problems[order.message_id]}", f"Your order is kept in {draft}."
        )
    if not sent:
        raise OperatorError(
            f"message {order.message_id} is no longer in OrderDLQ, or another reader holds it; nothing was sent",
            f"Your order is kept in {draft}. Try again in 30 seconds, or publish it: `orders publish {draft}`.",
        )


def draft_folder() -> Path:
    """Where orders are kept while they are being edited."""
    import platformdirs

    return Path(platformdirs.user_state_dir("orders", appauthor=False)) / "drafts"


def _load_failed_order(aws: Aws, failed: Queue, wanted: str) -> FailedOrder:
    found = find_failed_orders(aws, failed, [wanted])
    if len(found) > 1:
        raise OperatorError(
            f"{wanted} matches {len(found)} failed orders",
            "Give the id of one message: " + ", ".join(order.message_id for order in found[:5]),
        )
    return read_log_of(FunctionLogs(aws), found[0])[0]


def _edit(order: FailedOrder, draft: Path) -> str | None:
    """The edited order, None if it was left as it is. Raises OperatorError once nobody goes on mending."""
    original = pretty(order.body) + "\n"
    say(f"reason: {describe_reason(order)}", fg="red", err=True)
    if draft.exists():
        say(f"Continuing with the draft kept in {draft}", err=True)
    else:
        draft.parent.mkdir(parents=True, exist_ok=True, mode=0o700)  # orders hold what customers told
        draft.write_text(original, "utf-8")
    while True:
        click.edit(filename=str(draft))
        text = draft.read_text("utf-8")
        if text.strip() == original.strip():
            return None
        try:
            parse_edited(text, claim_check=order.is_by_claim)
        except OrderRejected as error:
            say(f"still not valid: {error.reason}", fg="red", err=True)
            if sys.stdin.isatty() and click.confirm("Edit again?", default=True, err=True):
                continue
            raise OperatorError(
                "the order is not valid, nothing was sent",
                f"Your text is kept in {draft}. Continue with `orders dlq edit {order.message_id}`.",
            ) from error
        return text


def _read_checked(path: Path, *, claim_check: bool) -> str:
    text = path.read_text("utf-8")
    try:
        parse_edited(text, claim_check=claim_check)
    except OrderRejected as error:
        raise OperatorError(f"{path}: {error.reason}", "Nothing was sent. Fix the file and try again.") from error
    return text


def _report_unchanged(order: FailedOrder, as_json: bool) -> None:
    if as_json:
        print_json({"sent": False, "message_id": order.message_id, "order_id": order.order_id})
        return
    say("No changes were made; nothing was sent.")
    if order.order_id is not None:
        say(f"The order is valid: `orders dlq redrive {order.message_id}` sends it back.")
