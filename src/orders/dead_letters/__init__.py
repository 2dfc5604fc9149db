"""Failed orders in OrderDLQ.

reasons.py  joins OrderDLQ with the function's log: why each order failed
redrive.py  groups failed orders by reason, sends them back or deletes them
queues.py   the AWS adapter: OrderQueue and OrderDLQ in SQS
"""
