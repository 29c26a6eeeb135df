-- The last word of a peer on somebody's membership, by its clock: a frame that comes twice or late must not undo what
-- came after it (E-126). It outlives the share.
CREATE TABLE member_versions (
    channel_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (channel_id, user_id)
);

-- Whether an item waits for something that is looked after by age: a reply for its root, or anything whose wait is over
-- and whose channel could not take it at that moment.
ALTER TABLE waiting_items ADD COLUMN is_due BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE waiting_items SET is_due = TRUE WHERE kind = 'post' AND body LIKE '%"root_id":"' || missing_id || '"%';
CREATE INDEX waiting_items_age ON waiting_items (receive_at, item_id);

-- Who belongs to a channel is told in the background (E-104): up to which id it was, '' at the beginning, '-' when all are.
ALTER TABLE shares ADD COLUMN members_upto TEXT NOT NULL DEFAULT '-';

-- What a peer that toggles holds is known by the spelling under which aliases are one; it is taken back by the name it
-- was given.
ALTER TABLE peer_reactions ADD COLUMN sent_name TEXT NOT NULL DEFAULT '';
UPDATE peer_reactions SET sent_name = emoji_name;
DELETE FROM peer_reactions WHERE emoji_name = 'thumbsup' AND EXISTS (SELECT 1 FROM peer_reactions o
    WHERE o.remote_id = peer_reactions.remote_id AND o.post_id = peer_reactions.post_id
    AND o.user_id = peer_reactions.user_id AND o.emoji_name = '+1');
DELETE FROM peer_reactions WHERE emoji_name = 'thumbsdown' AND EXISTS (SELECT 1 FROM peer_reactions o
    WHERE o.remote_id = peer_reactions.remote_id AND o.post_id = peer_reactions.post_id
    AND o.user_id = peer_reactions.user_id AND o.emoji_name = '-1');
UPDATE peer_reactions SET emoji_name = '+1' WHERE emoji_name = 'thumbsup';
UPDATE peer_reactions SET emoji_name = '-1' WHERE emoji_name = 'thumbsdown';
