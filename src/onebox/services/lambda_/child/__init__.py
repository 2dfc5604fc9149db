"""What runs inside a function's own process. Imports nothing of onebox: the interpreter may be another one."""
