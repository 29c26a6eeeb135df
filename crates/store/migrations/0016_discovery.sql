-- Which version of whom of our people a peer was offered outside shared channels. What it is owed follows from that and
-- from `announced_users`: nothing is queued, and no time is compared with another row's.
CREATE TABLE offered_people (
    remote_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (remote_id, user_id)
);
