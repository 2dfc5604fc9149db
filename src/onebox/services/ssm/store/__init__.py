"""All SQL of the Parameter Store: parameters.py has both of its tables."""
