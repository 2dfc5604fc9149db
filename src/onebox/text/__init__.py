"""Rules for text that comes from outside, with bounded cost. Knows nothing of services.

::

    globs.py      ``*`` and ``?`` in linear time
    documents.py  JSON documents, bounded in size and depth
"""
