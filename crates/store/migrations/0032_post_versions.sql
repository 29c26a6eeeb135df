-- What messages of this server's people said before they were edited; goes with the message.
CREATE TABLE post_versions (
    id TEXT PRIMARY KEY,
    post_id TEXT NOT NULL,
    replaced_at BIGINT NOT NULL,
    update_at BIGINT NOT NULL,
    edit_at BIGINT NOT NULL DEFAULT 0,
    message TEXT NOT NULL,
    props TEXT NOT NULL,
    hashtags TEXT NOT NULL DEFAULT '',
    file_ids TEXT NOT NULL DEFAULT ''
);
CREATE INDEX post_versions_post ON post_versions (post_id, replaced_at);
