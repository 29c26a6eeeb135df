-- Pictures people here have given a name. One that was taken away keeps its row.
CREATE TABLE emoji (
    id TEXT PRIMARY KEY,
    creator_id TEXT NOT NULL,
    name TEXT NOT NULL,
    mime_type TEXT NOT NULL,
    create_at BIGINT NOT NULL,
    update_at BIGINT NOT NULL,
    delete_at BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX emoji_name ON emoji (name) WHERE delete_at = 0;

-- Which of them were used where a peer sees it, and which emoji of the name the peer was given. Empty: none.
CREATE TABLE emoji_offers (
    remote_id TEXT NOT NULL,
    name TEXT NOT NULL,
    told_id TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (remote_id, name)
);
CREATE INDEX emoji_offers_name ON emoji_offers (name);

-- Emoji of peers: the latest of each name, beside ours and never in their place.
CREATE TABLE peer_emoji (
    remote_id TEXT NOT NULL,
    name TEXT NOT NULL,
    id TEXT NOT NULL,
    creator_id TEXT NOT NULL,
    mime_type TEXT NOT NULL,
    update_at BIGINT NOT NULL,
    PRIMARY KEY (remote_id, name)
);
CREATE UNIQUE INDEX peer_emoji_id ON peer_emoji (id);

-- Emoji of peers that are arriving.
CREATE TABLE emoji_uploads (
    id TEXT PRIMARY KEY,
    file_id TEXT NOT NULL,
    remote_id TEXT NOT NULL,
    name TEXT NOT NULL,
    creator_id TEXT NOT NULL,
    size BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    create_at BIGINT NOT NULL,
    is_done BOOLEAN NOT NULL DEFAULT FALSE
);
CREATE UNIQUE INDEX emoji_uploads_name ON emoji_uploads (remote_id, name);
