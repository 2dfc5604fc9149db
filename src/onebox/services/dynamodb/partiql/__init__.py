"""PartiQL: statements in the place of item operations.

How it hangs together, top down::

    execution.py    runs statements through the same reads and writes as the item operations
    plan.py         from a WHERE clause to a key, or to the partitions to read
    parser.py       statements; terms.py  values.py  paths.py: what they hold
    lexer.py  nodes.py

AWS: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.html
"""
