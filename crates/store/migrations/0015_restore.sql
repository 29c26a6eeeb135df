-- When this installation was last declared to be restored from a backup (`rialto restore`), and how far the backup reached.
ALTER TABLE installation ADD COLUMN restored_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE installation ADD COLUMN backup_at BIGINT NOT NULL DEFAULT 0;

-- How far a peer and we stand with each other's logs (rulings 8.1 and 66). -1: nothing known.
CREATE TABLE peer_positions (
    remote_id TEXT PRIMARY KEY,
    -- The peer's epoch, the ones before it separated by spaces, and when it last changed.
    peer_epoch TEXT NOT NULL DEFAULT '',
    former_epochs TEXT NOT NULL DEFAULT '',
    changed_at BIGINT NOT NULL DEFAULT 0,
    -- The highest position of the peer's log that we have stored, and up to where nothing of it is missing.
    taken_seq BIGINT NOT NULL DEFAULT -1,
    taken_low BIGINT NOT NULL DEFAULT -1,
    -- The highest position of our log that the peer says it has stored, and when it first said so.
    applied_seq BIGINT NOT NULL DEFAULT -1,
    applied_at BIGINT NOT NULL DEFAULT 0,
    -- The sender is to go back to this position of our log; -1: it is not.
    rewind_to BIGINT NOT NULL DEFAULT -1,
    -- Since when the connection is held until an administrator decides, and why; 0: it is not.
    held_at BIGINT NOT NULL DEFAULT 0,
    held_why TEXT NOT NULL DEFAULT '',
    -- An administrator has decided: where the peer stands at its next answer counts.
    accept_next BOOLEAN NOT NULL DEFAULT FALSE
);

-- Our own messages that peers may still have after a restore (E-028, E-029): one row a share. `at` and `id` are the last
-- message that was looked at; `window_to` ends the time in which they were written.
CREATE TABLE recoveries (
    share_id TEXT PRIMARY KEY,
    channel_id TEXT NOT NULL,
    remote_id TEXT NOT NULL,
    state TEXT NOT NULL,
    window_from BIGINT NOT NULL,
    window_to BIGINT NOT NULL,
    at BIGINT NOT NULL DEFAULT 0,
    id TEXT NOT NULL DEFAULT '',
    found BIGINT NOT NULL DEFAULT 0,
    refused BIGINT NOT NULL DEFAULT 0,
    missing BIGINT NOT NULL DEFAULT 0,
    rounds BIGINT NOT NULL DEFAULT 0,
    next_at BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX recoveries_remote ON recoveries (remote_id, state);

-- Wishes of a peer's to have somebody of ours in a channel, by days.
ALTER TABLE peer_quotas ADD COLUMN requests BIGINT NOT NULL DEFAULT 0;
