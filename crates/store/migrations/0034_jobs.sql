-- Long work administrators ask for. `position` is how far it has come and moves in the transactions that do the work.
CREATE TABLE jobs (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    user_id TEXT NOT NULL DEFAULT '',
    create_at BIGINT NOT NULL,
    start_at BIGINT NOT NULL DEFAULT 0,
    last_activity_at BIGINT NOT NULL,
    status TEXT NOT NULL,
    progress BIGINT NOT NULL DEFAULT 0,
    data TEXT NOT NULL DEFAULT '{}',
    position BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX jobs_created ON jobs (create_at, id);

-- Import files that are arriving. How much of one has arrived, its length on disk says.
CREATE TABLE import_uploads (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL,
    name TEXT NOT NULL,
    size BIGINT NOT NULL,
    create_at BIGINT NOT NULL
);

-- Messages an import has brought into a channel that are not in its counters yet: they enter them, and what members have
-- read, in one step at the end, so that nothing looks unread meanwhile.
CREATE TABLE import_counts (
    job_id TEXT NOT NULL,
    channel_id TEXT NOT NULL,
    total BIGINT NOT NULL,
    total_root BIGINT NOT NULL,
    last_post_at BIGINT NOT NULL,
    PRIMARY KEY (job_id, channel_id)
);

-- Members an import has brought of whom it says how many messages they have read.
CREATE TABLE import_members (
    job_id TEXT NOT NULL,
    channel_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    msg_count BIGINT NOT NULL,
    msg_count_root BIGINT NOT NULL,
    PRIMARY KEY (job_id, channel_id, user_id)
);

-- Who has saved a message, for exports, which go message by message.
CREATE INDEX preferences_saved ON preferences (name) WHERE category = 'flagged_post';
