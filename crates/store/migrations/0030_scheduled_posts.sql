-- Messages that are to be posted later; columns as in drafts. One that could not be posted stays, with `processed_at` and the
-- reason; one that was posted goes in the transaction of its post.
CREATE TABLE scheduled_posts (
    id TEXT PRIMARY KEY,
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
    scheduled_at BIGINT NOT NULL,
    processed_at BIGINT NOT NULL DEFAULT 0,
    failure TEXT NOT NULL DEFAULT ''
);
CREATE INDEX scheduled_posts_user ON scheduled_posts (user_id);
CREATE INDEX scheduled_posts_due ON scheduled_posts (scheduled_at) WHERE processed_at = 0;
