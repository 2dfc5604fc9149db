"""The state of the running system.

status.py      topic, queues, function, table and alarms as one value
alarms.py      alarms in plain words; pure
backlog.py     how fast the backlog drains, and when it will be done; pure
counting.py    reads both queues and what is failing in the log
counts.py      orders that wait, are in flight, are failing, have failed: one value for all views
options.py     the optional parts: intake, history, archive, replays; pure
option_reader.py  reads them
metrics.py     the AWS adapter: CloudWatch's values and alarms, and each part
dashboards.py  the AWS adapter: CloudWatch dashboards and the series they show
"""
