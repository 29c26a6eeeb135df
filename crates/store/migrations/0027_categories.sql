-- Categories of sidebars. The three that everybody has are here only once their owner has changed them.
CREATE TABLE categories (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL,
    team_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    sort_order BIGINT NOT NULL,
    sorting TEXT NOT NULL,
    display_name TEXT NOT NULL,
    muted BOOLEAN NOT NULL,
    collapsed BOOLEAN NOT NULL
);
CREATE INDEX categories_owner ON categories (user_id, team_id);

-- Where somebody has put a channel. Whether it is a favourite is a preference, here is only its place among them.
CREATE TABLE category_channels (
    user_id TEXT NOT NULL,
    team_id TEXT NOT NULL,
    channel_id TEXT NOT NULL,
    category_id TEXT NOT NULL,
    place BIGINT NOT NULL,
    PRIMARY KEY (user_id, team_id, channel_id)
);
