"""Erasing a person: every copy of a customer's orders that the system can reach, and what is left until when.

person.py          whose copies are erased, and whether a text is one; pure
report.py          what was found, erased and left at each place; pure
ports.py           what erasing needs of a place
erase.py           the order of the steps, and why it can be repeated
table_copies.py    the AWS adapter: the tables Orders and OrderEvents
queue_copies.py    the AWS adapter: messages that wait or failed
archive_copies.py  the AWS adapter: the archive's objects in S3, their versions included
claim_copies.py    the AWS adapter: orders in S3 that are too large for a message or an item
spool_copies.py    orders that wait in a publisher's spool on disk
remains.py         the AWS adapter: what no command can erase, and until when it is kept
"""
