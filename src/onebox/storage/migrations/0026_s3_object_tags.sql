-- Tags of objects and of uploads that will become objects: JSON object of key to value.
ALTER TABLE s3_object ADD COLUMN tags TEXT NOT NULL DEFAULT '{}';
ALTER TABLE s3_upload ADD COLUMN tags TEXT NOT NULL DEFAULT '{}';
