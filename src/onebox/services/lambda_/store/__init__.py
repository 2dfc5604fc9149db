"""The SQL of the Lambda service, a file per family of tables."""
