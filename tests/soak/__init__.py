"""``make soak``: an hour at half of the machine's capacity, with a ledger that must be exact and nothing that grows.

traffic.py    what is published: orders, newer and older notifications of them, repetitions, invalid messages
publisher.py  publishes it, as fast as it can or at a steady rate
ledger.py     what must be in the table and in OrderDLQ, compared with what is there
box.py        the onebox under test, and all that can be asked of it
samples.py    what it held at each moment, and whether it grew
run.py        one whole run
"""
