"""Intake over HTTP: OrderIntake, a function behind a function URL, takes orders and publishes them to OrderTopic.

lambda_handler.py  what Lambda calls: makes the parts once, logs a line for each request
intake.py          the path of a request: route, caller, rate, body, idempotency key, publish, answer
http_request.py    a function URL's event as a request, bounded before it is decoded; pure
problems.py        refusals as problem documents (RFC 9457); pure
bodies.py          a body as the texts of its orders, each checked against the order contract; pure
results.py         what became of each order, as an HTTP answer; pure
callers.py         which caller a bearer token or a webhook signature belongs to; pure
webhooks.py        the signatures of Standard Webhooks; pure
idempotency.py     what a request with an idempotency key that is known means; pure
openapi.py         the OpenAPI document, made from the order contract; pure
ports.py           what the path needs from AWS
caller_store.py    the function's adapter of Parameter Store: the callers, kept for a minute
key_table.py       the function's adapter of the table of idempotency keys and request counts
topic.py           the function's adapter of SNS: publishes in batches
caller_admin.py    the operator's adapter of Parameter Store: adds, lists and removes callers
"""
