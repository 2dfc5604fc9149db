-- Function URLs: one for a function ('' as qualifier) and one for each of its aliases.
CREATE TABLE lambda_function_urls (
    url_id TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    function_name TEXT NOT NULL,
    qualifier TEXT NOT NULL,
    auth_type TEXT NOT NULL CHECK (auth_type IN ('NONE', 'AWS_IAM')),
    invoke_mode TEXT NOT NULL CHECK (invoke_mode IN ('BUFFERED', 'RESPONSE_STREAM')),
    cors TEXT CHECK (cors IS NULL OR json_valid(cors)),
    created_at_ms INTEGER NOT NULL,
    modified_at_ms INTEGER NOT NULL,
    UNIQUE (account, region, function_name, qualifier),
    FOREIGN KEY (account, region, function_name) REFERENCES lambda_functions (account, region, name)
        ON DELETE CASCADE
) STRICT;
