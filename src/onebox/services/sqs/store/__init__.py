"""All SQL of SQS, by table, and the mapping of rows to values. Knows no rule of SQS and no wire form."""
