-- One dialect for both databases: TEXT, BIGINT, BOOLEAN. Times are milliseconds since 1970 UTC, 0 is "never";
-- an absent id is the empty string; maps are JSON text.

CREATE TABLE installation (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    server_id TEXT NOT NULL,
    epoch TEXT NOT NULL,
    key_check TEXT NOT NULL,
    create_at BIGINT NOT NULL
);

CREATE TABLE users (
    id TEXT PRIMARY KEY,
    create_at BIGINT NOT NULL,
    update_at BIGINT NOT NULL,
    delete_at BIGINT NOT NULL DEFAULT 0,
    username TEXT NOT NULL CONSTRAINT users_username UNIQUE,
    email TEXT NOT NULL CONSTRAINT users_email UNIQUE,
    email_verified BOOLEAN NOT NULL DEFAULT FALSE,
    nickname TEXT NOT NULL DEFAULT '',
    first_name TEXT NOT NULL DEFAULT '',
    last_name TEXT NOT NULL DEFAULT '',
    position TEXT NOT NULL DEFAULT '',
    roles TEXT NOT NULL,
    locale TEXT NOT NULL DEFAULT 'en',
    timezone TEXT NOT NULL DEFAULT '{}',
    props TEXT NOT NULL DEFAULT '{}',
    notify_props TEXT NOT NULL DEFAULT '{}',
    remote_id TEXT NOT NULL DEFAULT '',
    remote_username TEXT NOT NULL DEFAULT '',
    remote_update_at BIGINT NOT NULL DEFAULT 0,
    is_bot BOOLEAN NOT NULL DEFAULT FALSE,
    password_hash TEXT NOT NULL DEFAULT '',
    last_password_update BIGINT NOT NULL DEFAULT 0,
    failed_attempts BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX users_remote ON users (remote_id) WHERE remote_id <> '';

-- A wire id that collided with a person another connection owns (ruling 52).
CREATE TABLE user_aliases (
    remote_id TEXT NOT NULL,
    wire_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    PRIMARY KEY (remote_id, wire_id)
);
CREATE INDEX user_aliases_user ON user_aliases (user_id);

CREATE TABLE sessions (
    id TEXT PRIMARY KEY,
    token_hash TEXT NOT NULL CONSTRAINT sessions_token UNIQUE,
    user_id TEXT NOT NULL,
    create_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    csrf TEXT NOT NULL,
    device_id TEXT NOT NULL DEFAULT '',
    last_activity_at BIGINT NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id);

CREATE TABLE preferences (
    user_id TEXT NOT NULL,
    category TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (user_id, category, name)
);

CREATE TABLE statuses (
    user_id TEXT PRIMARY KEY,
    status TEXT NOT NULL,
    manual BOOLEAN NOT NULL,
    last_activity_at BIGINT NOT NULL,
    dnd_end_time BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE teams (
    id TEXT PRIMARY KEY,
    create_at BIGINT NOT NULL,
    update_at BIGINT NOT NULL,
    delete_at BIGINT NOT NULL DEFAULT 0,
    name TEXT NOT NULL CONSTRAINT teams_name UNIQUE,
    display_name TEXT NOT NULL,
    description TEXT NOT NULL DEFAULT '',
    email TEXT NOT NULL DEFAULT '',
    kind TEXT NOT NULL,
    allow_open_invite BOOLEAN NOT NULL DEFAULT FALSE,
    invite_id TEXT NOT NULL
);

CREATE TABLE team_members (
    team_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    create_at BIGINT NOT NULL,
    delete_at BIGINT NOT NULL DEFAULT 0,
    scheme_admin BOOLEAN NOT NULL DEFAULT FALSE,
    scheme_user BOOLEAN NOT NULL DEFAULT TRUE,
    scheme_guest BOOLEAN NOT NULL DEFAULT FALSE,
    PRIMARY KEY (team_id, user_id)
);
CREATE INDEX team_members_user ON team_members (user_id);

CREATE TABLE channels (
    id TEXT PRIMARY KEY,
    create_at BIGINT NOT NULL,
    update_at BIGINT NOT NULL,
    delete_at BIGINT NOT NULL DEFAULT 0,
    team_id TEXT NOT NULL DEFAULT '',
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    display_name TEXT NOT NULL,
    header TEXT NOT NULL DEFAULT '',
    purpose TEXT NOT NULL DEFAULT '',
    creator_id TEXT NOT NULL DEFAULT '',
    origin_remote_id TEXT NOT NULL DEFAULT '',
    shared BOOLEAN NOT NULL DEFAULT FALSE,
    CONSTRAINT channels_name UNIQUE (team_id, name)
);

-- Every post touches these, so writers spread over slots and readers sum at most sixteen rows.
CREATE TABLE channel_counts (
    channel_id TEXT NOT NULL,
    slot BIGINT NOT NULL,
    total BIGINT NOT NULL,
    total_root BIGINT NOT NULL,
    last_post_at BIGINT NOT NULL,
    PRIMARY KEY (channel_id, slot)
);

CREATE TABLE channel_members (
    channel_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    scheme_admin BOOLEAN NOT NULL DEFAULT FALSE,
    scheme_user BOOLEAN NOT NULL DEFAULT TRUE,
    scheme_guest BOOLEAN NOT NULL DEFAULT FALSE,
    last_viewed_at BIGINT NOT NULL DEFAULT 0,
    msg_count BIGINT NOT NULL DEFAULT 0,
    msg_count_root BIGINT NOT NULL DEFAULT 0,
    mention_count BIGINT NOT NULL DEFAULT 0,
    mention_count_root BIGINT NOT NULL DEFAULT 0,
    notify_props TEXT NOT NULL DEFAULT '{}',
    last_update_at BIGINT NOT NULL,
    PRIMARY KEY (channel_id, user_id)
);
CREATE INDEX channel_members_user ON channel_members (user_id);

CREATE TABLE posts (
    id TEXT PRIMARY KEY,
    channel_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    root_id TEXT NOT NULL DEFAULT '',
    create_at BIGINT NOT NULL,
    update_at BIGINT NOT NULL,
    edit_at BIGINT NOT NULL DEFAULT 0,
    delete_at BIGINT NOT NULL DEFAULT 0,
    hidden_at BIGINT NOT NULL DEFAULT 0,
    is_pinned BOOLEAN NOT NULL DEFAULT FALSE,
    kind TEXT NOT NULL DEFAULT '',
    message TEXT NOT NULL,
    props TEXT NOT NULL DEFAULT '{}',
    hashtags TEXT NOT NULL DEFAULT '',
    remote_id TEXT NOT NULL DEFAULT '',
    remote_update_at BIGINT NOT NULL DEFAULT 0,
    reply_count BIGINT NOT NULL DEFAULT 0,
    last_reply_at BIGINT NOT NULL DEFAULT 0,
    has_reactions BOOLEAN NOT NULL DEFAULT FALSE,
    pending_post_id TEXT NOT NULL DEFAULT ''
);
CREATE INDEX posts_channel ON posts (channel_id, create_at, id);
CREATE INDEX posts_changed ON posts (channel_id, update_at);
CREATE INDEX posts_thread ON posts (root_id, create_at, id) WHERE root_id <> '';
CREATE UNIQUE INDEX posts_pending ON posts (user_id, pending_post_id) WHERE pending_post_id <> '';

-- `emoji` is the spelling under which aliases compare equal, `emoji_name` what was given (ruling 75).
CREATE TABLE reactions (
    post_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    emoji TEXT NOT NULL,
    emoji_name TEXT NOT NULL,
    channel_id TEXT NOT NULL,
    create_at BIGINT NOT NULL,
    update_at BIGINT NOT NULL,
    delete_at BIGINT NOT NULL DEFAULT 0,
    remote_id TEXT NOT NULL DEFAULT '',
    remote_update_at BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (post_id, user_id, emoji)
);

-- Connections. Inbound tokens are kept as keyed hashes, outbound ones sealed with the server's key file.
CREATE TABLE remote_clusters (
    remote_id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    handle TEXT NOT NULL,
    display_name TEXT NOT NULL,
    description TEXT NOT NULL DEFAULT '',
    site_url TEXT NOT NULL DEFAULT '',
    default_team_id TEXT NOT NULL DEFAULT '',
    remote_team_id TEXT NOT NULL DEFAULT '',
    creator_id TEXT NOT NULL,
    create_at BIGINT NOT NULL,
    confirmed_at BIGINT NOT NULL DEFAULT 0,
    delete_at BIGINT NOT NULL DEFAULT 0,
    deleted_by TEXT NOT NULL DEFAULT '',
    severed BOOLEAN NOT NULL DEFAULT FALSE,
    last_ping_at BIGINT NOT NULL DEFAULT 0,
    profile TEXT NOT NULL DEFAULT 'unknown',
    caps TEXT NOT NULL DEFAULT '',
    peer_server_id TEXT NOT NULL DEFAULT '',
    unrotated BOOLEAN NOT NULL DEFAULT FALSE,
    interrupted_at BIGINT NOT NULL DEFAULT 0,
    failing_since BIGINT NOT NULL DEFAULT 0,
    last_error TEXT NOT NULL DEFAULT '',
    token_hash TEXT NOT NULL DEFAULT '',
    remote_token TEXT NOT NULL DEFAULT '',
    confirmation TEXT NOT NULL DEFAULT ''
);
CREATE UNIQUE INDEX remote_clusters_handle ON remote_clusters (handle) WHERE delete_at = 0;

-- Codes that were given out; spent ones stay 30 days so that their reuse gets a reason (ruling 13).
CREATE TABLE invites (
    id TEXT PRIMARY KEY,
    remote_id TEXT NOT NULL,
    token_hash TEXT NOT NULL CONSTRAINT invites_token UNIQUE,
    create_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    spent_at BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX invites_remote ON invites (remote_id);

CREATE TABLE shares (
    id TEXT PRIMARY KEY,
    channel_id TEXT NOT NULL,
    remote_id TEXT NOT NULL,
    home BOOLEAN NOT NULL,
    live BOOLEAN NOT NULL,
    creator_id TEXT NOT NULL,
    mode TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT NOT NULL DEFAULT '',
    description TEXT NOT NULL DEFAULT '',
    create_at BIGINT NOT NULL,
    update_at BIGINT NOT NULL,
    from_seq BIGINT NOT NULL DEFAULT -1,
    last_sync_at BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX shares_live ON shares (channel_id, remote_id) WHERE live;
CREATE INDEX shares_remote ON shares (remote_id);

-- What a peer was told of a person in a channel; `version` is the person's update_at it confirmed.
CREATE TABLE announced_users (
    remote_id TEXT NOT NULL,
    channel_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (remote_id, channel_id, user_id)
);

-- What a peer that toggles is believed to hold (ruling 38). Written before a transition is sent.
CREATE TABLE peer_reactions (
    remote_id TEXT NOT NULL,
    post_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    emoji_name TEXT NOT NULL,
    present BOOLEAN NOT NULL,
    PRIMARY KEY (remote_id, post_id, user_id, emoji_name)
);

-- Items a peer refuses again and again, out of the way of everything else (E-031).
CREATE TABLE sync_failures (
    remote_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    item_id TEXT NOT NULL,
    channel_id TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    set_aside BOOLEAN NOT NULL DEFAULT FALSE,
    cause TEXT NOT NULL,
    PRIMARY KEY (remote_id, kind, item_id)
);

-- Received items whose root, author or post has not come yet (ruling 31).
CREATE TABLE waiting_items (
    remote_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    item_id TEXT NOT NULL,
    channel_id TEXT NOT NULL,
    missing_id TEXT NOT NULL,
    body TEXT NOT NULL,
    receive_at BIGINT NOT NULL,
    PRIMARY KEY (remote_id, kind, item_id)
);
CREATE INDEX waiting_items_missing ON waiting_items (remote_id, missing_id);

-- Interruptions announced in a channel, so that the restoring post finds the first (behaviour 3.3).
CREATE TABLE interruption_posts (
    remote_id TEXT NOT NULL,
    channel_id TEXT NOT NULL,
    lost_post_id TEXT NOT NULL,
    restored_post_id TEXT NOT NULL DEFAULT '',
    begin_at BIGINT NOT NULL,
    end_at BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (remote_id, channel_id)
);

CREATE TABLE cursors (
    consumer TEXT PRIMARY KEY,
    seq BIGINT NOT NULL,
    epoch BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE settings (
    section TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (section, name)
);
