"""All SQL of DynamoDB, a file for each family of tables; nothing here decides.

Promises: every statement is one index search or one index range. These stores are the only writers of the
``dynamodb_*`` tables. Writes are called inside ``storage.run``.
"""
