-- Renewal of what a peer presents to us, and of what we present to it (behaviour 8.5, ruling 8.5).
CREATE TABLE token_rotations (
    remote_id TEXT PRIMARY KEY,
    -- Keyed hash of the token that was offered to the peer and not used by it yet; empty: none.
    next_hash TEXT NOT NULL DEFAULT '',
    -- When it was made. It stays as the version of the last offer and only grows.
    next_at BIGINT NOT NULL DEFAULT 0,
    -- When the peer said that it had stored it.
    told_at BIGINT NOT NULL DEFAULT 0,
    -- When the peer first used a renewed one.
    rotated_at BIGINT NOT NULL DEFAULT 0,
    -- What we presented before the peer had us present another, sealed.
    former_token TEXT NOT NULL DEFAULT '',
    -- The version of the peer's last offer, by its clock.
    taken_at BIGINT NOT NULL DEFAULT 0
);

-- How connections fare: what the last pings showed (behaviour 8.4).
CREATE TABLE connection_health (
    remote_id TEXT PRIMARY KEY,
    online_since BIGINT NOT NULL DEFAULT 0,
    noted_at BIGINT NOT NULL DEFAULT 0,
    reached BOOLEAN NOT NULL DEFAULT FALSE,
    round_trip BIGINT NOT NULL DEFAULT -1,
    clock_skew BIGINT NOT NULL DEFAULT 0,
    peer_lag BIGINT NOT NULL DEFAULT -1,
    error_code TEXT NOT NULL DEFAULT '',
    error TEXT NOT NULL DEFAULT '',
    error_at BIGINT NOT NULL DEFAULT 0
);

-- How long a peer was in reach and out of it, by hours since 1970, in ms.
CREATE TABLE connection_hours (
    remote_id TEXT NOT NULL,
    hour BIGINT NOT NULL,
    up BIGINT NOT NULL,
    down BIGINT NOT NULL,
    PRIMARY KEY (remote_id, hour)
);

-- What a peer brought that is counted by days (E-135), and when it was last asked to slow down (E-122).
CREATE TABLE peer_quotas (
    remote_id TEXT NOT NULL,
    day BIGINT NOT NULL,
    users BIGINT NOT NULL DEFAULT 0,
    channels BIGINT NOT NULL DEFAULT 0,
    slowed_at BIGINT NOT NULL DEFAULT 0,
    told BOOLEAN NOT NULL DEFAULT FALSE,
    PRIMARY KEY (remote_id, day)
);
