"""OrderProcessor's log in CloudWatch Logs.

lines.py     parses one log line
crashes.py   calls that ended without an answer: exceptions, timeouts, exits of the runtime
failures.py  why messages failed, collected from lines
failing.py   which orders fail now: which try, when the next, why
search.py    searches backwards in time, within a budget of calls
reader.py    the AWS adapter: reads the log group
"""
