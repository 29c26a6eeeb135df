-- What people have begun to write: one draft for each place. `file_ids` as in posts; `priority` is JSON, empty for none.
CREATE TABLE drafts (
    user_id TEXT NOT NULL,
    channel_id TEXT NOT NULL,
    root_id TEXT NOT NULL DEFAULT '',
    create_at BIGINT NOT NULL,
    update_at BIGINT NOT NULL,
    message TEXT NOT NULL,
    kind TEXT NOT NULL DEFAULT '',
    props TEXT NOT NULL DEFAULT '{}',
    file_ids TEXT NOT NULL DEFAULT '',
    priority TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (user_id, channel_id, root_id)
);
CREATE INDEX drafts_channel ON drafts (channel_id);
