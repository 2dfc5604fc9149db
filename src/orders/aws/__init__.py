"""Access to AWS that every adapter uses.

settings.py  endpoint, region and profile from options and environment
clients.py   boto3 clients
names.py     the names of the stack's resources
tables.py    whether a table exists, and its deletion
errors.py    AWS's errors in words for operators
outage.py    an endpoint that stopped answering: since when
"""
