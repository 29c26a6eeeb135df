CREATE TABLE ledger_peers (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    remote_id TEXT NOT NULL,
    name TEXT NOT NULL,
    site_url TEXT NOT NULL,
    UNIQUE (remote_id, name, site_url)
);

CREATE TABLE ledger (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at BIGINT NOT NULL,
    peer BIGINT NOT NULL,
    remote_id TEXT NOT NULL,
    channel_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    past TEXT NOT NULL,
    item_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    name TEXT NOT NULL,
    size BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    state TEXT NOT NULL
);
CREATE INDEX ledger_channel ON ledger (channel_id, at, id);
CREATE INDEX ledger_remote ON ledger (remote_id, at, id);
