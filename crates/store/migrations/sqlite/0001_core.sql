CREATE TABLE events (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    at BIGINT NOT NULL,
    scope TEXT NOT NULL,
    origin TEXT NOT NULL,
    body TEXT NOT NULL
);

CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    remote_id TEXT NOT NULL,
    channel_id TEXT NOT NULL,
    result TEXT NOT NULL,
    detail TEXT NOT NULL
);
