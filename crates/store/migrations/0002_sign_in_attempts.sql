-- When somebody last tried to sign in: a held account is free again some time after.
ALTER TABLE users ADD COLUMN last_attempt_at BIGINT NOT NULL DEFAULT 0;
