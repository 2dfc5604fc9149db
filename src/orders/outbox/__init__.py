"""The transactional outbox: orders that a shop commits with its own data are published to OrderTopic.

A shop calls ``add`` in its transaction, or inserts the row itself. ``orders relay run`` publishes the committed rows.

names.py     the table's name
adding.py    add(): a row in the shop's own transaction
table.py     the tables, and the SQL that makes them
database.py  opens a database: URL, driver, version, errors
rows.py      the values: rows, refusals, outcomes
planning.py  which rows of which orders a relay claims; pure
queue.py     which claimed rows may be sent now, in which batches; pure
store.py     the SQL of a relay
claims.py    claims rows for one relay, so that relays do not send the same order at a time
sending.py   sends claimed rows over several connections
waking.py    waits for new rows: PostgreSQL's LISTEN, or polling
relay.py     the loop: claim, send, record, wait
report.py    what a relay reports about itself
refused.py   lists, retries and drops refused rows
status.py    the state of an outbox at one moment
"""

from orders.outbox.adding import add

__all__ = ["add"]
