"""Hostile requests, each sent while a neighbour's cheap requests are timed.

box.py       a onebox as a process of its own, and the client that attacks it
neighbour.py the neighbour, a process of its own: how long it waits
rows.py      the requests; dynamodb.py: those to DynamoDB
row.py       what a row is, and the ways to send its request
crowds.py    many clients at once, and many resources
queues.py    full queues and wide topics
accounts.py  accounts full of policies, users and objects
answers.py   answers that take long to make
loop.py      the same measured inside onebox: processor time of the event loop's turns
__main__.py  ``make stalls``: all of them, as a table
"""
