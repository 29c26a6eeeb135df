-- News for administrators that wait a minute for others of their kind, so that they come in one message (M-06, E-006).
CREATE TABLE admin_notices (
    kind TEXT NOT NULL,
    remote_id TEXT NOT NULL,
    channel_id TEXT NOT NULL,
    detail TEXT NOT NULL,
    at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    PRIMARY KEY (kind, remote_id, channel_id)
);

-- Authors who were told that an organisation does not get their messages now; until it gets messages of the channel again (M-10).
CREATE TABLE offline_hints (
    remote_id TEXT NOT NULL,
    channel_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    PRIMARY KEY (remote_id, channel_id, user_id)
);

-- Since when a peer refuses our credential, once administrators were told (M-20).
ALTER TABLE remote_clusters ADD COLUMN credential_trouble_at BIGINT NOT NULL DEFAULT 0;

-- The line that tells how many people an organisation brought when its share began (M-12).
ALTER TABLE shares ADD COLUMN population_post_id TEXT NOT NULL DEFAULT '';
ALTER TABLE shares ADD COLUMN population_count BIGINT NOT NULL DEFAULT 0;
ALTER TABLE shares ADD COLUMN population_relayed BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE shares ADD COLUMN population_at BIGINT NOT NULL DEFAULT 0;
-- Shares from before this line existed have had their beginning.
UPDATE shares SET population_at = 1;

-- Who else takes part, as the home of a copy tells it: a JSON list (ruling 8.6, M-23).
ALTER TABLE shares ADD COLUMN organisations TEXT NOT NULL DEFAULT '[]';

-- Channels that peers offer and that wait: for an administrator, or for a team to put the copy in (rulings 28 and 43).
CREATE TABLE share_requests (
    remote_id TEXT NOT NULL,
    channel_id TEXT NOT NULL,
    reason TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    display_name TEXT NOT NULL,
    header TEXT NOT NULL,
    purpose TEXT NOT NULL,
    read_only BOOLEAN NOT NULL,
    create_at BIGINT NOT NULL,
    PRIMARY KEY (remote_id, channel_id)
);
