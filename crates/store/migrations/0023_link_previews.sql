-- What pages of the web that messages link to say of themselves. The whole address is the key: two of them are never one.
CREATE TABLE link_previews (
    url TEXT PRIMARY KEY,
    fetched_at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    title TEXT NOT NULL DEFAULT '',
    description TEXT NOT NULL DEFAULT '',
    site_name TEXT NOT NULL DEFAULT '',
    image TEXT NOT NULL DEFAULT ''
);
