"""The order itself: pure rules, no AWS.

order.py            parses a message body into an Order, with exact decimals
amounts.py          amounts with the decimals of their currency
contract.py         the order contract: the type and limits of each known field
contract_schema.py  the contract as JSON Schema and as tables
cloud_events.py     an order as the data of a CloudEvent
asyncapi.py         the contract as an AsyncAPI 3 document
schema_shape.py     what a JSON Schema asserts, read into a value
schema_compatibility.py  what a change of the schema breaks, and for whom
limits.py           what DynamoDB can hold: numbers, depth, names, texts, size
value_count.py      how many values an order may hold
violations.py       every violation in an order, not only the first
form.py             converts between form fields and an order
personal.py         an order without what tells who the customer is
precedence.py       which of two notifications of one order wins
claims.py           pointers to orders in S3 that are too large for a message
sizes.py            how large an order may be as a message, as an item, by claim check
stored_item.py      what an item holds beside the order's own fields
bodies.py           orders that are too large for an item: the head, and the body in S3
differences.py      what differs between two versions of an order
history.py          the events of an order, and the keys under which each is stored once
trace_context.py    trace ids in W3C's and X-Ray's form
times.py            parses timestamps and durations

Imports the standard library, errors.py, clock.py and json_text.py only. bodies.py, claims.py, cloud_events.py,
contract.py, differences.py, history.py, limits.py, order.py, precedence.py, sizes.py, stored_item.py and value_count.py
are part of the functions' package.
"""
