"""Checks of a deployed system.

checks.py      what is checked, in which order
judgements.py  what is good, a warning or a failure, and the advice
options.py     checks of the optional parts that are switched on
results.py     what a check results in
inspection.py  the AWS adapter: what the checks read
"""
