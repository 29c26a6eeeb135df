-- Finds whether a peer has sent the same bytes before, so that they cross once (E-147).
CREATE INDEX files_held ON files (remote_id, sha256) WHERE remote_id <> '';
