"""The order system on one machine.

demo.py            what `orders demo` publishes and how it summarizes the log
onebox_process.py  runs onebox as a child process
sample/            500 real orders with their licence
"""
