"""Tests of AWS's behaviour, for any endpoint: `make test` runs them on onebox, `make test-aws` on AWS and others.

A test belongs here if it states what AWS answers, through the public API, with values from AWS's documentation or from
answers recorded on AWS. It knows nothing of onebox: no manual clock, no restart, no second account. docs/testing.md
has the commands, the costs and the safety measures.

Each test follows these rules:
    names       every resource has a name made by ``unique(label)``; the clean-up finds what a run made by its prefix
    lists       it looks for its own resources only, because an account holds others
    waiting     ``until(ask, what)`` asks until a state is reached; no test waits for a duration
    effects     nothing leaves the account: no e-mail, no text message, no request to other hosts
    differences ``@pytest.mark.differs(service, words)`` names a sentence of docs/compatibility.md: onebox differs on
                purpose, so on AWS the test must fail

The parts, in the order in which a run uses them:
    __main__.py            the command of `make test-aws`
    harness/places.py      where the tests run, and what is refused
    harness/estimate.py    calls and dollars, before anything is spent
    harness/run.py         one run: rehearse, confirm, test, clean up
    harness/names.py       the prefix of a run
    harness/counting.py    counts the calls of all clients
    harness/differences.py the differences that docs/compatibility.md lists
    harness/leftovers.py   how each kind of resource is found and deleted
    harness/cleaning.py    deletes until nothing is left
    conftest.py            the fixtures
    support.py             what the tests of several services share
    functions.py queues.py stacks.py tables.py topics.py    what the tests of one service share
"""
