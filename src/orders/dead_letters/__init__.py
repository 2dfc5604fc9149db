"""Failed orders in OrderDLQ.

reasons.py   FailedOrder: a message of OrderDLQ joined with the reason from the log
grouping.py  groups failed orders by reason; selects them by id or reason
bulk_edit.py one change applied to many failed orders
outcomes.py  the results of orders that were sent back
redrive.py   sends failed orders back to OrderQueue, or deletes them
messages.py  messages, and the interface of a queue that redrive.py needs
claimed.py   messages that point to orders in S3
reader.py    reads OrderDLQ together with the log
queues.py    the AWS adapter: OrderQueue and OrderDLQ in SQS

The vocabulary of failures in this package:
- FailedOrder: an order in OrderDLQ, with the reason it failed. Always "failed order", in code and texts.
- LoggedFailure (function_log/failures.py): what the function's log says about one failed message.
- BatchError: why SQS did not send or delete one message of a batch.
- Rejection (publishing/ports.py): why SNS did not accept one message of a batch. Refusal (publishing/bulk.py): an order
  that was not published, with the reason.
- OrderRejected, OrderUnavailable, OperatorError (errors.py): exceptions, by who can fix them.
- aws/errors.py describes AWS's errors for operators.
"""
