"""What became of each order, as an HTTP answer.

202 if SNS has accepted all orders of the request, 207 if it has accepted some, else a problem document: 422 if all that
is wrong are the orders, 429 or 503 if repeating the request may help. A list is answered order by order.
Pure. Standard library only: this file travels with the function.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote

from orders.intake.bodies import Entry, Submission
from orders.intake.http_request import ORDERS_PATH
from orders.intake.idempotency import Outcome
from orders.intake.problems import MEDIA_TYPE, FieldError, Problem, later
from orders.json_text import to_json

JSON = "application/json"
RETRY_S = 5
# Lambda takes 6 MB of JSON. Written into it, a text may take several times its size, in base64 a third more.
PLAIN_CHARACTERS_MAX = 1024 * 1024
# For every answer: none is kept by a cache, or guessed to be a page.
_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
_UNAVAILABLE = "the order was not published; repeat the request with the same Idempotency-Key"


class Answer(NamedTuple):
    """An HTTP answer."""

    status: int
    body: str
    headers: Mapping[str, str]

    def describe(self) -> dict[str, Any]:
        """As Lambda takes it."""
        found = {"statusCode": self.status, "headers": {**_HEADERS, **self.headers}}
        if len(self.body) <= PLAIN_CHARACTERS_MAX:
            return {**found, "body": self.body}
        encoded = base64.b64encode(self.body.encode()).decode("ascii")
        return {**found, "body": encoded, "isBase64Encoded": True}


def answer_json(status: int, value: Any, headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(status, to_json(value), {"Content-Type": JSON, **(headers or {})})


def answer_text(status: int, text: str) -> Answer:
    """JSON that is written already."""
    return Answer(status, text, {"Content-Type": JSON})


def answer_problem(problem: Problem) -> Answer:
    return Answer(problem.status, to_json(problem.describe()), {"Content-Type": MEDIA_TYPE, **problem.headers})


def answer_submission(submission: Submission, outcomes: Sequence[Outcome]) -> Answer:
    """The answer to POST /orders. ``outcomes`` are those of the entries with a message, in order."""
    remaining = iter(outcomes)
    results = [_result(entry, next(remaining) if entry.message else None) for entry in submission.entries]
    throttled = any(one.is_throttled for one in outcomes)
    return _answer_list(results, throttled) if submission.is_list else _answer_one(results[0], throttled)


def _result(entry: Entry, outcome: Outcome | None) -> dict[str, Any]:
    found: dict[str, Any] = {"orderId": entry.order_id} if entry.order_id else {}
    if outcome is None:
        return {"status": 422, **found, "errors": list(entry.errors)}
    if outcome.message_id:
        return {"status": 202, **found, "messageId": outcome.message_id}
    if outcome.is_final:
        return {"status": 422, **found, "errors": [FieldError("", outcome.reason)]}
    return {"status": 503, **found, "detail": _UNAVAILABLE}


def _answer_one(result: Mapping[str, Any], throttled: bool) -> Answer:
    if result["status"] == 202:
        location = f"{ORDERS_PATH}/{quote(result['orderId'], safe='')}"
        accepted = {"orderId": result["orderId"], "messageId": result["messageId"]}
        return answer_json(202, accepted, {"Location": location})
    if result["status"] == 422:
        first = result["errors"][0]
        detail = f"{first.field}: {first.detail}" if first.field else first.detail
        return answer_problem(Problem("contract", detail, result["errors"]))
    return answer_problem(_try_later(throttled))


def _answer_list(results: Sequence[Mapping[str, Any]], throttled: bool) -> Answer:
    counts = {status: sum(one["status"] == status for one in results) for status in (202, 422, 503)}
    shown = {
        "accepted": counts[202],
        "refused": counts[422],
        "unavailable": counts[503],
        "results": [{"index": index, **_show(one)} for index, one in enumerate(results)],
    }
    retry = later(RETRY_S) if counts[503] else {}
    if counts[202]:
        return answer_json(202 if counts[202] == len(results) else 207, shown, retry)
    if counts[503]:
        return answer_problem(_try_later(throttled)._replace(further=shown))
    detail = f"none of {len(results):,} orders is valid" if len(results) > 1 else "the only order is not valid"
    return answer_problem(Problem("contract", detail, further=shown))


def _show(result: Mapping[str, Any]) -> dict[str, Any]:
    shown = dict(result)
    if "errors" in shown:
        shown["errors"] = [one.describe() for one in shown["errors"]]
    return shown


def _try_later(throttled: bool) -> Problem:
    return Problem("too-many" if throttled else "unavailable", _UNAVAILABLE, headers=later(RETRY_S))
