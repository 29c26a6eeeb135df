-- Earlier messages that a share is sent (behaviour 8.1): what was asked for, how it stands, and how far it has come.
-- Threads go newest first; `thread_*` is the last one that was begun, `reply_*` the last reply sent of it, `reply_at` -1
-- once it is complete, `thread_at` -1 before the first. -1 for `most` is no bound, for `total` not counted yet.
CREATE TABLE backfills (
    share_id TEXT PRIMARY KEY,
    channel_id TEXT NOT NULL,
    remote_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT NOT NULL,
    most BIGINT NOT NULL,
    oldest_at BIGINT NOT NULL,
    create_at BIGINT NOT NULL,
    update_at BIGINT NOT NULL,
    run_at BIGINT NOT NULL,
    run_done BIGINT NOT NULL,
    total BIGINT NOT NULL,
    done BIGINT NOT NULL,
    floor_at BIGINT NOT NULL,
    floor_id TEXT NOT NULL,
    thread_at BIGINT NOT NULL,
    thread_id TEXT NOT NULL,
    reply_at BIGINT NOT NULL,
    reply_id TEXT NOT NULL
);
CREATE INDEX backfills_remote ON backfills (remote_id, state);
CREATE INDEX backfills_channel ON backfills (channel_id);

-- Whether a post from before a share went with everything that belongs to it, or only as the root of a later reply.
ALTER TABLE context_posts ADD COLUMN whole BOOLEAN NOT NULL DEFAULT FALSE;

-- Posts a peer sent as history: nobody's news, so they count for nothing.
ALTER TABLE posts ADD COLUMN history BOOLEAN NOT NULL DEFAULT FALSE;
