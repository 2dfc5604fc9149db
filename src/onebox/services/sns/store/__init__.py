"""All SQL of SNS, by table, and the mapping of rows to values."""
