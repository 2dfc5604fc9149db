"""The order itself: pure rules, no AWS.

order.py            parses a message body into an Order; decimals are exact
contract.py         the order contract: what each known field must hold
contract_schema.py  the contract as JSON Schema and as tables
limits.py           what DynamoDB can hold: numbers, depth, names, texts, size
violations.py       every violation in an order, not only the first
form.py             an order typed into a form
precedence.py       which of two notifications of one order wins
times.py            moments and durations as people write them

Imports the standard library, errors.py and clock.py only. contract.py, limits.py, order.py and precedence.py are
part of the function's package.
"""
