"""All SQL of IAM, a file for each family of tables.

::

    roles.py  users.py  groups.py     the three kinds of entities
    entity_policies.py                inline policies and attachments of all three
    managed_policies.py               customer managed policies and their versions
    access_keys.py  sessions.py  service_credentials.py    credentials
    instance_profiles.py  server_certificates.py
"""
