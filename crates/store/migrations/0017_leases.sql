-- What one node does for all of them. It is another's turn once `expires_at`, ms, has passed by the clock of the database.
CREATE TABLE leases (
    name TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);
