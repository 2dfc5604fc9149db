"""Publishing orders to OrderTopic.

message.py      the SNS message of an order: its text and the attributes that subscribers filter by
envelope.py     the CloudEvents envelope that a publisher may put around each order
order_files.py  orders from JSON, JSON Lines and CSV files, plain or gzipped
csv_orders.py   orders from CSV by a column mapping
ports.py        the interfaces of the topic and of the ledger, and SNS's limits
bulk.py         publishes many orders in batches over several connections
publisher.py    OrderPublisher and AsyncOrderPublisher, for a shop's own program
spool.py        where OrderPublisher keeps orders until SNS accepts them
ledger.py       which orders of a file were accepted, so that a run can resume
saved_progress.py  how far a long command has come, on disk
topic.py        the AWS adapter: OrderTopic in SNS
"""
