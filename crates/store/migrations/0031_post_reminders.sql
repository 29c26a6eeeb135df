-- Messages people have asked to be reminded of; a row goes in the transaction that reminds.
CREATE TABLE post_reminders (
    user_id TEXT NOT NULL,
    post_id TEXT NOT NULL,
    due_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, post_id)
);
CREATE INDEX post_reminders_due ON post_reminders (due_at);
CREATE INDEX post_reminders_post ON post_reminders (post_id);
