"""The operator's levers: what changes the running system within seconds, by command and in the console.

levers.py    pause, resume, concurrency, rollback
silence.py   alarms acknowledged or silenced for a time; pure
alarms.py    the AWS adapter: alarms and their silence
"""
