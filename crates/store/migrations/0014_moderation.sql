-- What ordinary members and guests of a channel may not do here, one letter each: p posts, r reactions, m managing
-- members, c calling the whole channel.
ALTER TABLE channels ADD COLUMN guests_without TEXT NOT NULL DEFAULT '';
ALTER TABLE channels ADD COLUMN members_without TEXT NOT NULL DEFAULT '';
