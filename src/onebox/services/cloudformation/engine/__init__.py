"""The engine: brings stacks to where their templates want them, and survives being cut off at any moment."""
