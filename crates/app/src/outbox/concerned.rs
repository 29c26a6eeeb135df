//! Which connections an event may concern: one look at the log for all senders, of which only those are woken that may have
//! something to do. It may name too many and must not name too few: whoever [`super::changes`] would find anything for is
//! among them.

use std::collections::{BTreeSet, HashSet};

use rialto_model::{ChannelId, DomainEvent, Origin, Recorded, RemoteId, Seq, UserId};
use rialto_store::{Snapshot, StoreError, log, outbox, shares};

use crate::App;

/// Log positions looked at in one go.
const PAGE: i64 = 1_000;
/// With more than this to look at everybody is woken: whoever reads it anyway knows best.
const MANY: i64 = 10 * PAGE;

/// Whom a part of the log may concern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Concerned {
    /// Nobody can be left out.
    Everybody,
    /// Only these.
    These(HashSet<RemoteId>),
}

/// Looks at what stands in the log after `after` up to `settled`, or at the first part of it. Returns how far it looked.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn concerned(app: &App, after: Seq, settled: Seq) -> Result<(Seq, Concerned), StoreError> {
    if settled.0 - after.0 > MANY {
        return Ok((settled, Concerned::Everybody));
    }
    let offers_people = app.settings.get().offers_people();
    let mut view = app.db.read(app.clock.now()).await?;
    let events = log::list(&mut view, after, settled, PAGE).await?;
    let is_part = i64::try_from(events.len()).is_ok_and(|number| number >= PAGE);
    let upto = events.last().filter(|_| is_part).map_or(settled, |last| last.seq);
    Ok((upto, by(&mut view, &events, offers_people).await?))
}

pub(super) async fn by(view: &mut Snapshot, events: &[Recorded], offers_people: bool) -> Result<Concerned, StoreError> {
    let mut found = Found::default();
    for event in events {
        found.look(event, offers_people);
    }
    if found.everybody {
        return Ok(Concerned::Everybody);
    }
    let mut remotes = found.remotes;
    if !found.channels.is_empty() {
        remotes.extend(shares::remotes_of_channels(view, &found.channels).await?);
    }
    if !found.people.is_empty() {
        remotes.extend(outbox::who_knows(view, &found.people).await?);
    }
    Ok(Concerned::These(remotes))
}

#[derive(Default)]
struct Found {
    everybody: bool,
    remotes: HashSet<RemoteId>,
    channels: BTreeSet<ChannelId>,
    people: BTreeSet<UserId>,
}

impl Found {
    fn look(&mut self, recorded: &Recorded, offers_people: bool) {
        if let Origin::Remote(remote) = recorded.origin {
            self.remotes.insert(remote);
        }
        // Every kind by its name: of a new one it has to be decided.
        match &recorded.event {
            DomainEvent::SettingsChanged { .. } => self.everybody = true,
            DomainEvent::RemoteChanged { remote }
            | DomainEvent::ShareStarted { remote, .. }
            | DomainEvent::ShareChanged { remote, .. }
            | DomainEvent::ShareEnded { remote, .. }
            | DomainEvent::MemberWord { remote, .. }
            | DomainEvent::DeliveriesChanged { owner: remote, .. } => {
                self.remotes.insert(*remote);
            }
            DomainEvent::UserCreated { user } | DomainEvent::UserUpdated { user } => {
                self.everybody |= offers_people && recorded.origin == Origin::Local;
                self.people.insert(*user);
            }
            DomainEvent::StatusChanged { user, .. } => {
                self.people.insert(*user);
            }
            DomainEvent::PostCreated { channel, .. }
            | DomainEvent::PostEdited { channel, .. }
            | DomainEvent::PostDeleted { channel, .. }
            | DomainEvent::PinChanged { channel, .. }
            | DomainEvent::HistoryReceived { channel }
            | DomainEvent::HistoryKept { channel, .. }
            | DomainEvent::ChannelMemberAdded { channel, .. }
            | DomainEvent::ChannelMemberRemoved { channel, .. }
            | DomainEvent::ChannelUpdated { channel }
            | DomainEvent::ChannelArchived { channel }
            | DomainEvent::ChannelRestored { channel }
            | DomainEvent::ChannelDeleted { channel, .. } => {
                self.channels.insert(*channel);
            }
            DomainEvent::ReactionAdded(reaction) | DomainEvent::ReactionRemoved(reaction) => {
                self.channels.insert(reaction.channel_id);
            }
            DomainEvent::AcknowledgementAdded(ack) | DomainEvent::AcknowledgementRemoved(ack) => {
                self.channels.insert(ack.channel_id);
            }
            // These stay here, or travel by another way.
            DomainEvent::UserRolesChanged { .. }
            | DomainEvent::SessionsRevoked { .. }
            | DomainEvent::PreferencesChanged { .. }
            | DomainEvent::PreferencesDeleted { .. }
            | DomainEvent::DraftChanged { .. }
            | DomainEvent::BookmarkChanged { .. }
            | DomainEvent::BookmarksSorted { .. }
            | DomainEvent::ScheduledPostChanged { .. }
            | DomainEvent::TeamCreated { .. }
            | DomainEvent::TeamUpdated { .. }
            | DomainEvent::TeamMemberAdded { .. }
            | DomainEvent::TeamMemberRemoved { .. }
            | DomainEvent::TeamMemberUpdated { .. }
            | DomainEvent::ChannelCreated { .. }
            | DomainEvent::ChannelModerated { .. }
            | DomainEvent::ChannelMemberUpdated { .. }
            | DomainEvent::ChannelViewed { .. }
            | DomainEvent::PreviewFound { .. }
            | DomainEvent::ThreadChanged { .. }
            | DomainEvent::ThreadFollowed { .. }
            | DomainEvent::ThreadRead { .. }
            | DomainEvent::TeamThreadsRead { .. }
            | DomainEvent::ChannelThreadsRead { .. }
            | DomainEvent::ReminderDue { .. }
            | DomainEvent::SidebarChanged { .. }
            | DomainEvent::EmojiAdded(_)
            | DomainEvent::EmojiRemoved(_)
            | DomainEvent::PeerEmojiChanged { .. } => {}
        }
    }
}
