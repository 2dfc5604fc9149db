"""Rules for text that comes from outside, with bounded cost. Knows nothing of services.

::

    globs.py      ``*`` and ``?`` in linear time
"""
