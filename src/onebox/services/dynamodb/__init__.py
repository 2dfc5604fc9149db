"""Amazon DynamoDB: tables, items, indexes, expressions, transactions, PartiQL.

Promises: every write, with its index entries and counts, is one atomic piece of the group transaction; reads see
all that was written before them, so that every read is a consistent one.

How it hangs together, top down::

    service.py          the face to the gateway; the catalog builds it
    authorization.py    the IAM actions and resources of a request; condition_keys.py: their condition keys
    operations/         a file for each family of operations; the table OPERATIONS
    internal.py         streams, their shards and records, for Lambda and the DynamoDB Streams service
    core.py             the parts that operations work with
    constraints.py  wire_types.py  parameter_styles.py    what a request must hold before anything else is judged
    request_values.py   the values of a large request, checked beside the event loop
    write_requests.py  key_updates.py  key_conditions.py  start_keys.py  legacy.py    requests, as writes and conditions
    writes.py  transactions.py      deciding and storing writes
    index_entries.py    what a write changes in the indexes
    change_records.py  stream_settings.py   the records of a table's stream
    reads.py  pages.py  ranges.py   Query and Scan
    partiql/  expressions/          the two languages, over one token_stream.py
    background/         filling and dropping indexes, dropping tables, time to live, copying in steps
    recovery/           on-demand backups and point-in-time recovery
    table_cache.py      tables by name, in memory
    store/              all SQL
    schema.py  table_changes.py  table_settings.py  description.py  capacity.py  validation.py    pure
    values/             attribute values, rows of them, keys, numbers
    model.py  limits.py  errors.py

AWS: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/
"""
