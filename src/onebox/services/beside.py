"""Work that is too long for the event loop, done beside it while other requests go on.

An operation asks for the result of such work with :func:`do_beside`. While there is none, the operation ends with
:class:`WorkNeeded`: what it wrote is undone, the gateway has the work done in a thread, and runs the operation again,
which finds the result. Work depends on its inputs alone and changes nothing else. Inputs that another request has
changed meanwhile are other work. After ROUNDS_MAX runs the operation does the work itself, so that it ends.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, NamedTuple, TypeVar

from onebox.errors import AwsError, without_frames

T = TypeVar("T")

ROUNDS_MAX = 60
"""More than a batch of 25 statements needs, each of which asks by itself, twice at most."""


class WorkNeeded(Exception):
    """An operation needs the results of work that is to be done beside the event loop."""

    def __init__(self, beside: Beside) -> None:
        super().__init__("work is to be done beside the event loop")
        self.beside = beside


class _Done(NamedTuple):
    inputs: object
    result: Callable[[], Any]
    work: Callable[[], Any]
    """Kept for what it refers to: a large request or item that the event loop frees would hold it up."""


class Beside:
    """The work of one request that was asked for, and its results."""

    __slots__ = ("_asked", "_done", "_rounds", "began_ms", "is_large")

    def __init__(self, *, is_large: bool = False) -> None:
        self.is_large = is_large
        """The request itself is large: its values are looked at beside the event loop as well."""
        self.began_ms: float | None = None
        """When the first run of the operation began, on the monotonic clock, if the operation is measured."""
        self._asked: dict[Hashable, tuple[object, Callable[[], Any]]] = {}
        self._done: dict[Hashable, _Done] = {}
        self._rounds = 0

    def result(self, name: Hashable, inputs: object, work: Callable[[], T]) -> T:
        """What ``work`` returns or raises. ``name`` tells it from the request's other work; ``inputs`` is all that it
        depends on and that may change while the request runs.

        Raises WorkNeeded if it was not done yet.
        """
        done = self._done.get(name)
        if done is not None and done.inputs == inputs:
            found: T = done.result()
            return found
        if self._rounds >= ROUNDS_MAX:
            return work()
        self._asked[name] = inputs, work
        raise WorkNeeded(self)

    @property
    def is_asked(self) -> bool:
        """Whether there is work to do."""
        return bool(self._asked)

    def do(self) -> None:
        """Do what was asked for; called in the thread."""
        self._rounds += 1
        while self._asked:
            name, (inputs, work) = self._asked.popitem()
            self._done[name] = _Done(inputs, _outcome(work), work)

    def forget(self) -> None:
        """Free the results; called in the thread, one after the other, because they are large."""
        while self._done:
            self._done.popitem()


class Gathering:
    """Steps of an operation that may each ask for work: what they ask for is done at the same time."""

    def __init__(self) -> None:
        self._needed: WorkNeeded | None = None

    def run(self, step: Callable[[], T]) -> T | None:
        """What a step returns; None if it asks for work.

        Raises what it raises. After a step that asked for work this is WorkNeeded: that step's error would come first.
        """
        try:
            return step()
        except WorkNeeded as needed:
            self._needed = needed
            return None
        except Exception:
            self.end()
            raise

    def end(self) -> None:
        """Raise WorkNeeded if any step asked for work."""
        if self._needed is not None:
            raise self._needed


def _outcome(work: Callable[[], Any]) -> Callable[[], Any]:
    try:
        value = work()
    except Exception as error:  # noqa: BLE001 - raised again where the operation asks for the result
        return _raising(without_frames(error) if isinstance(error, AwsError) else error)
    return lambda: value


def _raising(error: Exception) -> Callable[[], Any]:
    def result() -> Any:
        raise error

    return result


def do_beside(beside: Beside | None, name: Hashable, inputs: object, work: Callable[[], T]) -> T:
    """What ``work`` returns or raises, for the request of a context's ``beside``. Raises WorkNeeded."""
    return (beside or Beside()).result(name, inputs, work)
