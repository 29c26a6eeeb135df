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

-- Addresses at which programs leave messages in the name of whoever made them.
CREATE TABLE incoming_webhooks (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL,
    channel_id TEXT NOT NULL,
    team_id TEXT NOT NULL,
    display_name TEXT NOT NULL,
    description TEXT NOT NULL,
    username TEXT NOT NULL,
    icon_url TEXT NOT NULL,
    channel_locked BOOLEAN NOT NULL,
    create_at BIGINT NOT NULL,
    update_at BIGINT NOT NULL
);
CREATE INDEX incoming_webhooks_team ON incoming_webhooks (team_id, display_name);
