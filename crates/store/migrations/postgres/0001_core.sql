-- Cache 1 keeps numbers in the order they are asked for; the tail rule relies on it.
CREATE TABLE events (
    seq BIGINT GENERATED ALWAYS AS IDENTITY (CACHE 1) PRIMARY KEY,
    at BIGINT NOT NULL,
    scope TEXT NOT NULL,
    origin TEXT NOT NULL,
    body TEXT NOT NULL
);

CREATE TABLE audit (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    remote_id TEXT NOT NULL,
    channel_id TEXT NOT NULL,
    result TEXT NOT NULL,
    detail TEXT NOT NULL
);
