"""The audit log: every change that an operator made, by command or in the console.

entries.py  one entry and its JSON line; pure
log.py      the AWS adapter: writes to the audit log group and reads it back
"""
