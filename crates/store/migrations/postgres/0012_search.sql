CREATE TABLE post_search (
    post_id TEXT PRIMARY KEY,
    words TSVECTOR NOT NULL
);
CREATE INDEX post_search_words ON post_search USING GIN (words);
