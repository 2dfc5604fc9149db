"""What lets the tests of AWS's behaviour run on any endpoint; see the map in ``tests/aws/__init__.py``."""
