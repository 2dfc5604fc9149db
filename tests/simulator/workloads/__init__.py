"""What the clients do. A workload has a step that any client may take at any time, and an end that reads what is left.

queues.py     a queue with its dead-letter queue, standard or FIFO
registers.py  items of a table with a stream
bank.py       transactions over several items
orders.py     orders through a topic, a queue and a function into a table
alarm.py      the alarm on the orders' dead letters
stacks.py     stacks that are created, updated, rolled back and deleted
objects.py    objects of a bucket
parameters.py parameters of Systems Manager
log_lines.py  lines of a log
rights.py     rights of a role
keys.py       keys that give way to new ones
"""
