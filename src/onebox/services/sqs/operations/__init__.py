"""The API of SQS, a thin function for each operation, by family."""
