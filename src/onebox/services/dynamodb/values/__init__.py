"""Attribute values, their keys and numbers: ``attributes.py``, ``keys.py``, ``numbers.py``. Pure."""
