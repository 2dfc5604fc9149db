"""What a request means whose idempotency key is known.

A record holds the digest of the first body, what became of each order, and until when a request works on it. A key
belongs to its caller. The answer is made again from the body and the outcomes, so the same body gets the same answer.
https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
Pure. Standard library only: this file travels with the function.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import NamedTuple

from orders.intake.problems import Refused, later

KEY_TTL_S = 86_400
RETRY_S = 1


class Outcome(NamedTuple):
    """What SNS said of one order."""

    message_id: str = ""
    """SNS's id of the message; empty if it was not accepted."""
    reason: str = ""
    is_final: bool = True
    """False if another attempt may succeed."""
    is_throttled: bool = False


WAITING = Outcome(reason="not published yet", is_final=False)


class KeyRecord(NamedTuple):
    """What is known of a key."""

    key: str
    body: str
    owner: str
    """The id of the request that works on it or has answered."""
    is_done: bool
    locked_until_ms: int
    expires_at_s: int
    outcomes: tuple[Outcome, ...] = ()


def digest_key(caller: str, key: str) -> str:
    """Under which a caller's key is stored: bounded, and no other caller's."""
    return hashlib.sha256(f"{len(caller)}:{caller}{key}".encode()).hexdigest()


def digest_body(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def is_replay(found: KeyRecord, body: str, now_ms: int) -> bool:
    """Whether the record holds the answer; False if this request is to go on with it.

    Raises Refused: 422 for another body, 409 while another request works on it.
    """
    if found.body != body:
        raise Refused("key-reused", "the same key came with another body; use a new key for another request")
    if found.is_done:
        return True
    if found.locked_until_ms > now_ms:
        raise Refused("key-in-use", "the first request with this key is not answered yet", later(RETRY_S))
    return False


def encode_outcomes(outcomes: Sequence[Outcome]) -> str:
    """The outcomes as text: compact, as a list holds up to 500."""
    return json.dumps([one.message_id or [one.reason, one.is_final] for one in outcomes], separators=(",", ":"))


def decode_outcomes(text: str) -> tuple[Outcome, ...]:
    """The inverse."""
    return tuple(Outcome(one) if isinstance(one, str) else Outcome("", one[0], one[1]) for one in json.loads(text))
