"""The query parameters of a page: texts and times, validated, with an error message for each field."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.requests import Request

from orders.domain.contract import INDEX_KEY_BYTES_MAX
from orders.domain.times import DAY_NS, ms_of_moment, parse_time
from orders.errors import OperatorError


class Fields:
    """The fields of one request. ``errors`` holds a message for each invalid field, by name."""

    def __init__(self, request: Request, now_ms: int) -> None:
        self._given = request.query_params
        self._now_ms = now_ms
        self.errors: dict[str, str] = {}

    def raw(self, name: str) -> str:
        """A field, unchanged; empty if absent."""
        return self._given.get(name, "")

    def text(self, name: str) -> str:
        """A field, stripped."""
        return self.raw(name).strip()

    def key(self, name: str) -> str:
        """A text that can be an index key."""
        text = self.text(name)
        if len(text.encode()) > INDEX_KEY_BYTES_MAX:
            self.errors[name] = f"At most {INDEX_KEY_BYTES_MAX:,} bytes: nothing longer is in an index."
            return ""
        return text

    def choice(self, name: str, choices: tuple[str, ...]) -> str:
        """One of the choices; the first by default."""
        text = self.text(name)
        return text if text in choices else choices[0]

    def moment_ns(self, name: str) -> int | None:
        """A time or an age, in nanoseconds since year 1."""
        text = self.text(name)
        try:
            moment_ns = parse_time(text or None, self._now_ms)
        except OperatorError as error:
            self.errors[name] = f"{error.reason}. {error.advice}"
            return None
        if moment_ns is not None and moment_ns < DAY_NS:
            self.errors[name] = f"{text} is before the calendar's first day, 0001-01-01."
            return None
        return moment_ns

    def moment_ms(self, name: str) -> int | None:
        """The same in milliseconds since the epoch."""
        moment_ns = self.moment_ns(name)
        return None if moment_ns is None else ms_of_moment(moment_ns)


def address(path: str, **values: str | int | None) -> str:
    """A URL with these parameters; empty ones are omitted."""
    given = {name: value for name, value in values.items() if value not in (None, "")}
    return f"{path}?{urlencode(given)}" if given else path
