"""All SQL of CloudWatch, a file for each family of tables."""
