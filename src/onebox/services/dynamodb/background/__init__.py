"""Work that goes on beside the requests.

    loop.py        the two loops: one does steps of work that was begun, the other sweeps once a minute
    filling.py     filling new indexes, times of expiry, dropping rows of what was deleted
    sweeping.py    deleting expired items, old stream records, old versions of items, expired backups

Promises: small steps, each a job of its own, so that no request waits for long; goes on after a restart where it
stopped. Indexes and counts are right after every step.
"""
