"""One SQLite file that keeps everything, and the promise that what was acknowledged is in it.

How it hangs together, top down::

    starting.py      from a file to a database that may be served; what is wrong with it, said before the start
    database.py      the group transaction in which every write lives; effects that run after its commit
    commit_timer.py  when the open group is committed
    effects.py       what runs after the commit; one that fails takes no other with it
    log_sync.py      committed groups onto the disk: the sync of the log, on the event loop or beside it
    sync_pace.py     which of the two, by the time that syncs take
    foreign_lock.py  another program holds the write lock: one probe, everybody else waits for it
    checkpoint.py    from the write-ahead log into the database file, beside the event loop
    clock_keeper.py  the steady time, kept for the next process
    reserved_numbers.py  rising numbers that no later process gives again
    space.py         space of deleted rows goes back to the disk, in slices
    read_ahead.py    the database file into the machine's page cache, before the event loop has to wait for the disk
    page_cache.py    what Linux reports about that cache, and reading into it
    opening.py       connections: durability, checksums of pages, limits
    log_file.py      the log as a file: was it cut short, and how much is missing
    copies.py        backup, restore, check and compact
    database_file.py whether a path names a database of onebox
    packing.py       large texts are stored compressed
    migrate.py  migrations/    the schema, script by script
    schema.py   schema.sql     the schema of a new database, in one script
    folder.py        the data folder and its lock
    faults.py        which errors are faults of the disk, and the operator's message
"""
