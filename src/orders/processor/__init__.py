"""OrderProcessor, the Lambda function. Standard library and domain/ only: this folder is the function's package.

lambda_handler.py    what Lambda calls; answers which messages failed, writes the log lines
consume.py           stores a batch, one outcome for each record
breaker.py           whether the table is worth a call, kept from batch to batch
outcomes.py          a record of a batch, and what became of it
notices.py           what arrived and changed nothing, for an order's history
record_notices.py    writes them, with retries
dynamodb_events.py   the table of order events: INSERTs that never overwrite
ports.py             the interface of the table that consume.py needs
dynamodb_store.py    that interface on DynamoDB (PartiQL batch inserts, conditional writes)
dynamodb_client.py   DynamoDB's calls, and what its refusals mean for an order
attribute_values.py  JSON to DynamoDB attribute values and back
next_try.py          when an order that was not stored is tried again: the rules
give_back.py         applies them: shortens visibility timeouts, sets orders aside
queue_client.py      OrderQueue's calls
aws_json_client.py   signed HTTPS calls to both services without boto3
http_connection.py   the kept connection under them
claims.py            orders that came by claim check: read from S3, checked, reduced to what the table holds
s3_client.py         the claims bucket's calls
signature.py         Signature Version 4, and the function's credentials and endpoints
tracing.py           the trace that a message belongs to
metrics.py           business metrics of a batch in the embedded metric format
crash_line.py        the log line of a batch that ended with an exception
"""
