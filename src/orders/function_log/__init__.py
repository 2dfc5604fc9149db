"""OrderProcessor's log in CloudWatch Logs.

lines.py     parses one log line
failures.py  why messages failed, collected from lines
search.py    searches backwards in time, within a budget of calls
reader.py    the AWS adapter: reads the log group
"""
