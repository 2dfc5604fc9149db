"""Claim checks as publishers and operators use them: orders in S3 that are too large for a message or for the table.

bucket.py   the AWS adapter: the claims bucket, written and read
reading.py  the order that a message points to, and the whole order of which the table holds the head

The rules are in domain/claims.py and domain/bodies.py; processor/claims.py is what OrderProcessor does.
"""
