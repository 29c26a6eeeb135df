-- Who of our people follows which thread. `seen_at` is how far they have read, by arrival here (`posts.arrive_at`): what
-- comes late after an outage was written before they looked, and is unread all the same (E-153). `last_viewed_at` is what
-- their client said. No row: the thread is nothing to them; not following: they have said so.
CREATE TABLE thread_members (
    user_id TEXT NOT NULL,
    root_id TEXT NOT NULL,
    channel_id TEXT NOT NULL,
    following BOOLEAN NOT NULL,
    last_viewed_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    update_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, root_id)
);
CREATE INDEX thread_members_root ON thread_members (root_id);

-- Whom of our people a reply calls, so that unread mentions can be counted whatever becomes of the reply.
CREATE TABLE reply_mentions (
    root_id TEXT NOT NULL,
    post_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    PRIMARY KEY (root_id, user_id, post_id)
);
CREATE INDEX reply_mentions_post ON reply_mentions (post_id);

CREATE INDEX posts_thread_arrival ON posts (root_id, arrive_at) WHERE root_id <> '';

-- Whoever has written in a thread so far follows it, and has read it.
INSERT INTO thread_members (user_id, root_id, channel_id, following, last_viewed_at, seen_at, update_at)
SELECT a.user_id, a.root_id, a.channel_id, TRUE, a.last_reply_at,
    (SELECT COALESCE(MAX(r.arrive_at), 0) FROM posts r WHERE r.root_id = a.root_id AND r.root_id <> ''), a.last_reply_at
FROM (
    SELECT w.user_id, p.id AS root_id, p.channel_id, p.last_reply_at FROM posts w JOIN posts p ON p.id = w.root_id
    WHERE w.root_id <> '' AND w.delete_at = 0 AND w.hidden_at = 0 AND NOT w.history
    UNION
    SELECT p.user_id, p.id, p.channel_id, p.last_reply_at FROM posts p WHERE p.root_id = '' AND p.reply_count > 0
) a JOIN users u ON u.id = a.user_id WHERE u.remote_id = '' AND NOT u.is_bot;
