"""orders: an event-driven order backend on SNS, SQS, Lambda and DynamoDB, and the command that runs it."""

__version__ = "0.1.0"
