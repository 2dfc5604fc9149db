"""All SQL of CloudWatch Logs, a file for each family of tables."""
