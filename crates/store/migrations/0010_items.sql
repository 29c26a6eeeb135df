-- The last word on whether a post is pinned: whose, and when by the clock of the server they belong to.
CREATE TABLE post_pins (
    post_id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL,
    pinned BOOLEAN NOT NULL,
    at BIGINT NOT NULL
);

-- What an organisation has said of a message: 'stored', 'refused', or 'sent' while it keeps the message without having
-- stored it. Nothing here: it has not answered for it. With a name in organisation it is a third one, as the home of the
-- channel, which is remote_id, tells of it. The log cannot say this later: it is pruned, and shares begin in its midst.
CREATE TABLE post_deliveries (
    post_id TEXT NOT NULL,
    remote_id TEXT NOT NULL,
    organisation TEXT NOT NULL DEFAULT '',
    state TEXT NOT NULL,
    code TEXT NOT NULL DEFAULT '',
    cause TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (post_id, remote_id, organisation)
);
ALTER TABLE sync_failures ADD COLUMN code TEXT NOT NULL DEFAULT '';

-- People of other organisations that somebody here has asked to have in a channel, until their server has answered.
CREATE TABLE member_requests (
    channel_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    requested_by TEXT NOT NULL,
    create_at BIGINT NOT NULL,
    state TEXT NOT NULL,
    PRIMARY KEY (channel_id, user_id)
);

-- People of ours whom another organisation does not let write in a channel, as its last word says.
CREATE TABLE blocks_elsewhere (
    remote_id TEXT NOT NULL,
    channel_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    blocked BOOLEAN NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (remote_id, channel_id, user_id)
);
