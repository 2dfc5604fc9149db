"""The entry point of the `orders` command. The Lambda handler is processor/lambda_handler.py."""
