"""The pages of the console, a module for each, and the navigation.

pipeline.py  the whole system on one page
orders.py    lists orders; order.py shows one
failed.py    failed orders: groups, list, one message, redrive, edit, purge
conflict.py  a failed order against the stored one
fix.py       one change for many failed orders
logs.py      searches and follows the log
metrics.py   charts
publish.py   publishes orders and follows one
controls.py  the operator's levers, alarms
drift.py     what was changed outside of the stack, and the button that sets it back
options.py   the optional parts: relay, intake, history, archive, claims, replays
audit.py     the changes that were made
search.py    finds an order, user, message or request
stack.py     resources, outputs and settings
login.py     asks for the token
live.py      the event stream that updates open pages
"""

from __future__ import annotations

from typing import NamedTuple


class Entry(NamedTuple):
    """A page in the navigation."""

    path: str
    title: str
    key: str
    """Pressed after g, it goes there."""


NAVIGATION = (
    Entry("/", "Pipeline", "p"),
    Entry("/orders", "Orders", "o"),
    Entry("/failed", "Failed orders", "f"),
    Entry("/logs", "Logs", "l"),
    Entry("/metrics", "Metrics", "m"),
    Entry("/publish", "Publish", "u"),
    Entry("/controls", "Controls", "c"),
    Entry("/options", "Options", "t"),
    Entry("/audit", "Audit", "a"),
    Entry("/stack", "Stack", "s"),
)
