-- What administrators here allow over one connection (behaviour 8.6): the rules as JSON. No row: every rule its default.
CREATE TABLE connection_policies (
    remote_id TEXT PRIMARY KEY,
    policy TEXT NOT NULL,
    update_at BIGINT NOT NULL
);
