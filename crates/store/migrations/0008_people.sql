-- When a person's picture was set or taken away, 0: never. The bytes are on the disk, under the person's id and this time.
ALTER TABLE users ADD COLUMN picture_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX users_picture ON users (picture_at) WHERE picture_at > 0;

-- Which picture of a person a peer has, or has refused.
CREATE TABLE told_pictures (
    remote_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    picture_at BIGINT NOT NULL,
    PRIMARY KEY (remote_id, user_id)
);
CREATE INDEX announced_users_person ON announced_users (remote_id, user_id);

-- How urgent a root post is; none for a standard one that asks for nothing.
CREATE TABLE post_priorities (
    post_id TEXT PRIMARY KEY,
    level TEXT NOT NULL,
    requested_ack BOOLEAN NOT NULL,
    persistent_notifications BOOLEAN NOT NULL
);

-- Who has acknowledged a post. 0: taken back.
CREATE TABLE acknowledgements (
    post_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    channel_id TEXT NOT NULL,
    acknowledged_at BIGINT NOT NULL,
    remote_id TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (post_id, user_id)
);
