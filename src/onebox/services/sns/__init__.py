"""Amazon SNS: topics, subscriptions with filter policies, fan-out to queues, functions and HTTP endpoints.

The map of the folder, top down::

    service.py            the face to the gateway: operations, rights, start and stop
    authorization.py      the IAM actions and resources of a request; condition_keys.py: their condition keys
    operations/           a thin function for each API operation, by family; the table OPERATIONS
    internal.py           publishing for CloudWatch, inside its transaction
    core.py               the parts that every operation works with
    fanout.py             one message to all subscriptions of its topic
    fanout_turns.py       fan-outs to many subscriptions, turn by turn
    delivery_status.py    what became of deliveries, in CloudWatch Logs (feedback.py: which topics want it)
    signatures.py         the key that signs notifications (signing.py: the algorithm)
    http_outbox.py        requests to HTTP endpoints, stored with the publish
    background/           sending them, with retries (http_sender.py, http_client.py)
    topic_access.py       from a TopicArn to the topic, and what the topic's policy allows
    topic_cache.py        the topics in use, with policies and filters compiled
    neighbours.py         what SNS needs of SQS and Lambda
    message.py  envelope.py  filter_policy.py  filter_conditions.py  filter_validation.py
    delivery_policy.py  topic_attributes.py  subscription_attributes.py
    booleans.py  feedback.py  phone_numbers.py  condition_keys.py    pure
    store/                all SQL of the service, by table
    model.py  limits.py  errors.py

AWS: https://docs.aws.amazon.com/sns/latest/api/welcome.html
"""
