CREATE TABLE post_search (
    doc INTEGER PRIMARY KEY,
    post_id TEXT NOT NULL UNIQUE
);
-- Words come ready: lower case, scripts without spaces sign by sign. The tokenizer only parts them at blanks.
CREATE VIRTUAL TABLE post_words USING fts5(words, content = '', contentless_delete = 1,
    tokenize = "unicode61 remove_diacritics 0 categories 'L* N* M* Co' tokenchars '#_'");
