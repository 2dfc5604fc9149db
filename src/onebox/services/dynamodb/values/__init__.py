"""Attribute values, lists of like ones, keys and numbers: ``attributes.py``, ``rows.py``, ``keys.py``, ``numbers.py``.
Pure."""
