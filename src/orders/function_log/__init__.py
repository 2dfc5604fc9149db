"""OrderProcessor's log in CloudWatch Logs.

lines.py   parses one log line
search.py  searches backwards in time, within a budget of calls
reader.py  the AWS adapter: reads the log group
"""
