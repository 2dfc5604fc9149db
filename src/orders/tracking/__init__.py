"""Tracks one published order until it is stored or dead-lettered, and finds what an id names.

journey.py         the steps of an order and what each observation means; pure
trace.py           the AWS adapter: looks for the order in the log, the table and OrderDLQ
search.py          finds what a text names: an order, a user, a message or a request
search_sources.py  the AWS adapter of the search
"""
