"""Amazon SQS: queues, messages and their visibility, dead-letter queues, FIFO queues, long polling.

How it hangs together, top down::

    service.py       the class the engine builds: the table of operations, start and stop
    operations/      one thin function for each API operation, by family: wire dict in, wire dict out
    sending.py  receiving.py  settling.py  redriving.py    what operations and internal.py share: the use cases
    internal.py      typed calls for SNS, Lambda and CloudWatch, inside their transaction
    waiting.py       who waits for a queue's messages, and the timer for the next one that falls due
    sweeping.py  moving.py    background: expired and abandoned messages; message move tasks
    rules.py  attributes.py  redrive_policy.py  drafts.py  message_attributes.py  batches.py  receipts.py    pure
    store/           all SQL of the service, by table
    model.py  limits.py  errors.py

AWS: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/
"""
