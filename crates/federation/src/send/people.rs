//! What is told of people beside their profiles: presence and acknowledgements, to whoever knows what they are; and what
//! only another Rialto reads of a person. Source: wire 5.9, 9.3, rulings 8.4, 56.

use rialto_app::outbox::Contents;
use rialto_app::statuses::Status;
use rialto_model::{Acknowledgement, Millis, PeerProfile, RemoteCluster, User};
use rialto_wire::federation::capability;
use rialto_wire::federation::items::UserExtension;
use rialto_wire::federation::reaction::{self, UserStatus};
use rialto_wire::federation::sync::OutboundSync;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::deliver::{Fate, send_beside};
use super::{Undelivered, compose, extras};
use crate::Federation;

/// Statuses and acknowledgements in one frame; each has about 150 bytes.
const AT_ONCE: usize = 500;

/// Whether the peer knows what presence and acknowledgements are (wire 9.3).
fn knows(remote: &RemoteCluster) -> bool {
    matches!(remote.profile, PeerProfile::Mattermost11 | PeerProfile::Rialto)
}

/// Sends presence and acknowledgements. A refusal of them is final: the next change is told again.
pub(super) async fn send(fed: &Federation, contents: &Contents) -> Result<Fate, Undelivered> {
    if !knows(&contents.remote) {
        return Ok(Fate::Done);
    }
    let shows_presence = !fed.app.settings.get().workspaces.disable_status_sync && contents.policy.presence;
    let statuses = if shows_presence { contents.statuses.as_slice() } else { &[] };
    let mut frames: Vec<OutboundSync> = Vec::new();
    for page in statuses.chunks(AT_ONCE) {
        let mut sync = compose::begin(fed, contents);
        sync.statuses = page.iter().map(|status| presence(contents, status)).collect();
        frames.push(sync);
    }
    for (number, page) in contents.acknowledgements.chunks(AT_ONCE).enumerate() {
        if frames.get(number).is_none() {
            frames.push(compose::begin(fed, contents));
        }
        if let Some(sync) = frames.get_mut(number) {
            sync.acknowledgements = page.iter().map(|ack| acknowledgement(contents, ack)).collect();
        }
    }
    for sync in frames {
        if send_beside(fed, contents, &sync).await? == Fate::NoLongerShared {
            return Ok(Fate::NoLongerShared);
        }
    }
    Ok(Fate::Done)
}

fn presence(contents: &Contents, status: &Status) -> UserStatus {
    UserStatus {
        user_id: contents.wire_id(&status.user_id),
        status: status.status.clone(),
        manual: status.manual,
        last_activity_at: status.last_activity_at,
        dnd_end_time: status.dnd_end_time,
    }
}

fn acknowledgement(contents: &Contents, ack: &Acknowledgement) -> reaction::Acknowledgement {
    reaction::Acknowledgement {
        user_id: contents.wire_id(&ack.user_id),
        post_id: ack.post_id,
        acknowledged_at: ack.acknowledged_at.unwrap_or(Millis(0)),
    }
}

/// Puts beside described people what Mattermost's form of a person has no room for, if the peer reads it.
pub(super) fn mark(contents: &Contents, people: &[User], sync: &mut OutboundSync) {
    if !contents.remote.has(capability::ITEMS) {
        return;
    }
    for person in people {
        let more = UserExtension {
            is_bot: person.is_bot,
            is_guest: person.is_guest(),
            deleted: person.delete_at.is_some(),
            organisation: String::new(),
        };
        if more != UserExtension::default() {
            let wire_id = contents.wire_id(&person.id);
            let extension = extras::extension(contents, sync);
            extension.users.insert(wire_id, more);
        }
    }
}

/// Whether a custom status is over: nobody is told of it any more, and clients hide it themselves.
pub(super) fn is_over(custom_status: &str, now: Millis) -> bool {
    #[derive(serde::Deserialize)]
    struct Expiry {
        #[serde(default)]
        expires_at: String,
    }
    let Ok(Expiry { expires_at }) = serde_json::from_str(custom_status) else { return false };
    let Ok(at) = OffsetDateTime::parse(&expires_at, &Rfc3339) else { return false };
    // Clients say "for ever" with the first moment of year 1.
    let at = at.unix_timestamp();
    at > 0 && at.saturating_mul(1000) <= now.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_custom_status_ends_when_it_says() {
        let now = Millis(1_790_000_000_000);
        for (expires_at, over) in [
            ("2026-09-21T14:13:20Z", true),
            ("2026-09-21T14:13:21Z", false),
            ("0001-01-01T00:00:00Z", false),
            ("", false),
            ("soon", false),
        ] {
            let status = format!(r#"{{"text":"soup","duration":"today","expires_at":"{expires_at}"}}"#);
            assert_eq!(is_over(&status, now), over, "{expires_at}");
        }
        assert!(!is_over("{}", now) && !is_over("soup", now));
    }
}
