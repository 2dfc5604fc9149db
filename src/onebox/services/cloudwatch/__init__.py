"""Amazon CloudWatch: metrics, alarms, dashboards.

How it is laid out, top down::

    service.py          the class that the engine builds: bound operations, start and stop
    core.py             the parts that every operation works with
    authorization.py    the actions, resources and condition keys of a request; condition_keys.py
    operations/         a function for each API operation, by family
    collector.py        stores what the services recorded and what their gauges show; gauges.py
    reader.py  metric_queries.py  metric_search.py    from stored rows to statistics by period
    metric_math/        expressions: parser, evaluation, functions
    alarms/             rules of alarms: checks, evaluation, composite rules, reasons, notifications, transitions
    background/         work that runs by itself: the schedule, the evaluation of alarms, the roll-up
    statistics.py  dashboard_body.py  arns.py  validation.py    pure
    store/              all SQL of the service
    model.py  limits.py  errors.py

AWS: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/
"""
