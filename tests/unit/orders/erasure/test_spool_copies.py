"""Goal: an erased person is in no file of a publisher's spool; the orders of others keep their order."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orders.erasure.person import Person
from orders.erasure.spool_copies import SpoolCopies
from orders.errors import OperatorError
from orders.publishing.spool import FileSpool, SpooledOrder

ADA = Person("ada-lovelace", frozenset())


def text(number: int, user: str) -> str:
    return json.dumps({"orderId": str(number), "userId": user})


def fill(folder: Path) -> list[str]:
    """Three segments with orders of both, the first partly accepted; what is left of others."""
    texts = [text(number, "ada-lovelace" if number % 3 == 0 else "bob") for number in range(60)]
    spool = FileSpool(folder, segment_bytes=1_000)
    for one in texts:
        spool.append([SpooledOrder(one)])
    spool.peek(5)
    spool.remove(5)
    spool.record_refused(text(90, "ada-lovelace"), "X", "too long")
    spool.record_refused(text(91, "bob"), "X", "too long")
    spool.close()
    (folder / "damaged").write_text(f"0 {text(92, 'ada-lovelace')[:-1]}\n0 {text(93, 'bob')[:-1]}\n", "utf-8")
    return [one for one in texts[5:] if "bob" in one]


def test_waiting_refused_and_damaged_orders_are_erased(tmp_path: Path) -> None:
    rest = fill(tmp_path)
    copies = SpoolCopies(tmp_path)
    assert len(list(copies.find(ADA))) == 18 + 1 + 1
    assert copies.erase(ADA) == 20
    assert copies.erase(ADA) == 0
    assert list(copies.find(ADA)) == []
    for path in tmp_path.iterdir():
        assert b"ada-lovelace" not in path.read_bytes(), path.name
    assert '"bob\\"' in (tmp_path / "refused.jsonl").read_text("utf-8")
    spool = FileSpool(tmp_path)
    assert spool.waiting == len(rest)
    assert spool.peek(100) == [SpooledOrder(one) for one in rest]
    spool.append([SpooledOrder(text(100, "bob"))])
    spool.remove(len(rest))
    assert spool.peek(100) == [SpooledOrder(text(100, "bob"))]
    spool.close()


def test_a_spool_in_use_and_a_folder_that_is_none_are_refused(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="is no spool"):
        SpoolCopies(tmp_path)
    spool = FileSpool(tmp_path)
    try:
        with pytest.raises(OperatorError, match="another publisher uses"):
            SpoolCopies(tmp_path).erase(ADA)
    finally:
        spool.close()
