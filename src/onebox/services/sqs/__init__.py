"""Amazon SQS: queues, messages and their visibility, dead-letter queues, FIFO queues, long polling.

The map of the folder, top down::

    service.py            the face to the gateway: operations, rights, start and stop
    authorization.py      the IAM actions and resources of a request; condition_keys.py: their condition keys
    operations/           a thin function for each API operation, by family; the table OPERATIONS
    internal.py           typed calls for SNS, Lambda and CloudWatch, inside their transaction
    core.py               the parts that every operation works with
    sending.py  receiving.py  in_flight.py  dead_letters.py  receive_attempts.py  expiry.py
    interrupted.py
                          what operations and internal.py share: the use cases
    queue_access.py       from a QueueUrl to the queue, and what the queue's policy allows
    looks.py              how much receives may remove in one turn of the event loop, and which poll looks next
    watchers.py           who waits for a queue's messages, and the timer for the next one that becomes visible
    background/           expired messages and purged queues (sweeper.py), message move tasks (mover.py)
    background_signals.py how operations tell the background work that there is something to do
    rules.py  attributes.py  redrive_policy.py  permissions.py  message_validation.py  message_attributes.py
    characters.py  message_view.py  batches.py  receipts.py  queue_urls.py  task_handles.py    pure
    store/                all SQL of the service, by table; arrivals.py: messages kept for their first receive
    model.py  limits.py  errors.py  metrics.py

Within the folder every moment (``now_ms``, ``_at_ms``) is steady time (:mod:`onebox.clock`): a wall clock that is
set does not move a visibility timeout, a delay or the retention. What is shown is converted to wall time.

AWS: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/
"""
