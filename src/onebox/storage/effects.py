"""What runs when a group is on disk: answers, wakeups, deliveries. Knows nothing of SQL."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

from onebox.errors import StorageFault

Effect = Callable[[], None]

_log = logging.getLogger("onebox.storage")


def run_effects(effects: Iterable[Effect]) -> None:
    """Run them in their order. One that fails is logged and takes no other with it: those are answers to neighbours.
    After a fault of the disk no effect runs any more."""
    left = iter(effects)
    while True:
        try:
            for effect in left:
                effect()
        except StorageFault:  # noqa: PERF203 - one try for each that fails
            return  # reported where it was found
        except Exception:  # noqa: BLE001 - the edge of every service's callbacks
            _log.exception("what was to be done after a commit failed")
        else:
            return
