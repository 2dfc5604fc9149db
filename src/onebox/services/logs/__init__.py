"""Amazon CloudWatch Logs: groups, streams, events, searches, Insights queries, metric and subscription filters.

How it is laid out, top down::

    service.py          the class that the engine builds: bound operations, start and stop
    core.py             the parts that every operation works with
    authorization.py    the actions, resources and condition keys of a request; condition_keys.py
    operations/         a function for each API operation, by family
    search.py           looking for events that match a pattern, in slices
    ingest.py           adding events: storage, metrics of the service, metric filters, embedded metrics
    live_tail.py        sessions that are shown new events
    internal.py         what other services call, inside their transaction
    background/         work that runs by itself: removing expired and deleted events, delivering subscribed ones,
                        running queries
    insights/           the query language of Logs Insights
    patterns/           filter patterns: terms, JSON, space-delimited
    metric_filters.py  embedded_metrics.py    from log lines to metric samples
    destinations.py  subscription_messages.py    where subscribed events go, and in which form
    tokens.py  validation.py    event ids and page tokens; checks of parameters
    store/              all SQL of the service
    model.py  limits.py  errors.py

AWS: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/
"""
