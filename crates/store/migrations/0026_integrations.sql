-- Who looks after a bot and what it is for; for everybody else both are empty.
ALTER TABLE users ADD COLUMN bot_owner TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN bot_description TEXT NOT NULL DEFAULT '';

-- Long-lived credentials that people make for programs.
CREATE TABLE access_tokens (
    id TEXT PRIMARY KEY,
    token_hash TEXT NOT NULL UNIQUE,
    user_id TEXT NOT NULL,
    description TEXT NOT NULL,
    is_active BOOLEAN NOT NULL DEFAULT TRUE,
    create_at BIGINT NOT NULL
);
CREATE INDEX access_tokens_user ON access_tokens (user_id);
