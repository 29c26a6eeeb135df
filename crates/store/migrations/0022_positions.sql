-- How old what is known of a peer's position is, is measured by what runs and not by a clock that may be set.
ALTER TABLE peer_positions DROP COLUMN applied_at;
