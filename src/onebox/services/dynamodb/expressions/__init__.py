"""DynamoDB's expression language: conditions, filters, key conditions, projections, updates.

How it hangs together, top down::

    binding/        names and values put in the place of placeholders; what only they show to be wrong
    parsing/        from text to nodes; what the text alone shows to be wrong
    lexer.py  reserved.py
    conditions.py  projections.py  updates.py    applied to an item; PartiQL and the older parameters end here too
    paths.py  nodes.py

AWS: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.html
"""
