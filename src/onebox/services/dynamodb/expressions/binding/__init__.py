"""From parsed nodes to bound ones: names and values take the place of placeholders.

How it hangs together, top down::

    bindings.py                  the names and values of one request, and its expressions
    conditions.py  updates.py    the checks of each, in DynamoDB's order
    operands.py  functions.py    substitution, and which operands an operator or function accepts
    overlaps.py                  paths of which one contains or contradicts another

Knows nothing of items.
"""
