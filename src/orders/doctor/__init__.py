"""Checks of a deployed system.

checks.py      what is checked, and the advice for each failure
inspection.py  the AWS adapter: what the checks read
"""
