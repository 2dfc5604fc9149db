"""AWS Security Token Service: who calls, and temporary credentials.

How it hangs together, top down::

    service.py        the face to the gateway
    core.py           what operations work with
    authorization.py  the rights that a request requires
    operations/       identity.py, assume_role.py, account_sessions.py, and their table
    session_tags.py   the tags of a session: their rules
    session_policies.py  the policies that restrict a session
    errors.py  limits.py  validation.py

Sessions are stored by IAM (services/iam/credentials.py).
AWS: https://docs.aws.amazon.com/STS/latest/APIReference/
"""
