"""All SQL of S3, a file for each family of tables."""
