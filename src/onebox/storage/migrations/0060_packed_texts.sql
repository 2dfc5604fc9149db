-- Large texts are stored compressed (storage/packing.py): bodies of messages in a column of their own, since a TEXT of a
-- STRICT table takes no bytes; items of DynamoDB in theirs, which tells both forms apart. What is there stays as it is.
-- The number keeps earlier versions, which cannot read the new form, from opening the database.
ALTER TABLE sqs_body ADD COLUMN packed BLOB;  -- instead of body, which is then ''
