"""What a history must satisfy: pure functions from operations to what is wrong with them.

find.py          what a checker reports
linear.py        is a history of one object linearizable? (Wing and Gong's search with Lowe's memory)
registers.py     items of a table, one object each
bank.py          transactions over several items, one object
batches.py       batches of messages as single operations
standard_queue.py  loss, phantoms, returns, visibility, dead letters
fifo_queue.py    the same for FIFO queues, order in each group, deduplication
streams.py       each committed change once, in order, nothing else
orders.py        one effect for each published order
alarms.py        the alarm's states against the queue that it watches
stacks.py        stacks and their resources agree
objects.py       objects of a bucket, one object each; lists
parameters.py    parameters with their versions, one object each
log_lines.py     each batch of lines whole, once, in its order, nothing else
rights.py        what a role may do, one object each
"""
