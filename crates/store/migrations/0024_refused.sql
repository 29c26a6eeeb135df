-- A sender asks in every round which refused item it tries again next; there may be thousands.
CREATE INDEX sync_failures_next ON sync_failures (remote_id, next_at, kind, item_id) WHERE NOT set_aside;
