-- When a post came to this server, by our clock: what a peer may hear of later is decided by it, not by the owner's time.
ALTER TABLE posts ADD COLUMN arrive_at BIGINT NOT NULL DEFAULT 0;
UPDATE posts SET arrive_at = create_at;

-- Whether the owner's server has a post pinned; `is_pinned` is what people here see and may change (ruling 58).
ALTER TABLE posts ADD COLUMN owner_pinned BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE posts SET owner_pinned = is_pinned WHERE remote_id <> '';

-- Posts from before a share that a peer was given all the same, as roots of later replies (ruling 46).
CREATE TABLE context_posts (
    remote_id TEXT NOT NULL,
    post_id TEXT NOT NULL,
    PRIMARY KEY (remote_id, post_id)
);

-- A remote person an administrator here has deactivated: a local block that no word of the home lifts (behaviour 4.5).
ALTER TABLE users ADD COLUMN blocked_at BIGINT NOT NULL DEFAULT 0;
-- Deactivated at home; a connection that ends deactivates its people here without their homes having said so.
ALTER TABLE users ADD COLUMN home_delete_at BIGINT NOT NULL DEFAULT 0;

-- Remote people somebody here has removed from a channel (behaviour 4.4.5).
CREATE TABLE member_blocks (
    channel_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    create_at BIGINT NOT NULL,
    PRIMARY KEY (channel_id, user_id)
);

-- The version of the last word the peer said of a share (ruling 8.6).
ALTER TABLE shares ADD COLUMN peer_version BIGINT NOT NULL DEFAULT 0;
