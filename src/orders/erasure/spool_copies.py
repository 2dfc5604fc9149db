"""A person's orders in a publisher's spool on disk: waiting, refused, and damaged records."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

from orders.erasure.person import Person, order_id_of
from orders.errors import OperatorError
from orders.publishing.spool import FileSpool

SIDE_FILES = ("refused.jsonl", "damaged")


class SpoolCopies:
    """One folder. No publisher may use it meanwhile."""

    what = "order"
    is_looked_at_first = True

    def __init__(self, folder: Path) -> None:
        if not (folder / "accepted").is_file():
            raise OperatorError(f"{folder} is no spool of a publisher")
        self._folder = folder
        self.place = f"the spool {folder}"

    def find(self, person: Person) -> Iterator[str | None]:
        spool = FileSpool(self._folder)
        try:
            waiting = [order.text for order in spool.orders(spool.waiting) if person.owns(order.text)]
        finally:
            spool.close()
        yield from map(order_id_of, waiting)
        for name in SIDE_FILES:
            yield from (order_id_of(text) for text in map(_text_of, self._lines(name)) if person.owns(text))

    def erase(self, person: Person) -> int:
        spool = FileSpool(self._folder)
        try:
            erased = spool.discard(person.owns)
        finally:
            spool.close()
        return erased + sum(self._rewrite(name, person) for name in SIDE_FILES)

    def _rewrite(self, name: str, person: Person) -> int:
        lines = self._lines(name)
        kept = [line for line in lines if not person.owns(_text_of(line))]
        if len(kept) < len(lines):
            draft = self._folder / f"{name}.draft"
            with draft.open("w", encoding="utf-8", errors="surrogateescape") as stream:
                stream.writelines(f"{line}\n" for line in kept)
                stream.flush()
                os.fsync(stream.fileno())
            draft.replace(self._folder / name)
        return len(lines) - len(kept)

    def _lines(self, name: str) -> list[str]:
        path = self._folder / name
        return path.read_text("utf-8", "surrogateescape").split("\n")[:-1] if path.exists() else []


def _text_of(line: str) -> str:
    """The order in a line of refused.jsonl; any other line as it is."""
    try:
        content = json.loads(line)
    except (ValueError, RecursionError):
        return line
    order = content.get("order") if isinstance(content, dict) else None
    return order if isinstance(order, str) else line
