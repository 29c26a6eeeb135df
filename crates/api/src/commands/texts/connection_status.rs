//! `/secure-connection status`: the table of all connections, and one of them in detail (behaviour 2.4).

use rialto_app::connections::ENDED_LISTED;
use rialto_app::connections::health::{Health, part};
use rialto_model::{Millis, RemoteCluster};

use super::organisation;
use crate::commands::candidate::ConnectionState;
use crate::commands::table::{Cell, NOTHING, Table, code, timestamp};

/// Most rows of a table in a message.
const MOST_ROWS: usize = 100;
/// How long it is told that there was no room, ms: peers try again every half minute (E-045).
const FULL_SHOWN: i64 = 5 * 60 * 1000;

/// A connection to list.
#[derive(Debug, Clone)]
pub struct ConnectionRow<'a> {
    /// Our record.
    pub cluster: &'a RemoteCluster,
    /// Display name of the destination team.
    pub team: Option<&'a str>,
    /// When the newest invitation of a pending connection expired, if it did.
    pub invitation_expired: Option<Millis>,
}

/// The table: connected, offline, pending, then those that ended within 30 days; by display name within each.
/// A sentence if there is none. `offline_after` in ms.
pub fn connection_table(rows: &[ConnectionRow<'_>], now: Millis, offline_after: i64) -> String {
    let mut listed: Vec<(ConnectionState, &ConnectionRow<'_>)> = rows
        .iter()
        .filter(|row| row.cluster.delete_at.is_none_or(|at| now.since(at) <= ENDED_LISTED))
        .map(|row| (ConnectionState::of(row.cluster, now, offline_after), row))
        .collect();
    if listed.is_empty() {
        return "There are no secure connections. `/secure-connection create` makes an invitation for one.".to_owned();
    }
    // Removed and severed ones are one group.
    listed.sort_by_key(|(state, row)| {
        (
            if state.is_live() { *state } else { ConnectionState::Removed },
            label(row.cluster).to_lowercase(),
            row.cluster.id,
        )
    });
    let mut table = Table::new([
        "Secure connection",
        "Description",
        "Connection ID",
        "Connection URL",
        "Default team",
        "Invite accepted",
        "Online",
        "Last ping (UTC)",
        "Deleted",
    ]);
    let mut notes = Vec::new();
    for (state, row) in listed.iter().take(MOST_ROWS) {
        let cluster = row.cluster;
        table.push([
            Cell::text(&cluster.name),
            Cell::text(&described(cluster, &cluster.description)),
            Cell::text(cluster.id.as_str()),
            Cell::url(cluster.site_url.as_deref()),
            Cell::text(row.team.unwrap_or_default()),
            Cell::yes_no(cluster.confirmed_at.is_some()),
            Cell::yes_no(*state == ConnectionState::Connected),
            Cell::time(cluster.last_ping_at),
            deleted(*state),
        ]);
        notes.extend(note(*state, row));
    }
    let mut out = table.render();
    if listed.len() > MOST_ROWS {
        out.push_str(&format!(
            "\n\n{} more are listed in the system console under Site Configuration, Connected Workspaces.",
            listed.len() - MOST_ROWS
        ));
    }
    if !notes.is_empty() {
        out.push_str(&format!("\n\n{}", notes.join("\n")));
    }
    out
}

fn note(state: ConnectionState, row: &ConnectionRow<'_>) -> Option<String> {
    let name = organisation(label(row.cluster));
    match (state, row.invitation_expired) {
        (ConnectionState::Pending, Some(at)) => {
            Some(format!("{name}: the invitation expired on {}.", timestamp(Some(at))))
        }
        _ if state.is_live() && row.cluster.unrotated => {
            Some(format!("{name}: unrotated credential, the other server still uses the one from the invitation."))
        }
        _ => None,
    }
}

fn deleted(state: ConnectionState) -> Cell {
    match state {
        ConnectionState::Severed => Cell::text("Yes (by peer)"),
        ConnectionState::Removed => Cell::yes_no(true),
        ConnectionState::Connected | ConnectionState::Offline | ConnectionState::Pending => Cell::yes_no(false),
    }
}

/// What is shown for a connection: its display name, else its name (SC-092).
pub(super) fn label(cluster: &RemoteCluster) -> &str {
    if cluster.display_name.is_empty() { &cluster.name } else { &cluster.display_name }
}

/// The display name, with a free text in parentheses if there is one.
pub(super) fn described(cluster: &RemoteCluster, free: &str) -> String {
    let label = label(cluster);
    if free.is_empty() { label.to_owned() } else { format!("{label} ({free})") }
}

/// One connection with what the health page knows of it (behaviour 8.4).
#[derive(Debug, Clone)]
pub struct ConnectionDetail<'a> {
    /// The connection.
    pub row: ConnectionRow<'a>,
    /// Username of who made it.
    pub creator: Option<&'a str>,
    /// How it fares.
    pub health: &'a Health,
    /// Live shares.
    pub channels: usize,
}

/// The short form of the health page. `offline_after` in ms.
pub fn connection_detail(detail: &ConnectionDetail<'_>, now: Millis, offline_after: i64) -> String {
    let cluster = detail.row.cluster;
    let state = ConnectionState::of(cluster, now, offline_after);
    let mut table = Table::new(["Property", "Value"]);
    let mut push = |name: &str, value: Cell| table.push([Cell::text(name), value]);
    push("Secure connection", Cell::text(&cluster.name));
    push("Description", Cell::text(&described(cluster, &cluster.description)));
    push("Connection ID", Cell::text(cluster.id.as_str()));
    push("Connection URL", Cell::url(cluster.site_url.as_deref()));
    push("Default team", Cell::text(detail.row.team.unwrap_or_default()));
    push("State", Cell::text(state.label()));
    push("Server", Cell::text(cluster.profile.as_str()));
    push("Created (UTC)", Cell::time(Some(cluster.create_at)));
    push("Created by", Cell::text(detail.creator.unwrap_or_default()));
    push("Invite accepted (UTC)", Cell::time(cluster.confirmed_at));
    push("Last ping (UTC)", Cell::time(cluster.last_ping_at));
    push("Failing since (UTC)", Cell::time(cluster.failing_since));
    push("Shared channels", Cell::text(&detail.channels.to_string()));
    let health = detail.health;
    let or_nothing = |text: Option<String>| Cell::text(&text.unwrap_or_else(|| NOTHING.to_owned()));
    push("State since (UTC)", Cell::time(Some(health.since)));
    push("Waiting", Cell::text(&health.waiting.to_string()));
    push("Waiting bytes", Cell::text(&health.waiting_bytes.to_string()));
    push("Lag", or_nothing((health.lag > 0).then(|| duration(health.lag))));
    push("Lag of the other side", or_nothing(health.measured.peer_lag.map(duration)));
    push("Round trip", or_nothing(health.measured.round_trip.map(|ms| format!("{ms} ms"))));
    let skew = health.measured.round_trip.map(|_| format!("{} ms", health.measured.clock_skew));
    push("Clock ahead of ours", or_nothing(skew));
    let (up, down) = health.availability;
    let available = part(up, down).map(|part| format!("{:.2} %", part * 100.0));
    push("Availability (24 h)", or_nothing(available));
    push("Token renewed (UTC)", Cell::time(health.token.renewed_at));
    push("Set aside", Cell::text(&health.set_aside.to_string()));
    push("Deleted", deleted(state));
    let mut out = table.render();
    if !cluster.last_error.is_empty() && state.is_live() {
        out.push_str(&format!("\n\nLast error: {}", code(&cluster.last_error)));
        if let Some(failure) = health.measured.failure.as_ref().filter(|failure| failure.text == cluster.last_error) {
            out.push_str(&format!(" ({}) {}", failure.cause.word(), failure.cause.remedy()));
        }
    }
    if let Some(at) = health.full_at.filter(|at| now.since(*at) < FULL_SHOWN) {
        let when = timestamp(Some(at));
        out.push_str(&format!(
            "\n\nThis server had no room left for what other servers sent at {when}. Nothing is lost: they send it again."
        ));
    }
    if let Some(note) = note(state, &detail.row) {
        out.push_str(&format!("\n\n{note}"));
    }
    out
}

/// Milliseconds as people say them: `45 s`, `12 min`, `3 h 20 min`, `2 d 4 h`.
pub fn duration(ms: i64) -> String {
    let seconds = ms.max(0) / 1000;
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {} min", minutes % 60),
        (days, hours, _) => format!("{days} d {} h", hours % 24),
    }
}
