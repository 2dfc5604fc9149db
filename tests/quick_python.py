"""Spares a test process work that says nothing of what is tested: walks of the garbage collector over all that pytest
keeps. What spares it the making of boto3's clients is in quick_clients.py."""

from __future__ import annotations

import gc


def rest_the_collector() -> None:
    """While all tests are collected: nothing of it is ever given up, and walks over it take a seventh of the time."""
    gc.disable()


def spare_the_collector() -> None:
    """As onebox does when it serves: what is there stays for good, and walks are rarer."""
    leave_out_what_is_there()
    gc.set_threshold(50_000, 20, 20)
    gc.enable()


def leave_out_what_is_there() -> None:
    """Collect, and leave all that is there now out of later walks. ``gc.unfreeze`` would undo it for everything."""
    gc.collect()
    gc.freeze()
