"""The query language of Logs Insights.

How a query becomes rows, top down::

    planner.py        from commands to a pipeline of stages, with its columns and limit
    parser.py         from tokens to commands and expressions; lexer.py, nodes.py
    stages.py         what each command does with a stream of rows
    expressions.py    compiled expressions; functions.py, aggregates.py, captures.py
    row.py            an event as a row, with the fields that are found in it
    values.py         numbers, texts and moments

Pure. Every regular expression of a query is RE2's; every walk over outside text is linear.
AWS: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html
"""
