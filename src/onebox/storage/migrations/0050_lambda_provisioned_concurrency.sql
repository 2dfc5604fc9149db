-- Provisioned concurrency: how many execution environments are kept ready for a version, or for the version that an
-- alias stands for.
CREATE TABLE lambda_provisioned_concurrency (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    function_name TEXT NOT NULL,
    qualifier TEXT NOT NULL,
    requested INTEGER NOT NULL CHECK (requested > 0),
    modified_at_ms INTEGER NOT NULL,
    PRIMARY KEY (account, region, function_name, qualifier),
    FOREIGN KEY (account, region, function_name) REFERENCES lambda_functions (account, region, name)
        ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
