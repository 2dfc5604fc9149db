-- The data protection policy of a topic, as it was put; NULL where there is none.
ALTER TABLE sns_topic ADD COLUMN data_protection_policy TEXT;

-- What a delivery status log says of the notification, where its topic asks for one.
ALTER TABLE sns_http_delivery ADD COLUMN described TEXT CHECK (described IS NULL OR json_valid(described));
