"""Amazon S3: buckets, objects with their versions, uploads in parts, settings of buckets, lifecycle.

How it is laid out, top down::

    service.py          the class that the engine builds: bound operations, start and stop
    core.py             the parts that every operation works with
    authorization.py    the actions, resources and condition keys of a request
    operations/         a function for each API operation, by family
    bodies.py           large bodies, stored and read a slice at a time
    objects.py          what operations on objects share: writing, finding and deleting versions
    internal.py         what other services call, inside their transaction
    events.py           the events of objects, stored with the change that causes them
    destinations.py     where events go: queues, topics, functions
    background/         the daily walk of lifecycle rules; the delivery of events; the deletion of unused bytes
    listing.py  listing_sources.py    pages with prefixes and delimiters
    notification_rules.py  event_records.py    who is notified of an event, and the notification's form
    tagging.py  encryption.py  condition_keys.py  copy_source.py
    headers.py  integrity.py  checksums.py  lifecycle.py  post_policy.py  refusals.py  rules.py    what they decide
    store/              all SQL of the service
    model.py  limits.py  errors.py

Not offered, and refused: SSE-C, object lock, replication, website hosting, select. AWS:
https://docs.aws.amazon.com/AmazonS3/latest/API/
"""
