//! Sync messages: from the wire's terms into ours, item by item, and back as a result. Source: wire 5.4, 5.5, 7.

use std::collections::{BTreeMap, HashMap};

use rialto_app::access::RemoteActor;
use rialto_app::apply::{
    self, Code, IncomingAcknowledgement, IncomingItems, IncomingMember, IncomingPin, IncomingPosition, IncomingPost,
    IncomingReaction, IncomingStatus, IncomingUser, Outcome,
};
use rialto_app::connections::{self, policies, quotas};
use rialto_app::delivery_states::{Receipt, State};
use rialto_app::member_requests::Incoming;
use rialto_model::{ChannelId, FileId, Millis, PeerProfile, PostId, RemoteCluster, Seq, User, UserId};
use rialto_wire::federation::frame::{Envelope, no_longer_shared};
use rialto_wire::federation::items::{self, ItemResult, ItemState, ResultExtension, SyncExtension};
use rialto_wire::federation::post::InboundPost;
use rialto_wire::federation::reaction::{Acknowledgement, UserStatus};
use rialto_wire::federation::result::SyncResult;
use rialto_wire::federation::sync::SyncMessage;
use rialto_wire::federation::user::InboundUser;
use rialto_wire::federation::{ItemKind, bounds, mentions, permalinks, topic, username};
use rialto_wire::site_url::SiteUrl;
use serde_json::value::RawValue;

use super::reply::Reply;
use crate::Federation;

/// Wishes, answers and blocks that are read of one message.
const MEMBER_WORDS: usize = 500;

/// Names tried for somebody whose name is taken here (wire 7.3).
const STAND_INS: u32 = 25;

/// What a refusal by a setting is called (ruling 8.4).
const POLICY: &str = "policy";

pub(super) async fn sync(fed: &Federation, actor: &RemoteActor, payload: &RawValue) -> Result<Envelope, Reply> {
    let message = SyncMessage::decode(payload).map_err(|_| Reply::BadPayload)?;
    let Some(channel) = message.channel_id else { return discovered(fed, actor, &message).await };
    admit_people(fed, actor, &message).await?;
    let mut result = SyncResult::default();
    message.refused.iter().for_each(|item| result.refuse(item));
    let items = translate(fed, actor, &channel, &message, &mut result).await?;
    match apply::items(&fed.app, actor, &channel, items).await {
        Ok(outcome) => {
            report(&mut result, &message, &outcome);
            Ok(Envelope::ok(&result))
        }
        Err(apply::Error::NotShared) => {
            apply::note_refused_frame(&fed.app, actor, topic::SYNC, Some(channel), "not_shared").await?;
            Ok(Envelope::fail(no_longer_shared(channel.as_str())).with_code("not_shared"))
        }
        Err(apply::Error::Paused) => Err(Reply::Later),
        Err(apply::Error::NoHistory) => {
            apply::note_refused_frame(&fed.app, actor, topic::SYNC, Some(channel), POLICY).await?;
            Ok(Envelope::fail("no earlier messages are taken here").with_code(POLICY))
        }
        Err(apply::Error::Store(error)) => Err(error.into()),
    }
}

/// People outside shared channels (wire 6.12, 7.1): where they are not wanted, the answer is null.
async fn discovered(fed: &Federation, actor: &RemoteActor, message: &SyncMessage) -> Result<Envelope, Reply> {
    let refused_more = message.refused.iter().any(|item| item.kind != ItemKind::User);
    if message.has_more_than_users() || refused_more {
        apply::note_refused_frame(&fed.app, actor, topic::GLOBAL_USERS, None, "invalid").await?;
        return Ok(Envelope::fail("only people are taken outside a channel").with_code("invalid"));
    }
    let allowed = policies::of(&fed.app, &actor.id()).await?.discovery;
    if !allowed
        || !fed.app.settings.get().discovery_enabled()
        || (message.users.is_empty() && message.refused.is_empty())
    {
        return Ok(Envelope::ok_null());
    }
    admit_people(fed, actor, message).await?;
    let users = people(fed, actor, message).await?;
    let refused: Vec<_> = message.refused.iter().map(|item| (kind_word(item.kind), Code::Invalid)).collect();
    let mut result = SyncResult::default();
    message.refused.iter().for_each(|item| result.refuse(item));
    match apply::discovered(&fed.app, actor, &users, &refused).await {
        Ok(outcome) => {
            report(&mut result, message, &outcome);
            Ok(Envelope::ok(&result))
        }
        Err(apply::Error::Store(error)) => Err(error.into()),
        Err(apply::Error::Paused) => Err(Reply::Later),
        // The connection has ended since its credential was checked.
        Err(apply::Error::NotShared | apply::Error::NoHistory) => Err(Reply::Unauthorized),
    }
}

async fn admit_people(fed: &Federation, actor: &RemoteActor, message: &SyncMessage) -> Result<(), Reply> {
    let people: Vec<UserId> = message.users.iter().map(|user| user.id).collect();
    if quotas::admits_people(&fed.app, &actor.id(), &people).await? {
        return Ok(());
    }
    quotas::slowed(&fed.app, &actor.id(), Some("people")).await?;
    Err(Reply::TooMany)
}

/// The people of a message in our terms.
async fn people(
    fed: &Federation,
    actor: &RemoteActor,
    message: &SyncMessage,
) -> Result<Vec<IncomingUser>, rialto_app::StoreError> {
    if message.users.is_empty() {
        return Ok(Vec::new());
    }
    let handles = other_handles(fed, actor).await?;
    let exchanged = policies::of(&fed.app, &actor.id()).await?.presence;
    let hides_statuses = fed.app.settings.get().workspaces.disable_status_sync || !exchanged;
    let read = |user: &InboundUser| {
        let more = message.rialto.as_ref().and_then(|extra| extra.users.get(&user.id));
        let mut user = incoming_user(user, actor.remote(), &handles);
        user.is_bot |= more.is_some_and(|more| more.is_bot);
        user.is_guest = more.is_some_and(|more| more.is_guest);
        if more.is_some_and(|more| more.deleted) && user.delete_at.is_none() {
            user.delete_at = Some(user.update_at);
        }
        if hides_statuses {
            // Neither sent nor shown (E-108).
            user.custom_status = None;
        }
        user
    };
    Ok(message.users.iter().map(read).collect())
}

async fn translate(
    fed: &Federation,
    actor: &RemoteActor,
    channel: &ChannelId,
    message: &SyncMessage,
    result: &mut SyncResult,
) -> Result<IncomingItems, Reply> {
    let users = people(fed, actor, message).await?;
    let named: Vec<UserId> = message.mention_transforms.values().copied().collect();
    let known = apply::known_people(&fed.app, &actor.id(), channel, &named).await?;
    let extra = message.rialto.as_ref();
    let history = extra.is_some_and(|extra| extra.backfill);
    let mut refused: Vec<_> = message.refused.iter().map(|item| (kind_word(item.kind), Code::Invalid)).collect();
    let mut posts = Vec::with_capacity(message.posts.len());
    let arriving: Vec<PostId> = message.posts.iter().map(|post| post.id).collect();
    for post in &message.posts {
        // An item of another channel than the message's is nobody's word here (INV-3).
        if post.channel_id == *channel {
            let mut post = incoming_post(post, &message.mention_transforms, actor.remote(), &known);
            post.message = own_links(fed, actor.remote(), channel, &arriving, post.message).await?;
            post.history = history;
            post.is_old = extra.is_some_and(|extra| extra.is_old(&post.id));
            posts.push(post);
        } else {
            result.post_errors.push(post.id.to_string());
            refused.push((kind_word(ItemKind::Post), Code::NotOwner));
        }
    }
    let reactions = message.reactions.iter().map(|reaction| IncomingReaction {
        user_id: reaction.user_id,
        post_id: reaction.post_id,
        emoji_name: reaction.emoji_name.clone(),
        create_at: reaction.create_at,
        update_at: reaction.update_at,
        delete_at: reaction.delete_at,
        history,
    });
    // No list of the answer names these; the audit log does (T-28759).
    let stray = message.membership_changes.iter().filter(|change| change.channel_id != *channel);
    refused.extend(stray.map(|_| (kind_word(ItemKind::Member), Code::NotOwner)));
    let members = message
        .membership_changes
        .iter()
        .filter(|change| change.channel_id == *channel && fed.app.settings.get().workspaces.enable_member_sync)
        .map(|change| IncomingMember { user_id: change.user_id, joins: change.is_add, at: change.change_time });
    let unreadable = message.refused.iter().filter(|item| item.kind == ItemKind::User);
    Ok(IncomingItems {
        users,
        posts,
        reactions: reactions.collect(),
        acknowledgements: acknowledgements(message),
        statuses: statuses(fed, message),
        members: members.collect(),
        history,
        position: extra.and_then(position),
        pins: pins(message),
        receipts: receipts(message),
        member_words: member_words(message),
        refused,
        unreadable: unreadable.filter_map(|item| UserId::parse(item.id.as_deref()?).ok()).collect(),
    })
}

/// Where the sender stands in its log; None if what it says is no position.
fn position(extra: &SyncExtension) -> Option<IncomingPosition> {
    let (seq, low) = extra.position()?;
    let epoch = extra.epoch.chars().filter(char::is_ascii_alphanumeric).take(64).collect();
    Some(IncomingPosition { epoch, seq: Seq(seq), low: Seq(low), after: extra.after.map(Seq) })
}

/// Acknowledgements of the message, and those that posts carry with them, which are of everybody the sender knows of.
fn acknowledgements(message: &SyncMessage) -> Vec<IncomingAcknowledgement> {
    let incoming = |ack: &Acknowledgement, beside_post| IncomingAcknowledgement {
        user_id: ack.user_id,
        post_id: ack.post_id,
        acknowledged_at: Millis::non_zero(ack.acknowledged_at.0),
        beside_post,
    };
    let beside = message.posts.iter().flat_map(|post| {
        post.acknowledgements.iter().filter(|ack| ack.post_id == post.id && ack.acknowledged_at.0 > 0)
    });
    let own = message.acknowledgements.iter().map(|ack| incoming(ack, false));
    own.chain(beside.map(|ack| incoming(ack, true))).collect()
}

/// Presence, unless it is not exchanged here: then it is accepted and dropped (E-108).
fn statuses(fed: &Federation, message: &SyncMessage) -> Vec<IncomingStatus> {
    if fed.app.settings.get().workspaces.disable_status_sync {
        return Vec::new();
    }
    let incoming = |status: &UserStatus| IncomingStatus {
        user_id: status.user_id,
        status: status.status.clone(),
        manual: status.manual,
        last_activity_at: status.last_activity_at,
        dnd_end_time: status.dnd_end_time,
    };
    message.statuses.iter().map(incoming).collect()
}

/// Pins and their ends; their times were bounded when they were read.
fn pins(message: &SyncMessage) -> Vec<IncomingPin> {
    let incoming = |pin: &items::Pin| IncomingPin {
        user_id: pin.user_id,
        post_id: pin.post_id,
        pinned: pin.pinned,
        at: Millis(pin.at),
    };
    message.rialto.iter().flat_map(|extra| &extra.pins).map(incoming).collect()
}

/// How our messages fared beyond the home of the channel; a word nobody has agreed on is left out.
fn receipts(message: &SyncMessage) -> Vec<Receipt> {
    let incoming = |receipt: &items::Receipt| {
        let (post, organisation, code) = (receipt.post_id, receipt.organisation.clone(), receipt.code.clone());
        Some(Receipt { post, organisation, state: State::parse(&receipt.state)?, code })
    };
    let list = message.rialto.iter().flat_map(|extra| &extra.receipts);
    list.filter_map(incoming).take(bounds::ITEMS).collect()
}

/// Who may be in the channel, beside joins and leaves; a time out of bounds makes a word none.
fn member_words(message: &SyncMessage) -> Vec<Incoming> {
    let Some(extra) = &message.rialto else { return Vec::new() };
    let asked = extra.member_requests.iter().map(|one| Incoming::Asked { user: one.user_id, by: one.by });
    let answered =
        extra.member_answers.iter().map(|one| Incoming::Answered { user: one.user_id, state: one.state.clone() });
    let in_time = |one: &&items::MemberBlock| (0..=bounds::TIME).contains(&one.at);
    let blocked = extra.member_blocks.iter().filter(in_time).map(|one| Incoming::Blocked {
        user: one.user_id,
        blocked: one.blocked,
        at: Millis(one.at),
    });
    asked.chain(answered).chain(blocked).take(MEMBER_WORDS).collect()
}

/// What the audit log calls an item.
fn kind_word(kind: ItemKind) -> &'static str {
    match kind {
        ItemKind::User | ItemKind::Member => "user",
        ItemKind::Post => "post",
        ItemKind::Reaction => "reaction",
        ItemKind::Ack => "ack",
        ItemKind::Status => "status",
        ItemKind::Pin => "pin",
    }
}

/// What people of other connections of ours are called after.
pub(super) async fn other_handles(
    fed: &Federation,
    actor: &RemoteActor,
) -> Result<Vec<String>, rialto_app::StoreError> {
    let live = connections::list_live(&fed.app).await?;
    Ok(live.into_iter().filter(|other| other.id != actor.id()).map(|other| other.handle).collect())
}

pub(super) fn incoming_user(user: &InboundUser, from: &RemoteCluster, other_handles: &[String]) -> IncomingUser {
    // A Mattermost tells everybody's address without having been asked to share it (ruling 55).
    let shares_addresses = from.profile == PeerProfile::Rialto;
    let is_other = |suffix: &str| other_handles.iter().any(|other| other == suffix);
    let stand_ins = (1..=STAND_INS).map(|attempt| username::stand_in(&user.username, &from.handle, attempt, is_other));
    IncomingUser {
        wire_id: user.id,
        username: user.username.clone(),
        stand_ins: stand_ins.collect(),
        relayed: user.username.contains(':'),
        create_at: user.create_at,
        update_at: user.update_at,
        delete_at: user.delete_at,
        nickname: user.nickname.clone(),
        first_name: user.first_name.clone(),
        last_name: user.last_name.clone(),
        position: user.position.clone(),
        locale: user.locale.clone(),
        timezone: user.timezone.clone(),
        custom_status: user.custom_status.clone(),
        is_bot: user.is_bot,
        is_guest: false,
        email: user.email.clone().filter(|_| shares_addresses && !user.username.contains(':')),
    }
}

pub(crate) fn incoming_post(
    post: &InboundPost,
    transforms: &BTreeMap<String, UserId>,
    remote: &RemoteCluster,
    people: &HashMap<UserId, User>,
) -> IncomingPost {
    // 5.37 puts names in the text and says no more; everybody else says whom they mean (wire 6.5).
    let by_text = transforms.is_empty() && remote.profile == PeerProfile::Mattermost5;
    let rewritten = mentions::incoming(&post.message, transforms, &remote.handle, |id| {
        people.get(id).map(|person| person.username.clone())
    });
    let mentioned = rewritten.mentioned.iter().filter_map(|id| people.get(id)).map(|person| person.id).collect();
    IncomingPost {
        id: post.id,
        user_id: post.user_id,
        root_id: post.root_id,
        create_at: post.create_at,
        update_at: post.update_at,
        edit_at: post.edit_at,
        delete_at: post.delete_at,
        is_pinned: post.is_pinned,
        message: rewritten.text,
        props: post.props.clone(),
        kind: post.kind.clone(),
        file_ids: once_each(&post.file_ids),
        mentioned: (!by_text).then_some(mentioned),
        priority: post.priority.clone().map(Into::into),
        history: false,
        is_old: false,
    }
}

fn once_each(ids: &[FileId]) -> Vec<FileId> {
    let mut seen = std::collections::BTreeSet::new();
    ids.iter().filter(|id| seen.insert(**id)).copied().collect()
}

/// Links to messages of shared channels become ours, so that they open here (behaviour 4.9); also to one that comes in
/// the same frame, as after an outage.
pub(crate) async fn own_links(
    fed: &Federation,
    remote: &RemoteCluster,
    channel: &ChannelId,
    arriving: &[PostId],
    text: String,
) -> Result<String, rialto_app::StoreError> {
    let peer = remote.site_url.as_deref().and_then(|url| SiteUrl::parse(url).ok());
    let (Some(peer), Some(own)) = (peer, fed.own_site()) else { return Ok(text) };
    if !text.contains("/pl") {
        return Ok(text);
    }
    let links = std::cell::RefCell::new(Vec::new());
    permalinks::incoming(&text, &peer, &own, |post| {
        links.borrow_mut().push(*post);
        None
    });
    let teams = apply::linked_teams(&fed.app, &remote.id, channel, arriving, &links.into_inner()).await?;
    Ok(permalinks::incoming(&text, &peer, &own, |post| teams.get(post).cloned()))
}

/// Who and what was taken: everybody accepted, every time, or they come again for ever (wire 5.5).
fn report(result: &mut SyncResult, message: &SyncMessage, outcome: &Outcome) {
    let newest = |times: &mut dyn Iterator<Item = i64>| times.max().unwrap_or_default();
    result.users_syncd.extend(outcome.users.iter().map(ToString::to_string));
    result.user_errors.extend(outcome.refused_users.iter().map(|(id, _)| id.to_string()));
    result.users_last_update_at = newest(&mut message.users.iter().map(|user| user.update_at.0));
    for (id, _) in &outcome.refused_posts {
        let id = id.to_string();
        if !result.post_errors.contains(&id) {
            result.post_errors.push(id);
        }
    }
    result.posts_last_update_at = outcome.posts_at.0;
    result.reaction_errors.extend(outcome.refused_reactions.iter().map(|(reaction, _)| reaction.post_id.to_string()));
    for (ack, _) in &outcome.refused_acknowledgements {
        let id = ack.post_id.to_string();
        if !result.acknowledgement_errors.contains(&id) {
            result.acknowledgement_errors.push(id);
        }
    }
    result.acknowledgements_last_update_at =
        newest(&mut message.acknowledgements.iter().map(|ack| ack.acknowledged_at.0));
    result.status_errors.extend(outcome.refused_statuses.iter().map(|(id, _)| id.to_string()));
    if let Some(extension) = &message.rialto {
        result.rialto = Some(confirmation(extension.seq, message, outcome));
    }
    result.reactions_last_update_at = newest(&mut message.reactions.iter().map(|reaction| reaction.update_at.0));
}

/// What another Rialto is told: its position, and everything of its message that was not stored (ruling 8.4).
fn confirmation(seq: i64, message: &SyncMessage, outcome: &Outcome) -> ResultExtension {
    let refused = |kind, code: &str| ItemResult {
        kind,
        id: String::new(),
        post_id: None,
        user_id: None,
        emoji_name: String::new(),
        state: ItemState::Refused,
        code: code.to_owned(),
    };
    let mut items: Vec<ItemResult> = Vec::new();
    for item in &message.refused {
        let id = item.id.clone().unwrap_or_default();
        items.push(ItemResult { id, ..refused(item.kind, item.why.code()) });
    }
    for (id, code) in &outcome.refused_users {
        items.push(ItemResult { id: id.to_string(), ..refused(ItemKind::User, code.as_str()) });
    }
    for (id, code) in &outcome.refused_posts {
        items.push(ItemResult::post(id.as_str(), ItemState::Refused, code.as_str()));
    }
    for (id, code) in &outcome.parked_posts {
        items.push(ItemResult::post(id.as_str(), ItemState::Parked, code.as_str()));
    }
    for (reaction, code) in &outcome.refused_reactions {
        items.push(ItemResult {
            post_id: Some(reaction.post_id),
            user_id: Some(reaction.user_id),
            emoji_name: reaction.emoji_name.clone(),
            ..refused(ItemKind::Reaction, code.as_str())
        });
    }
    for (ack, code) in &outcome.refused_acknowledgements {
        items.push(ItemResult {
            post_id: Some(ack.post_id),
            user_id: Some(ack.user_id),
            ..refused(ItemKind::Ack, code.as_str())
        });
    }
    for (pin, code) in &outcome.refused_pins {
        items.push(ItemResult {
            post_id: Some(pin.post_id),
            user_id: Some(pin.user_id),
            ..refused(ItemKind::Pin, code.as_str())
        });
    }
    for (kind, list) in [(ItemKind::Status, &outcome.refused_statuses), (ItemKind::Member, &outcome.refused_members)] {
        for (id, code) in list {
            items.push(ItemResult { user_id: Some(*id), ..refused(kind, code.as_str()) });
        }
    }
    ResultExtension { seq, items }
}
