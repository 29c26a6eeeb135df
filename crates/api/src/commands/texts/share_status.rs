//! `/share-channel status`: the table of the current channel's shares (behaviour 2.5, SC-082 to SC-085).

use rialto_model::{ChannelId, Millis, RemoteCluster, Share, ShareMode, ShareState};

use super::connection_status::{described, label};
use super::organisation;
use super::shares::{ShareRefusal, share_refusal};
use crate::commands::candidate::ConnectionState;
use crate::commands::table::{Cell, Table, escape};

/// A share to list, with its connection.
#[derive(Debug, Clone)]
pub struct ShareRow<'a> {
    /// The share.
    pub share: &'a Share,
    /// The connection.
    pub cluster: &'a RemoteCluster,
    /// Items that wait for the peer.
    pub waiting: u64,
}

/// The channel whose shares are listed.
#[derive(Debug, Clone, Copy)]
pub struct SharedChannel<'a> {
    /// Shown name.
    pub display_name: &'a str,
    /// Its id, the same everywhere.
    pub id: ChannelId,
    /// The home organisation's display name; None if we are the home.
    pub home: Option<&'a str>,
}

/// A line on the channel and the table of its shares. Ended ones are left out (E-172); a sentence if none is left.
/// `offline_after` in ms.
pub fn share_table(channel: &SharedChannel<'_>, rows: &[ShareRow<'_>], now: Millis, offline_after: i64) -> String {
    let mut listed: Vec<&ShareRow<'_>> = rows.iter().filter(|row| row.share.state != ShareState::Ended).collect();
    if listed.is_empty() {
        return format!("{} (`{}`) is shared with nobody.", organisation(channel.display_name), channel.id);
    }
    listed.sort_by_key(|row| (label(row.cluster).to_lowercase(), row.cluster.id));
    let mut table = Table::new([
        "Secure connection",
        "Description",
        "Connection ID",
        "Connection URL",
        "Read only channel",
        "Invite accepted",
        "Online",
        "Last ping (UTC)",
        "Last sync (UTC)",
        "State",
    ]);
    for row in listed {
        let ShareRow { share, cluster, .. } = row;
        let free = if share.description.is_empty() { &cluster.description } else { &share.description };
        table.push([
            Cell::text(&cluster.name),
            Cell::text(&described(cluster, free)),
            Cell::text(cluster.id.as_str()),
            Cell::url(cluster.site_url.as_deref()),
            Cell::true_false(share.mode == ShareMode::ReadOnly),
            Cell::yes_no(matches!(share.state, ShareState::Active | ShareState::Paused)),
            Cell::yes_no(cluster.is_online(now, offline_after)),
            Cell::time(cluster.last_ping_at),
            Cell::time(share.last_sync_at),
            Cell::text(&state(share, row.waiting)),
        ]);
    }
    let home = channel
        .home
        .map_or_else(|| "Its home is this server.".to_owned(), |home| format!("Its home is {}.", organisation(home)));
    format!("Shares of **{}** (`{}`). {home}\n\n{}", escape(channel.display_name), channel.id, table.render())
}

/// What the status of a direct or group message says: nobody manages it, and these take part (E-145).
pub fn conversation(rows: &[ShareRow<'_>], now: Millis, offline_after: i64) -> String {
    let managed = share_refusal(&ShareRefusal::DirectChannel);
    if rows.is_empty() {
        return format!("{managed} Only people of this server take part in this one.");
    }
    let mut with: Vec<String> = rows
        .iter()
        .map(|row| {
            let connection = ConnectionState::of(row.cluster, now, offline_after).label();
            format!("{} ({connection}; {})", organisation(&row.cluster.display_name), state(row.share, row.waiting))
        })
        .collect();
    with.sort_unstable();
    format!("{managed} People of these organisations take part in this one: {}.", with.join(", "))
}

/// "failed (refused), 3 waiting".
fn state(share: &Share, waiting: u64) -> String {
    let mut out = share.state.as_str().to_owned();
    let explained = matches!(share.state, ShareState::Failed | ShareState::Paused);
    if explained && !share.reason.is_empty() {
        out.push_str(&format!(" ({})", share.reason));
    }
    if waiting > 0 {
        out.push_str(&format!(", {waiting} waiting"));
    }
    out
}
