"""Modules that CloudFormation adds to the inline code of a function. They run in the function's process only."""
