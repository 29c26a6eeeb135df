//! Current rows as the peer reads them: which kinds of items it knows, how its people are called there, how much fits.
//!
//! Source: wire 9.3, rulings 34, 38, 55, 61.

use std::collections::HashMap;

use rialto_app::outbox::{Contents, ITEMS};
use rialto_model::{
    ChannelId, FileId, FileInfo, MessageId, Millis, PeerProfile, Post, PostId, Reaction, RemoteCluster, User, UserId,
};
use rialto_wire::federation::mentions::{self, Meant};
use rialto_wire::federation::permalinks;
use rialto_wire::federation::post::{OutboundMetadata, OutboundPost};
use rialto_wire::federation::reaction::{MembershipChange, OutboundReaction};
use rialto_wire::federation::sync::OutboundSync;
use rialto_wire::federation::user::OutboundUser;
use rialto_wire::site_url::SiteUrl;

use super::{files, people};
use crate::Federation;

/// People in one frame.
pub(crate) const USERS: usize = 100;
/// Bytes of people in one frame: posts have to fit beside them.
const USER_BYTES: usize = super::FRAME_BYTES / 3;
/// Bytes of a custom status that are sent; a longer one stays here, or its owner alone could fill a frame.
const STATUS_BYTES: usize = 2_000;

/// How many of these people, from the first on, one frame takes; at least one.
pub(crate) fn fitting(fed: &Federation, contents: &Contents, people: &[User]) -> usize {
    let mut bytes = 0;
    let small = people.iter().take(USERS).take_while(|person| {
        bytes += serde_json::to_vec(&user(fed, contents, person)).map_or(USER_BYTES, |json| json.len() + 40);
        bytes <= USER_BYTES
    });
    small.count().max(1).min(people.len())
}
/// Posts in one frame to a peer of unknown kind or of 2021 (ruling 34).
const FEW_POSTS: usize = 12;

/// Characters of a message that a Mattermost takes (wire 7.4).
const MESSAGE_CHARS: usize = 16_383;

/// Posts in one frame.
pub(crate) fn posts_per_frame(fed: &Federation, remote: &RemoteCluster) -> usize {
    match remote.profile {
        PeerProfile::Mattermost5 | PeerProfile::Unknown => FEW_POSTS,
        PeerProfile::Mattermost11 | PeerProfile::Rialto => fed.app.settings.get().workspaces.max_posts_per_sync.max(1),
    }
}

/// Whether a reaction that arrives twice would be taken back there (wire 7.5).
pub(crate) fn toggles(remote: &RemoteCluster) -> bool {
    matches!(remote.profile, PeerProfile::Mattermost11 | PeerProfile::Unknown)
}

/// Whether the peer knows what joining and leaving is.
pub(crate) fn knows_members(fed: &Federation, remote: &RemoteCluster) -> bool {
    let settings = fed.app.settings.get();
    settings.workspaces.enable_member_sync && matches!(remote.profile, PeerProfile::Mattermost11 | PeerProfile::Rialto)
}

/// An empty message for a channel.
pub(crate) fn empty(fed: &Federation, channel: ChannelId) -> OutboundSync {
    OutboundSync::new(fed.app.ids.id(MessageId::from_random), channel)
}

/// The same for a share, with our position if the peer confirms it (ruling 8.4).
pub(crate) fn begin(fed: &Federation, contents: &Contents) -> OutboundSync {
    let rialto = contents.remote.has(ITEMS).then(|| super::extras::at(contents));
    OutboundSync { rialto, ..empty(fed, contents.channel.id) }
}

/// A person as the peer is told of them.
pub(crate) fn user(fed: &Federation, contents: &Contents, person: &User) -> OutboundUser {
    described(fed, &contents.wire_ids, contents.policy.presence, person)
}

/// The same where no frame is composed. `presence`: custom statuses may go to the peer.
pub(crate) fn described(
    fed: &Federation,
    wire_ids: &HashMap<UserId, UserId>,
    presence: bool,
    person: &User,
) -> OutboundUser {
    let settings = fed.app.settings.get();
    let mut out = OutboundUser::from(person);
    out.id = wire_ids.get(&person.id).copied().unwrap_or(person.id);
    // A relayed person's version is ours to count: the home's own one may stand still while we change their name.
    out.update_at = person.update_at;
    if settings.workspaces.share_email_addresses && person.is_local() {
        out.email.clone_from(&person.email);
    }
    if settings.workspaces.disable_status_sync || !presence {
        out.props.clear();
    }
    let now = fed.app.clock.now();
    out.props.retain(|_, value| value.len() <= STATUS_BYTES && !people::is_over(value, now));
    out
}

/// A post as the peer reads it; adds who its words mean to `sync`.
pub(crate) fn post(own: Option<&SiteUrl>, contents: &Contents, post: &Post, sync: &mut OutboundSync) -> OutboundPost {
    let mut out = OutboundPost::from(post);
    if let Some(wire_id) = contents.wire_ids.get(&post.user_id) {
        out.user_id = *wire_id;
    }
    if post.delete_at.is_none() {
        out.file_ids = match contents.files.get(&post.id) {
            // A Mattermost takes what it does not have out of the post for good (wire 7.6).
            Some(here) if !files::resumes(&contents.remote) => here.iter().map(|file| file.id).collect(),
            None if !files::resumes(&contents.remote) => Vec::new(),
            // What is still to come to us goes on to others when it is here.
            Some(here) => {
                let may_go = |file: &FileInfo| contents.policy.may_carry(&file.extension, file.size).is_ok();
                let stays = |id: &FileId| here.iter().any(|file| file.id == *id && !may_go(file));
                post.file_ids.iter().filter(|id| !stays(id)).copied().collect()
            }
            None => post.file_ids.clone(),
        };
        let rewritten = mentions::outgoing(&out.message, contents.remote.profile, |name| {
            let person = contents.mentioned.get(name)?;
            let theirs = person.remote_id == Some(contents.remote.id);
            Some(Meant {
                wire_id: contents.wire_id(&person.id),
                name_at_peer: theirs.then(|| person.remote_username.clone()),
            })
        });
        out.message = match own {
            Some(own) => {
                let target = |post: &_| match contents.links.get(post) {
                    Some(true) => permalinks::Target::Shared,
                    Some(false) => permalinks::Target::NotShared,
                    None => permalinks::Target::Unknown,
                };
                permalinks::outgoing(&rewritten.text, own, target).text
            }
            None => rewritten.text,
        };
        sync.mention_transforms.extend(rewritten.transforms);
        out.metadata = priority(contents, post);
    }
    out
}

/// How urgent a post is, to peers that know what that means; one of 2021 has no such member (wire 9.1).
fn priority(contents: &Contents, post: &Post) -> Option<OutboundMetadata> {
    let old = matches!(contents.remote.profile, PeerProfile::Mattermost5 | PeerProfile::Unknown);
    let priority = contents.priorities.get(&post.id).filter(|_| !old)?;
    Some(OutboundMetadata { priority: priority.into() })
}

/// Takes out the posts that are longer, as the peer would read them, than a Mattermost takes (ruling 63).
pub(crate) fn take_too_long(fed: &Federation, contents: &mut Contents) -> Vec<Post> {
    if contents.remote.profile == PeerProfile::Rialto {
        return Vec::new();
    }
    let own = fed.own_site();
    let (long, rest) = std::mem::take(&mut contents.posts).into_iter().partition(|row: &Post| {
        // What is short by far stays so, whatever becomes of its mentions and links.
        row.message.len() > MESSAGE_CHARS / 4
            && post(own.as_ref(), contents, row, &mut empty(fed, contents.channel.id)).message.chars().count()
                > MESSAGE_CHARS
    });
    contents.posts = rest;
    long
}

/// A reaction as the peer is told of it.
pub(crate) fn reaction(contents: &Contents, reaction: &Reaction) -> OutboundReaction {
    let mut out = OutboundReaction::from(reaction);
    if let Some(wire_id) = contents.wire_ids.get(&reaction.user_id) {
        out.user_id = *wire_id;
    }
    out
}

/// A join or leave as the peer is told of it.
pub(crate) fn member(contents: &Contents, person: &User, joined: bool) -> MembershipChange {
    MembershipChange {
        channel_id: contents.channel.id,
        user_id: contents.wire_id(&person.id),
        is_add: joined,
        remote_id: String::new(),
        change_time: contents.member_versions.get(&person.id).copied().unwrap_or(Millis(0)),
    }
}

/// The messages of ours that posts link to, and whether the peer's people can see them (behaviour 4.9).
pub(crate) async fn links(
    fed: &Federation,
    contents: &Contents,
) -> Result<HashMap<PostId, bool>, rialto_app::StoreError> {
    let Some(own) = fed.own_site() else { return Ok(HashMap::new()) };
    let found = std::cell::RefCell::new(Vec::new());
    for post in contents.posts.iter().filter(|post| post.message.contains("/pl/")) {
        permalinks::outgoing(&post.message, &own, |link: &PostId| {
            found.borrow_mut().push(*link);
            permalinks::Target::Unknown
        });
    }
    let found = found.into_inner();
    let shared = rialto_app::outbox::linked_teams(&fed.app, &contents.remote.id, &found).await?;
    Ok(found.into_iter().map(|link| (link, shared.contains_key(&link))).collect())
}
