-- The first position of the log behind which a channel is read again for a peer, apart from the peer's cursor; -1: the
-- channel goes with the cursor. Set while the peer cannot take an invitation, or says that it does not share the
-- channel any more and has not said so twice (ruling 33).
ALTER TABLE shares ADD COLUMN resume_seq BIGINT NOT NULL DEFAULT -1;
UPDATE shares SET resume_seq = from_seq WHERE live AND home AND state = 'invited';

-- Messages of an outage that were delivered after it in each direction, and when all of ours were (M-09).
ALTER TABLE interruption_posts ADD COLUMN sent BIGINT NOT NULL DEFAULT 0;
ALTER TABLE interruption_posts ADD COLUMN received BIGINT NOT NULL DEFAULT 0;
ALTER TABLE interruption_posts ADD COLUMN caught_up_at BIGINT NOT NULL DEFAULT 0;
UPDATE interruption_posts SET caught_up_at = end_at;
