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
