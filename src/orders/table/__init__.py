"""The Orders table, read by operators.

query.py        finds orders by user, status and time, page by page
changes.py      which orders were stored since the last poll
verify.py       compares published files with the table and both queues
order_table.py  the AWS adapter: the table in DynamoDB
whole_orders.py orders whose body is kept in S3, read whole
"""
