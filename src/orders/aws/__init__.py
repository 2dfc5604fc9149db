"""Access to AWS that every adapter uses.

settings.py  endpoint, region and profile from options and environment
clients.py   boto3 clients
names.py     the names of the stack's resources
measures.py  the CloudWatch metrics of the system, and their values by minute
rates.py     how many a minute, by CloudWatch's metrics; pure
tables.py    whether a table exists, and its deletion
errors.py    AWS's errors in words for operators
outage.py    an endpoint that stopped answering: since when
"""
