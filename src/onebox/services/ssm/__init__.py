"""AWS Systems Manager's Parameter Store: named values with versions, labels and tags.

How it hangs together, top down::

    service.py        the face to the gateway
    authorization.py  the rights that a request requires
    operations/       writing, reading, listing, labels and tags, and their table
    core.py           what operations work with
    filters.py        which parameters a listing asks for: pure
    names.py          names, paths, ARNs and selectors of parameters: pure
    store/            all SQL
    model.py  limits.py  errors.py  validation.py

AWS: https://docs.aws.amazon.com/systems-manager/latest/APIReference/
"""
