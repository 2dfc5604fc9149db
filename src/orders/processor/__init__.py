"""OrderProcessor, the Lambda function. Standard library and domain/ only: this folder is the function's package.

lambda_handler.py    what Lambda calls; answers which messages failed, writes the log lines
consume.py           stores a batch, one outcome for each record
ports.py             the interface of the table that consume.py needs
dynamodb_store.py    that interface on DynamoDB (PartiQL batch inserts, conditional writes)
dynamodb_client.py   signed HTTPS calls to DynamoDB without boto3
attribute_values.py  JSON to DynamoDB attribute values and back
metrics.py           business metrics of a batch in the embedded metric format
"""
