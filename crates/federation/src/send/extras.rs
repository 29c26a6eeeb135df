//! What only another Rialto reads, beside Mattermost's items: pins, receipts, who may be in a channel, and which posts are
//! context. Source: ruling 8.4.

use rialto_app::outbox::{Contents, ITEMS};
use rialto_app::{delivery_states, pins};
use rialto_model::{MemberWord, Post, UserId};
use rialto_wire::federation::items::{
    MemberAnswer, MemberBlock, MemberRequest, Pin, PostExtension, Receipt, SyncExtension,
};
use rialto_wire::federation::sync::OutboundSync;

use super::deliver::{Fate, send_beside};
use super::{Undelivered, compose};
use crate::Federation;

/// Entries in one frame; each has about 120 bytes.
const AT_ONCE: usize = 500;

/// Sends pins and receipts. A refusal of one is final: the next word on it is told again.
pub(super) async fn send(fed: &Federation, contents: &Contents) -> Result<Fate, Undelivered> {
    if !contents.remote.has(ITEMS) {
        return Ok(Fate::Done);
    }
    if !contents.member_words.is_empty() {
        let mut sync = compose::begin(fed, contents);
        let more = extension(contents, &mut sync);
        for (user, word) in &contents.member_words {
            tell_of_member(contents, *user, word, more);
        }
        if send_beside(fed, contents, &sync).await? == Fate::NoLongerShared {
            return Ok(Fate::NoLongerShared);
        }
    }
    let pages = contents.pins.len().max(contents.receipts.len()).div_ceil(AT_ONCE);
    for page in 0..pages {
        let mut sync = compose::begin(fed, contents);
        let more = extension(contents, &mut sync);
        let (skip, take) = (page * AT_ONCE, AT_ONCE);
        more.pins = contents.pins.iter().skip(skip).take(take).map(|word| pin(contents, word)).collect();
        more.receipts = contents.receipts.iter().skip(skip).take(take).map(receipt).collect();
        if send_beside(fed, contents, &sync).await? == Fate::NoLongerShared {
            return Ok(Fate::NoLongerShared);
        }
    }
    Ok(Fate::Done)
}

fn pin(contents: &Contents, word: &pins::Pin) -> Pin {
    Pin { post_id: word.post_id, user_id: contents.wire_id(&word.user_id), pinned: word.pinned, at: word.at.0 }
}

fn tell_of_member(contents: &Contents, user: UserId, word: &MemberWord, more: &mut SyncExtension) {
    let wire_id = |id: UserId| contents.wire_id(&id);
    let user_id = wire_id(user);
    match word {
        MemberWord::Asked { by, at } => {
            more.member_requests.push(MemberRequest { user_id, by: wire_id(*by), at: at.0 });
        }
        MemberWord::Answered { state } => more.member_answers.push(MemberAnswer { user_id, state: state.clone() }),
        MemberWord::Blocked { blocked, at } => {
            more.member_blocks.push(MemberBlock { user_id, blocked: *blocked, at: at.0 });
        }
    }
}

fn receipt(known: &delivery_states::Receipt) -> Receipt {
    Receipt {
        post_id: known.post,
        organisation: known.organisation.clone(),
        state: known.state.as_str().to_owned(),
        code: known.code.clone(),
    }
}

/// Puts beside posts what Mattermost's form of one has no room for, if the peer reads it.
pub(super) fn mark(contents: &Contents, posts: &[Post], sync: &mut OutboundSync) {
    if !contents.remote.has(ITEMS) {
        return;
    }
    for post in posts.iter().filter(|post| contents.context.contains(&post.id)) {
        let more = PostExtension { context: true, ..PostExtension::default() };
        extension(contents, sync).posts.insert(post.id, more);
    }
}

/// Where a message holds what only another Rialto reads.
pub(super) fn extension<'a>(contents: &Contents, sync: &'a mut OutboundSync) -> &'a mut SyncExtension {
    sync.rialto.get_or_insert_with(|| at(contents))
}

/// Where we stand in our log.
pub(super) fn at(contents: &Contents) -> SyncExtension {
    let low = (contents.low != contents.seq).then_some(contents.low.0);
    let (epoch, after) = (contents.epoch.clone(), contents.after.map(|after| after.0));
    SyncExtension { seq: contents.seq.0, low, epoch, after, ..SyncExtension::default() }
}
