"""The console: the order system in a browser. A Starlette app over the same features as the command line.

app.py                 assembles the app; server.py runs it on a socket; settings.py holds its options
context.py             what every page needs: settings, clients, jobs, live data
page_route.py          routes of pages: each waits briefly for a fresh snapshot
guard.py               access: host, origin, token, CSRF, read-only; the headers of every response
forms.py               routes for POST requests; audit.py records every change
live.py                the state of the system, read once and shared by all open pages; reading.py reads it
sse.py                 server-sent events
tail.py                the end of the log, read once for all pages that follow it
dlq_operations.py      reads, redrives, edits and purges OrderDLQ; dlq_snapshot.py is OrderDLQ as it was read last
outbox_reading.py      the outbox of the shop's database
overview.py            the four charts that lead the metrics page
metrics_board.py       the data of the charts; dashboard.py parses a dashboard, packaged_dashboard.py is the template's
verdict.py             the headline of the pipeline page
ranges.py              time ranges of the charts; charts.py draws sparklines
jobs.py                background work that outlives a request
resends.py             follows orders that were sent back
order_checks.py        what would be said of orders that are to be published
order_pages.py         a page of a search for orders, and its count
fields.py              the fields of a page's address
arns.py                names of resources and links to the AWS console
render.py              templates and their filters
pages/                 a file for each page: its routes and what it shows
assets.py              serves static/ from memory
templates/ static/     what the browser gets; static/vendor/ holds third-party code with versions and licences
"""
