-- Settings of functions that are stored and shown: recursion, runtime management, the code signing configuration.
-- The qualifier is '' for the function itself.
CREATE TABLE lambda_function_settings (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    function_name TEXT NOT NULL,
    qualifier TEXT NOT NULL,
    name TEXT NOT NULL CHECK (name IN ('recursion', 'runtime', 'code-signing')),
    setting TEXT NOT NULL CHECK (json_valid(setting)),
    PRIMARY KEY (account, region, function_name, qualifier, name),
    FOREIGN KEY (account, region, function_name) REFERENCES lambda_functions (account, region, name)
        ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE lambda_code_signing_configs (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    id TEXT NOT NULL,
    configuration TEXT NOT NULL CHECK (json_valid(configuration)),
    PRIMARY KEY (account, region, id)
) STRICT, WITHOUT ROWID;
