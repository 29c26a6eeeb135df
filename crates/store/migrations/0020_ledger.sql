-- What left this server, to whom (behaviour 8.11): one row in ledger each time something went out, or may have gone out, over
-- a connection; ledger_peers holds what that connection was called then and where it was. Nothing refers to the rows of
-- connections, channels, messages and people: these may go, and what is written here stays. channel_id is empty for what goes
-- over a connection as a whole; size is -1 where there is none.

-- Who has to hear of a change of one person.
CREATE INDEX announced_users_knowers ON announced_users (user_id, remote_id);
