"""Attribute values, those that were checked before, lists of like ones, keys and numbers: ``attributes.py``,
``checked.py``, ``rows.py``, ``keys.py``, ``numbers.py``. Pure."""
