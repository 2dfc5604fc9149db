-- How far a mapping has read its stream: the id of the last record that its function has done with.
ALTER TABLE lambda_event_source_mappings ADD COLUMN position INTEGER;
