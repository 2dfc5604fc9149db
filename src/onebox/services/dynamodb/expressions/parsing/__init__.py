"""From the text of an expression to nodes; each text is parsed once, results are shared through a cache.

How it hangs together, top down::

    conditions.py  updates.py  projections.py    the three grammars, and what is wrong with a text that parses
    paths.py  operands.py                        what the grammars share
    findings.py                                  which of several faults is reported

Knows nothing of names, values and items: those come in with ``expressions/binding``.
"""
