-- Repositories of the container registry.
CREATE TABLE ecr_repository (
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL,
    settings TEXT NOT NULL CHECK (json_valid(settings)),
    policy TEXT,
    lifecycle_policy TEXT,
    lifecycle_evaluated_at_ms INTEGER,
    tags TEXT NOT NULL CHECK (json_valid(tags)),
    PRIMARY KEY (account, region, name)
) STRICT, WITHOUT ROWID;
