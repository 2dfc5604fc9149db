"""Hostile requests, each sent while a neighbour's cheap requests are timed.

box.py      a onebox as a process of its own, and the neighbour
rows.py     the requests
__main__.py ``make stalls``: all of them, as a table
"""
