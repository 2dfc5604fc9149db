"""Tracks one published order until it is stored or dead-lettered.

journey.py  the steps of an order and what each observation means; pure
trace.py    the AWS adapter: looks for the order in the log, the table and OrderDLQ
"""
