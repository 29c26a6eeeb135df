-- Whom an urgent message calls again until they answer (E-148): each person's own server does.
CREATE TABLE reminders (
    post_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    next_at BIGINT NOT NULL,
    remaining BIGINT NOT NULL,
    PRIMARY KEY (post_id, user_id)
);
CREATE INDEX reminders_next ON reminders (next_at);
