-- The key with which onebox signs notifications, and its certificate; made when the first topic asks for signatures.
CREATE TABLE sns_signing_key (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    private_key BLOB NOT NULL,
    certificate BLOB NOT NULL
) STRICT;
