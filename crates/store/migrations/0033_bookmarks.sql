-- Bookmarks of channels, of this server alone. Removed ones stay, for clients that ask what has changed. A file hangs on its
-- bookmark as others hang on their post.
CREATE TABLE bookmarks (
    id TEXT PRIMARY KEY,
    channel_id TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    create_at BIGINT NOT NULL,
    update_at BIGINT NOT NULL,
    delete_at BIGINT NOT NULL DEFAULT 0,
    kind TEXT NOT NULL,
    file_id TEXT NOT NULL DEFAULT '',
    display_name TEXT NOT NULL,
    sort_order BIGINT NOT NULL,
    link_url TEXT NOT NULL DEFAULT '',
    image_url TEXT NOT NULL DEFAULT '',
    emoji TEXT NOT NULL DEFAULT ''
);
CREATE INDEX bookmarks_channel ON bookmarks (channel_id);
CREATE INDEX bookmarks_file ON bookmarks (file_id) WHERE file_id <> '';
