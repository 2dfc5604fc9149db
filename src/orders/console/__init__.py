"""The console: the order system in a browser.

    server.py     runs the app on a socket; app.py puts it together
    guard.py      who may ask: host, origin, token, CSRF, read-only; the headers of every answer
    live.py       one reading of the system, shared by all open pages; sse.py sends it
    tail.py       the end of the log, read once for all pages that follow it
    reading.py    what is read how often
    fields.py     what a page is asked for in its address
    render.py     templates and what they may use
    jobs.py       work that outlives a request; audit.py tells of every change
    pages/        a file a page: its routes and what it shows; pages/__init__.py lists them
    templates/ static/    what the browser gets; static/vendor/ holds what others wrote, with versions and licences

It uses the AWS API alone, through the same features as the command line, so AWS and onebox look alike.
"""
