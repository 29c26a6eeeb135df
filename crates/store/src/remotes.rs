//! Secure connections and the codes given out for them.

use rialto_model::{ChannelId, InviteId, Millis, PeerProfile, RemoteCluster, RemoteId, ServerId, UserId};

use crate::{Arg, FromRow, Row, Snapshot, StoreError, Tx};

macro_rules! columns {
    () => {
        "r.remote_id, r.name, r.handle, r.display_name, r.description, r.site_url, r.default_team_id, r.remote_team_id, \
         r.creator_id, r.create_at, r.confirmed_at, r.delete_at, r.deleted_by, r.severed, r.last_ping_at, r.profile, r.caps, \
         r.unrotated, r.interrupted_at, r.failing_since, r.last_error"
    };
}

impl FromRow for RemoteCluster {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(RemoteCluster {
            id: row.id()?,
            name: row.text()?,
            handle: row.text()?,
            display_name: row.text()?,
            description: row.text()?,
            site_url: Some(row.text()?).filter(|url| !url.is_empty()),
            default_team_id: row.opt_id()?,
            remote_team_id: row.text()?,
            creator_id: row.id()?,
            create_at: row.millis()?,
            confirmed_at: row.opt_millis()?,
            delete_at: row.opt_millis()?,
            deleted_by: row.opt_id()?,
            severed: row.bool()?,
            last_ping_at: row.opt_millis()?,
            profile: PeerProfile::from_word(&row.text()?),
            caps: row.text()?,
            unrotated: row.bool()?,
            interrupted_at: row.opt_millis()?,
            failing_since: row.opt_millis()?,
            last_error: row.text()?,
        })
    }
}

/// The secrets of a connection, apart from its record so that they travel nowhere by accident.
#[derive(Clone)]
pub struct Secrets {
    /// Keyed hash of what the peer presents to us; empty while only codes exist.
    pub token_hash: String,
    /// What we present to the peer, sealed with the server's key.
    pub remote_token: String,
    /// Digest of the confirmation that was applied, to know its exact repetition.
    pub confirmation: String,
}

impl FromRow for Secrets {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(Self { token_hash: row.text()?, remote_token: row.text()?, confirmation: row.text()? })
    }
}

/// A code that was given out.
#[derive(Debug, Clone)]
pub struct Invite {
    /// Local name of it.
    pub id: InviteId,
    /// For which connection.
    pub remote_id: RemoteId,
    /// Keyed hash of the token inside.
    pub token_hash: String,
    /// When it was made.
    pub create_at: Millis,
    /// When it stops opening anything.
    pub expires_at: Millis,
    /// When it was accepted, or another code of the connection was.
    pub spent_at: Option<Millis>,
}

impl FromRow for Invite {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id()?,
            remote_id: row.id()?,
            token_hash: row.text()?,
            create_at: row.millis()?,
            expires_at: row.millis()?,
            spent_at: row.opt_millis()?,
        })
    }
}

/// The connection with `id`, ended or not.
///
/// # Errors
/// [`StoreError`] as the database says; so in all functions of this file.
pub async fn get(view: &mut Snapshot, id: &RemoteId) -> Result<Option<RemoteCluster>, StoreError> {
    view.fetch_optional(concat!("SELECT ", columns!(), " FROM remote_clusters r WHERE r.remote_id = $1"), &[id.into()])
        .await
}

/// Gives the connections somebody made, those that have not ended, to somebody else. Returns which.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn hand_over(tx: &mut Tx, from: &UserId, to: &UserId) -> Result<Vec<RemoteId>, StoreError> {
    let ids: Vec<crate::Id<RemoteId>> = tx
        .fetch_all(
            "UPDATE remote_clusters SET creator_id = $2 WHERE creator_id = $1 AND delete_at = 0 RETURNING remote_id",
            &[from.into(), to.into()],
        )
        .await?;
    Ok(ids.into_iter().map(|id| id.0).collect())
}

/// The secrets of a connection.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn secrets(view: &mut Snapshot, id: &RemoteId) -> Result<Option<Secrets>, StoreError> {
    view.fetch_optional(
        "SELECT token_hash, remote_token, confirmation FROM remote_clusters WHERE remote_id = $1",
        &[id.into()],
    )
    .await
}

/// All connections by display name, ended ones only if asked for.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn list(view: &mut Snapshot, ended: bool) -> Result<Vec<RemoteCluster>, StoreError> {
    view.fetch_all(
        concat!(
            "SELECT ",
            columns!(),
            " FROM remote_clusters r WHERE $1 OR r.delete_at = 0 ORDER BY LOWER(r.display_name), r.handle, r.remote_id"
        ),
        &[ended.into()],
    )
    .await
}

/// Connections with a live share of a channel.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn list_of_channel(view: &mut Snapshot, channel: &ChannelId) -> Result<Vec<RemoteCluster>, StoreError> {
    view.fetch_all(
        concat!(
            "SELECT ",
            columns!(),
            " FROM remote_clusters r JOIN shares s ON s.remote_id = r.remote_id WHERE s.channel_id = $1 AND s.live \
             ORDER BY s.home, LOWER(r.display_name)"
        ),
        &[channel.into()],
    )
    .await
}

/// The live connection with this handle.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn get_by_handle(view: &mut Snapshot, handle: &str) -> Result<Option<RemoteCluster>, StoreError> {
    view.fetch_optional(
        concat!("SELECT ", columns!(), " FROM remote_clusters r WHERE r.handle = $1 AND r.delete_at = 0"),
        &[handle.into()],
    )
    .await
}

/// True if the person belongs to a channel that is or was shared over the connection: names of organisations are shown
/// beside what their people wrote, also when sharing is over.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn shares_channel_with(view: &mut Snapshot, id: &RemoteId, user: &UserId) -> Result<bool, StoreError> {
    view.fetch_one(
        "SELECT EXISTS (SELECT 1 FROM shares s JOIN channel_members m ON m.channel_id = s.channel_id \
         WHERE s.remote_id = $1 AND m.user_id = $2)",
        &[id.into(), user.into()],
    )
    .await
}

/// Adds a connection.
///
/// # Errors
/// [`StoreError::Unique`] on the id or on `remote_clusters_handle` / `handle`.
pub async fn insert(tx: &mut Tx, remote: &RemoteCluster, secrets: &Secrets) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO remote_clusters (remote_id, name, handle, creator_id, create_at, display_name, token_hash, remote_token, \
         confirmation) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        &[
            (&remote.id).into(),
            (&remote.name).into(),
            (&remote.handle).into(),
            (&remote.creator_id).into(),
            remote.create_at.into(),
            (&remote.display_name).into(),
            (&secrets.token_hash).into(),
            (&secrets.remote_token).into(),
            (&secrets.confirmation).into(),
        ],
    )
    .await?;
    update(tx, remote).await
}

/// Writes everything of a connection but id, name, maker and secrets.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn update(tx: &mut Tx, remote: &RemoteCluster) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE remote_clusters SET display_name = $2, description = $3, site_url = $4, default_team_id = $5, \
         remote_team_id = $6, confirmed_at = $7, delete_at = $8, deleted_by = $9, severed = $10, last_ping_at = $11, \
         profile = $12, caps = $13, unrotated = $14, interrupted_at = $15, failing_since = $16, last_error = $17 \
         WHERE remote_id = $1",
        &[
            (&remote.id).into(),
            (&remote.display_name).into(),
            (&remote.description).into(),
            Arg::opt(&remote.site_url),
            Arg::opt(&remote.default_team_id),
            (&remote.remote_team_id).into(),
            remote.confirmed_at.into(),
            remote.delete_at.into(),
            Arg::opt(&remote.deleted_by),
            remote.severed.into(),
            remote.last_ping_at.into(),
            remote.profile.as_str().into(),
            (&remote.caps).into(),
            remote.unrotated.into(),
            remote.interrupted_at.into(),
            remote.failing_since.into(),
            (&remote.last_error).into(),
        ],
    )
    .await
    .map(|_| ())
}

/// Replaces the secrets; empty ones are destroyed ones.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn set_secrets(tx: &mut Tx, id: &RemoteId, secrets: &Secrets) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE remote_clusters SET token_hash = $2, remote_token = $3, confirmation = $4 WHERE remote_id = $1",
        &[id.into(), (&secrets.token_hash).into(), (&secrets.remote_token).into(), (&secrets.confirmation).into()],
    )
    .await
    .map(|_| ())
}

/// Takes a connection that never was confirmed away again: the acceptor's own row after a refused confirmation.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn delete_unconfirmed(tx: &mut Tx, id: &RemoteId) -> Result<(), StoreError> {
    tx.execute("DELETE FROM remote_clusters WHERE remote_id = $1 AND confirmed_at = 0", &[id.into()]).await.map(|_| ())
}

/// Keeps a code.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn insert_invite(tx: &mut Tx, invite: &Invite) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO invites (id, remote_id, token_hash, create_at, expires_at) VALUES ($1, $2, $3, $4, $5)",
        &[
            (&invite.id).into(),
            (&invite.remote_id).into(),
            (&invite.token_hash).into(),
            invite.create_at.into(),
            invite.expires_at.into(),
        ],
    )
    .await
    .map(|_| ())
}

/// Whether a token of this hash opens something else than connection `except`: another connection, or a code of another.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn is_known_token(view: &mut Snapshot, hash: &str, except: &RemoteId) -> Result<bool, StoreError> {
    view.fetch_one(
        "SELECT EXISTS (SELECT 1 FROM remote_clusters WHERE token_hash = $1 AND remote_id <> $2) \
         OR EXISTS (SELECT 1 FROM invites WHERE token_hash = $1 AND remote_id <> $2) \
         OR EXISTS (SELECT 1 FROM token_rotations WHERE next_hash = $1 AND remote_id <> $2)",
        &[hash.into(), except.into()],
    )
    .await
}

/// The live connection other than `except` whose peer presents a token of this hash, or was offered it.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn owner_of_token(
    view: &mut Snapshot,
    hash: &str,
    except: &RemoteId,
) -> Result<Option<RemoteId>, StoreError> {
    let found: Option<crate::Id<RemoteId>> = view
        .fetch_optional(
            "SELECT r.remote_id FROM remote_clusters r WHERE r.delete_at = 0 AND r.remote_id <> $2 AND (r.token_hash = $1 \
             OR EXISTS (SELECT 1 FROM token_rotations t WHERE t.remote_id = r.remote_id AND t.next_hash = $1)) LIMIT 1",
            &[hash.into(), except.into()],
        )
        .await?;
    Ok(found.map(|id| id.0))
}

/// The code with this token hash, spent or not.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn get_invite(view: &mut Snapshot, token_hash: &str) -> Result<Option<Invite>, StoreError> {
    view.fetch_optional(
        "SELECT id, remote_id, token_hash, create_at, expires_at, spent_at FROM invites WHERE token_hash = $1",
        &[token_hash.into()],
    )
    .await
}

/// The newest code of a connection; of those made at once the one that opens longest.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn newest_invite(view: &mut Snapshot, remote: &RemoteId) -> Result<Option<Invite>, StoreError> {
    view.fetch_optional(
        "SELECT id, remote_id, token_hash, create_at, expires_at, spent_at FROM invites WHERE remote_id = $1 \
         ORDER BY create_at DESC, expires_at DESC LIMIT 1",
        &[remote.into()],
    )
    .await
}

/// Spends all codes of a connection.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn spend_invites(tx: &mut Tx, remote: &RemoteId, now: Millis) -> Result<(), StoreError> {
    tx.execute("UPDATE invites SET spent_at = $2 WHERE remote_id = $1 AND spent_at = 0", &[remote.into(), now.into()])
        .await
        .map(|_| ())
}

/// Lets all codes of a connection that still open something run out at `now`.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn expire_invites(tx: &mut Tx, remote: &RemoteId, now: Millis) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE invites SET expires_at = $2 WHERE remote_id = $1 AND spent_at = 0 AND expires_at > $2",
        &[remote.into(), now.into()],
    )
    .await
    .map(|_| ())
}

/// Forgets all codes of a connection: an unknown token is a plain 401 (ruling 13).
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn delete_invites(tx: &mut Tx, remote: &RemoteId) -> Result<(), StoreError> {
    tx.execute("DELETE FROM invites WHERE remote_id = $1", &[remote.into()]).await.map(|_| ())
}

/// Forgets codes that were spent or ran out before `before`.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn prune_invites(tx: &mut Tx, before: Millis) -> Result<u64, StoreError> {
    tx.execute("DELETE FROM invites WHERE expires_at < $1 AND (spent_at = 0 OR spent_at < $1)", &[before.into()]).await
}

/// The connection with `id`, locked for the rest of the transaction: what is read is still true when it is written.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn lock(tx: &mut Tx, id: &RemoteId) -> Result<Option<RemoteCluster>, StoreError> {
    const LOCK: crate::Sql = crate::Sql::per(
        concat!("SELECT ", columns!(), " FROM remote_clusters r WHERE r.remote_id = $1"),
        concat!("SELECT ", columns!(), " FROM remote_clusters r WHERE r.remote_id = $1 FOR UPDATE"),
    );
    tx.fetch_optional(LOCK, &[id.into()]).await
}

/// Which installation answers at a peer's address, as it was found first; empty: nobody knows.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn peer_server(view: &mut Snapshot, id: &RemoteId) -> Result<String, StoreError> {
    const SELECT: &str = "SELECT peer_server_id FROM remote_clusters WHERE remote_id = $1";
    let found: Option<String> = view.fetch_optional(SELECT, &[id.into()]).await?;
    Ok(found.unwrap_or_default())
}

/// Notes which installation answers at a peer's address, unless one is noted.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn set_peer_server(tx: &mut Tx, id: &RemoteId, server: &ServerId) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE remote_clusters SET peer_server_id = $2 WHERE remote_id = $1 AND peer_server_id = ''",
        &[id.into(), server.into()],
    )
    .await
    .map(|_| ())
}

/// Ended connections to a site.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn list_ended_at(view: &mut Snapshot, site_url: &str) -> Result<Vec<RemoteCluster>, StoreError> {
    view.fetch_all(
        concat!("SELECT ", columns!(), " FROM remote_clusters r WHERE r.site_url = $1 AND r.delete_at <> 0"),
        &[site_url.into()],
    )
    .await
}

/// Gives everything an ended connection owned or was given to another; returns the people. Those who are deactivated at
/// home or blocked here stay so. Where both know a wire id under a stand-in, the earlier one stays: it has the history.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn rehome(tx: &mut Tx, old: &RemoteId, new: &RemoteId, now: Millis) -> Result<Vec<UserId>, StoreError> {
    let people: Vec<crate::Id<UserId>> = tx
        .fetch_all(
            "UPDATE users SET remote_id = $2, remote_update_at = 0, \
             delete_at = CASE WHEN blocked_at <> 0 THEN blocked_at ELSE home_delete_at END, \
             update_at = CASE WHEN update_at >= $3 THEN update_at + 1 ELSE $3 END WHERE remote_id = $1 AND remote_id <> '' RETURNING id",
            &[old.into(), new.into(), now.into()],
        )
        .await?;
    for sql in [
        "UPDATE posts SET remote_id = $2 WHERE remote_id = $1",
        "UPDATE reactions SET remote_id = $2 WHERE remote_id = $1",
        "UPDATE channels SET origin_remote_id = $2 WHERE origin_remote_id = $1",
        "DELETE FROM user_aliases WHERE remote_id = $2 AND wire_id IN (SELECT wire_id FROM user_aliases WHERE remote_id = $1)",
        "UPDATE user_aliases SET remote_id = $2 WHERE remote_id = $1",
        // They tell what the peer holds and who ended what: that stays true whatever the connection is called.
        "UPDATE shares SET remote_id = $2 WHERE remote_id = $1 AND NOT live",
        "DELETE FROM context_posts WHERE remote_id = $1 AND post_id IN (SELECT post_id FROM context_posts WHERE remote_id = $2)",
        "UPDATE context_posts SET remote_id = $2 WHERE remote_id = $1",
    ] {
        tx.execute(sql, &[old.into(), new.into()]).await?;
    }
    Ok(people.into_iter().map(|id| id.0).collect())
}
