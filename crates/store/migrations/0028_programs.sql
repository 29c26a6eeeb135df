-- Programs that are told of messages.
CREATE TABLE outgoing_webhooks (
    id TEXT PRIMARY KEY,
    token TEXT NOT NULL,
    creator_id TEXT NOT NULL,
    channel_id TEXT NOT NULL,
    team_id TEXT NOT NULL,
    trigger_words TEXT NOT NULL,
    trigger_when BIGINT NOT NULL,
    callback_urls TEXT NOT NULL,
    display_name TEXT NOT NULL,
    description TEXT NOT NULL,
    content_type TEXT NOT NULL,
    username TEXT NOT NULL,
    icon_url TEXT NOT NULL,
    create_at BIGINT NOT NULL,
    update_at BIGINT NOT NULL
);
CREATE INDEX outgoing_webhooks_team ON outgoing_webhooks (team_id, display_name);

-- Slash commands that programs answer.
CREATE TABLE slash_commands (
    id TEXT PRIMARY KEY,
    token TEXT NOT NULL,
    creator_id TEXT NOT NULL,
    team_id TEXT NOT NULL,
    command_trigger TEXT NOT NULL,
    by_get BOOLEAN NOT NULL,
    username TEXT NOT NULL,
    icon_url TEXT NOT NULL,
    auto_complete BOOLEAN NOT NULL,
    auto_complete_desc TEXT NOT NULL,
    auto_complete_hint TEXT NOT NULL,
    display_name TEXT NOT NULL,
    description TEXT NOT NULL,
    url TEXT NOT NULL,
    create_at BIGINT NOT NULL,
    update_at BIGINT NOT NULL,
    UNIQUE (team_id, command_trigger)
);

-- What a program may still answer to one giving of its command.
CREATE TABLE command_replies (
    id TEXT PRIMARY KEY,
    command_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    channel_id TEXT NOT NULL,
    root_id TEXT NOT NULL,
    remaining BIGINT NOT NULL,
    expire_at BIGINT NOT NULL
);
CREATE INDEX command_replies_expire ON command_replies (expire_at);
