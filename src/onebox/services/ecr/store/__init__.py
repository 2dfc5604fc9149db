"""All SQL of the container registry: repositories.py has its table."""
