"""Amazon DynamoDB Streams: reading what changed in a table, in order, for 24 hours.

The records are DynamoDB's own, written in the transaction of each change (services/dynamodb/change_records.py); this
service only reads them. A stream has one shard: the order of its records is the order of all changes of the table.

How it hangs together, top down::

    service.py          the face to the gateway; the catalog builds it
    authorization.py    the IAM actions and resources of a request
    operations/         DescribeStream and ListStreams; GetShardIterator and GetRecords
    core.py             the parts that operations work with
    iterators.py        shard iterators: a place in a shard, opaque to the client
    errors.py

AWS: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations_Amazon_DynamoDB_Streams.html
"""
