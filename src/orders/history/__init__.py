"""The history of an order: every change of its stored item, and what arrived and changed nothing.

changes.py         what a record of the table's stream means: an event, and a message for subscribers; pure
lambda_handler.py  OrderHistory, the function on the stream: writes the events, publishes the changes
timeline.py        the events of one order in order of time, and how they read
event_table.py     the AWS adapter: the table OrderEvents, read and deleted
"""
