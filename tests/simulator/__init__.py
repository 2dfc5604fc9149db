"""A simulator of the whole of onebox: one process, one thread, one seed.

machine.py      the clocks, and all chance of a run
loop.py         the event loop on which onebox and its clients run: its timers, threads, sockets, processes
wires.py        connections between them
network.py      who listens, connects and runs
disk.py         the disk under SQLite: power cuts, torn and reordered writes, failures
life.py         one life of onebox, from its start to its death
functions.py    what functions' processes do, and how they misbehave
requests.py     requests and answers as bytes
calls.py        a call over the network, with every way to fail
client.py       a client that retries, gives up or vanishes, and writes down what it knows
history.py      what they wrote down, in Jepsen's form
workloads/      what clients do, a file for each kind of work
template.py     the stack that they work on
plan.py         what a seed's run does
faults.py       the faults of a run
world.py        a run
running.py      runs one after the other
planted.py      bugs for onebox, to prove that the simulator finds them
checkers/       what a history must satisfy
short.py        the short form for ``make test``
__main__.py     ``make simulate``
"""
