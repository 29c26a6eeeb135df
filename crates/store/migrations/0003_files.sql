-- Files of a post in order, ids separated by spaces. A peer's post may name files that have not arrived.
ALTER TABLE posts ADD COLUMN file_ids TEXT NOT NULL DEFAULT '';

-- Complete files. The bytes are on disk before the row is here.
CREATE TABLE files (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL,
    channel_id TEXT NOT NULL,
    post_id TEXT NOT NULL DEFAULT '',
    create_at BIGINT NOT NULL,
    update_at BIGINT NOT NULL,
    delete_at BIGINT NOT NULL DEFAULT 0,
    name TEXT NOT NULL,
    extension TEXT NOT NULL,
    size BIGINT NOT NULL,
    mime_type TEXT NOT NULL,
    width BIGINT NOT NULL DEFAULT 0,
    height BIGINT NOT NULL DEFAULT 0,
    sha256 TEXT NOT NULL,
    remote_id TEXT NOT NULL DEFAULT ''
);
CREATE INDEX files_post ON files (post_id) WHERE post_id <> '';
CREATE INDEX files_channel ON files (channel_id, create_at);

-- Files that are arriving. How much of one has arrived, its length on disk says.
CREATE TABLE uploads (
    id TEXT PRIMARY KEY,
    file_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    channel_id TEXT NOT NULL,
    remote_id TEXT NOT NULL DEFAULT '',
    name TEXT NOT NULL,
    size BIGINT NOT NULL,
    sha256 TEXT NOT NULL DEFAULT '',
    create_at BIGINT NOT NULL,
    is_done BOOLEAN NOT NULL DEFAULT FALSE
);
CREATE UNIQUE INDEX uploads_file ON uploads (file_id);
CREATE INDEX uploads_user ON uploads (user_id);

-- Which file went to which peer, goes, or will not. holds_post: the post itself waits for it.
CREATE TABLE file_deliveries (
    remote_id TEXT NOT NULL,
    file_id TEXT NOT NULL,
    post_id TEXT NOT NULL,
    channel_id TEXT NOT NULL,
    upload_id TEXT NOT NULL,
    state TEXT NOT NULL,
    cause TEXT NOT NULL DEFAULT '',
    attempts BIGINT NOT NULL DEFAULT 0,
    next_at BIGINT NOT NULL,
    progress_at BIGINT NOT NULL,
    holds_post BOOLEAN NOT NULL DEFAULT FALSE,
    PRIMARY KEY (remote_id, file_id)
);
CREATE INDEX file_deliveries_due ON file_deliveries (remote_id, next_at) WHERE state = 'waiting';
CREATE INDEX file_deliveries_held ON file_deliveries (remote_id) WHERE holds_post;
CREATE INDEX file_deliveries_post ON file_deliveries (post_id);

-- Files that posts of peers name and that have not arrived.
CREATE TABLE expected_files (
    remote_id TEXT NOT NULL,
    file_id TEXT NOT NULL,
    post_id TEXT NOT NULL,
    PRIMARY KEY (remote_id, file_id)
);
CREATE INDEX expected_files_post ON expected_files (post_id);
