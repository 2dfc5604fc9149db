"""AWS Identity and Access Management: users, groups, roles, their policies and keys, and every decision by them.

How it hangs together, top down::

    service.py        the face to the gateway
    core.py           the stores, the policies in force and the issued credentials: what operations work with
    authorization.py  the rights that a request to IAM itself requires
    operations/       a file for each family of operations, and their table
    internal.py       what other services and the gateway ask: may the caller? whose key is this?
    permissions.py    the policies that bind a principal, kept in memory
    credentials.py    access keys and sessions: issued, found, ended
    refusals.py       the last refusals with their deciding statements
    request_keys.py   the condition keys that every request has
    entities.py       how roles, users and groups are found and limited
    builtin_user.py   the user that plain credentials stand for
    aws_policies.py   AWS's own managed policies
    policy.py  conditions.py  patterns.py    the evaluator: pure
    certificates.py   when a certificate expires: pure
    first_admin.py    the first administrator, for the command line
    policy_grammar.py the rules for policy documents: pure
    store/            all SQL
    model.py  limits.py  errors.py  validation.py

AWS: https://docs.aws.amazon.com/IAM/latest/APIReference/
"""
