"""Hostile requests, each sent while a neighbour's cheap requests are timed.

box.py      a onebox as a process of its own, and the neighbour
rows.py     the requests
crowds.py   many clients at once, and many resources
__main__.py ``make stalls``: all of them, as a table
"""
