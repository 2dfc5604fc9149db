"""What ``parse`` and ``like`` find in texts: globs with stars, and RE2's regular expressions. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from onebox.services.logs.insights.lexer import QueryError

_NAMED_GROUP = re.compile(r"\(\?<(?=[A-Za-z_])")


def compile_regex(text: str, place: int = 0) -> Any:
    """An expression of RE2, which takes time that grows with the text alone. Raises QueryError."""
    import re2  # here, because few ask for it

    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(_NAMED_GROUP.sub("(?P<", text), options)
    except re2.error as error:
        raise QueryError(f"The regular expression /{text}/ is not valid: {error}", place) from error


def regex_captures(regex: Any, names: tuple[str, ...]) -> Callable[[str], dict[str, str | None]]:
    """The named groups of the first match; without names in the expression, its groups in the order of ``names``."""
    groups = dict(regex.groupindex) or {name: number for number, name in enumerate(names, 1) if number <= regex.groups}

    def capture(text: str) -> dict[str, str | None]:
        match = regex.search(text)
        return {} if match is None else {name: match.group(number) for name, number in groups.items()}

    return capture


def glob_captures(pattern: str, names: tuple[str, ...]) -> Callable[[str], dict[str, str | None]]:
    """What stands for each star: the shortest text up to what follows in the pattern."""
    first, *segments = pattern.split("*")

    def capture(text: str) -> dict[str, str | None]:
        place = text.find(first)
        if place < 0:
            return {}
        place += len(first)
        found: dict[str, str | None] = {}
        for number, segment in enumerate(segments):
            is_last = number == len(segments) - 1
            end = len(text) if is_last and not segment else text.find(segment, place)
            if end < 0:
                return {}
            found[names[number]] = text[place:end]
            place = end + len(segment)
        return found

    return capture
