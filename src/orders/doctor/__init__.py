"""Checks of a deployed system.

checks.py      what is checked, and the advice for each failure
options.py     checks of the history and the archive, where they are switched on
results.py     what a check results in
inspection.py  the AWS adapter: what the checks read
"""
