"""What the disk and other programs do to the clients of a running onebox: their waits, measured.

::

    __main__.py   ``make neighbours``: every situation at full size, as a table
    scenarios.py  the situations: foreign readers and writers, backups, deletions, a worker replaced
    box.py        a onebox on a data folder, filled with items
    client.py     the neighbour: a process that asks at a steady rate and counts its waits
    starvation.py how much of a wait was for a core
"""
