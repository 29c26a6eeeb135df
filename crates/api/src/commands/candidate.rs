//! Connections as commands see them: to complete an id, and to find the one that somebody named (behaviour 2.2.16).

use rialto_model::{Millis, RemoteCluster, RemoteId};

use super::invocation::ConnectionRef;

/// Where a connection stands (behaviour 0.3), in the order of the status table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConnectionState {
    /// Accepted, and our pings get through.
    Connected,
    /// Accepted, but our pings have not got through for a while.
    Offline,
    /// Nobody has accepted it yet.
    Pending,
    /// Ended by us.
    Removed,
    /// Ended by the peer.
    Severed,
}

impl ConnectionState {
    /// The state of `cluster` at `now`; `offline_after` in ms.
    pub fn of(cluster: &RemoteCluster, now: Millis, offline_after: i64) -> Self {
        match cluster {
            RemoteCluster { severed: true, .. } => ConnectionState::Severed,
            RemoteCluster { delete_at: Some(_), .. } => ConnectionState::Removed,
            RemoteCluster { confirmed_at: None, .. } => ConnectionState::Pending,
            cluster if cluster.is_online(now, offline_after) => ConnectionState::Connected,
            _ => ConnectionState::Offline,
        }
    }

    /// Its name in texts.
    pub fn label(self) -> &'static str {
        match self {
            ConnectionState::Connected => "connected",
            ConnectionState::Offline => "offline",
            ConnectionState::Pending => "connection pending",
            ConnectionState::Removed => "removed",
            ConnectionState::Severed => "ended by the peer",
        }
    }

    /// Neither removed nor severed.
    pub fn is_live(self) -> bool {
        matches!(self, ConnectionState::Connected | ConnectionState::Offline | ConnectionState::Pending)
    }
}

/// A connection that may be meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Same on both sides.
    pub id: RemoteId,
    /// As typed when it was made.
    pub name: String,
    /// Lower-case form of the name.
    pub handle: String,
    /// Shown name.
    pub display_name: String,
    /// The peer's address; None while pending.
    pub site_url: Option<String>,
    /// Where it stands.
    pub state: ConnectionState,
    /// It has a live share of the current channel.
    pub in_channel: bool,
}

/// Why a reference leads nowhere.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unresolved {
    /// Nothing of that id or name, or removed and named by name.
    #[error("no such connection")]
    NotFound,
    /// More than one; these.
    #[error("more than one connection of that name")]
    Ambiguous(Vec<Candidate>),
}

/// Finds the connection that `reference` names: by id, else by handle or name, else by display name, ignoring case.
/// Removed and severed ones answer to their id only.
///
/// # Errors
/// Nothing found, or more than one in the first of the three ways that finds any.
pub fn resolve<'a>(reference: &ConnectionRef, among: &'a [Candidate]) -> Result<&'a Candidate, Unresolved> {
    let given = reference.0.trim();
    let folded = given.to_lowercase();
    let is = |text: &str| text.to_lowercase() == folded;
    if let Some(exact) = among.iter().find(|c| c.id.as_str() == given) {
        return Ok(exact);
    }
    let by_id: Vec<&Candidate> = among.iter().filter(|c| is(c.id.as_str())).collect();
    let live = || among.iter().filter(|c| c.state.is_live());
    let by_name: Vec<&Candidate> = live().filter(|c| is(&c.handle) || is(&c.name)).collect();
    let by_label: Vec<&Candidate> = live().filter(|c| is(&c.display_name)).collect();
    let found = [by_id, by_name, by_label].into_iter().find(|found| !found.is_empty()).unwrap_or_default();
    match found.as_slice() {
        [] => Err(Unresolved::NotFound),
        [one] => Ok(one),
        several => Err(Unresolved::Ambiguous(several.iter().map(|c| (*c).clone()).collect())),
    }
}

#[cfg(test)]
pub mod samples {
    //! Connections for tests.

    use super::*;

    /// A connection named `name`; its id is made of `digit`.
    pub fn candidate(digit: char, name: &str, display_name: &str, state: ConnectionState) -> Candidate {
        Candidate {
            id: RemoteId::parse(&digit.to_string().repeat(26)).unwrap(),
            name: name.into(),
            handle: name.to_lowercase().replace(' ', "-"),
            display_name: display_name.into(),
            site_url: (state != ConnectionState::Pending)
                .then(|| format!("https://{}.example", name.to_lowercase().replace(' ', "-"))),
            state,
            in_channel: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::samples::candidate;
    use super::*;

    fn all() -> Vec<Candidate> {
        vec![
            candidate('a', "AcmeEU", "Acme Europe", ConnectionState::Connected),
            candidate('b', "Acme US", "Acme", ConnectionState::Offline),
            candidate('c', "globex", "Same", ConnectionState::Pending),
            candidate('d', "other", "Same", ConnectionState::Connected),
            candidate('e', "old", "Old One", ConnectionState::Removed),
            candidate('f', "Acme", "Namesake", ConnectionState::Connected),
        ]
    }

    #[track_caller]
    fn check(reference: &str, found: Result<char, usize>) {
        let all = all();
        let got = resolve(&ConnectionRef(reference.into()), &all);
        let got = match got {
            Ok(one) => Ok(one.id.as_str().chars().next().unwrap()),
            Err(Unresolved::NotFound) => Err(0),
            Err(Unresolved::Ambiguous(several)) => Err(several.len()),
        };
        assert_eq!(got, found, "{reference:?}");
    }

    /// SC-041.
    #[test]
    fn id_then_handle_or_name_then_display_name() {
        check(&"a".repeat(26), Ok('a'));
        check(&"A".repeat(26), Ok('a'));
        check("acmeeu", Ok('a'));
        check("acme-us", Ok('b'));
        check("ACME us", Ok('b'));
        check("Acme Europe", Ok('a'));
        // A name comes before the display name of another.
        check("acme", Ok('f'));
        check("same", Err(2));
        check("nobody", Err(0));
        check("", Err(0));
    }

    #[test]
    fn removed_ones_answer_to_their_id_only() {
        check(&"e".repeat(26), Ok('e'));
        check("old", Err(0));
        check("Old One", Err(0));
    }
}
