"""The state of the running system.

status.py      topic, queues, function, table and alarms as one value
metrics.py     the AWS adapter: CloudWatch metrics and alarms
dashboards.py  the AWS adapter: CloudWatch dashboards and the series they show
"""
