//! A peer asks for something again (ruling 8.10).

use rialto_app::access::RemoteActor;
use rialto_app::fetch::{self, Asked};
use rialto_app::ledger::{self, Batch};
use rialto_app::outbox::Contents;
use rialto_model::Millis;
use rialto_wire::federation::capability;
use rialto_wire::federation::fetch::{FetchRequest, OutboundFetch};
use rialto_wire::federation::frame::{Envelope, no_longer_shared};
use serde_json::value::RawValue;

use super::reply::Reply;
use crate::Federation;
use crate::send::ledger::in_fetch;
use crate::send::{FRAME_BYTES, compose};

pub(super) async fn fetch(fed: &Federation, actor: &RemoteActor, payload: &RawValue) -> Result<Envelope, Reply> {
    if !actor.remote().has(capability::FETCH) {
        return Ok(Envelope::ok_null());
    }
    let request = FetchRequest::decode(payload).map_err(|_| Reply::BadPayload)?;
    let channel = request.channel_id;
    let asked = match request.mine_after {
        Some(after) => Asked::MineAfter { at: Millis(after.at), id: after.id },
        None => Asked::Ids { posts: request.post_ids, users: request.user_ids },
    };
    let Some(given) = fetch::find(&fed.app, actor, &channel, asked).await? else {
        return Ok(Envelope::fail(no_longer_shared(channel.as_str())).with_code("not_shared"));
    };
    let mut contents = *given.contents;
    contents.links = compose::links(fed, &contents).await?;
    let answer = answer(fed, &contents, given.more);
    // Nobody says whether it arrives.
    ledger::note(&fed.app, &Batch::new(&contents.remote, Some(channel), in_fetch(&contents, &answer))).await?;
    Ok(Envelope::ok(&answer))
}

/// As much as one answer holds; a message that alone is larger goes alone.
fn answer(fed: &Federation, contents: &Contents, more: bool) -> OutboundFetch {
    let mut given = OutboundFetch { more, ..OutboundFetch::default() };
    given.users =
        contents.unknown.iter().map(|person| compose::user(fed, contents, person)).map(|u| (u.id, u)).collect();
    let own = fed.own_site();
    let length = |json: serde_json::Result<Vec<u8>>| json.map_or(FRAME_BYTES, |bytes| bytes.len());
    let mut bytes = length(serde_json::to_vec(&given.users));
    let mut sync = compose::empty(fed, contents.channel.id);
    for post in &contents.posts {
        let post = compose::post(own.as_ref(), contents, post, &mut sync);
        bytes += length(serde_json::to_vec(&post)) + 200;
        if bytes > FRAME_BYTES && !given.posts.is_empty() {
            given.more = true;
            break;
        }
        given.posts.push(post);
    }
    given.mention_transforms = sync.mention_transforms;
    given
}
