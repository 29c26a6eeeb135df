//! What a message shows of the messages it links to: for each reader what they may read themselves, found when they ask. It
//! is stored nowhere and is in no event, so it reaches neither another reader nor another server (G-43). Source:
//! client-api 2.3.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use rialto_app::{SessionUser, channels, posts, shown_posts, teams};
use rialto_model::{Channel, ChannelId, PostId};
use rialto_wire::federation::permalinks;
use rialto_wire::site_url::SiteUrl;
use rialto_wire::v4::Post;
use rialto_wire::v4::posts::{Embed, LinkedPost};

use super::posts::wire_post;
use crate::{Api, ApiError};

/// Adds to each message a preview of the first message of ours it links to, where the actor may read that.
pub async fn add(api: &Api, actor: &SessionUser, list: &mut [Post]) -> Result<(), ApiError> {
    let settings = api.app.settings.get();
    let Some(own) = settings.site_url.as_deref().and_then(|url| SiteUrl::parse(url).ok()) else { return Ok(()) };
    let linked: Vec<Option<PostId>> =
        list.iter().map(|post| permalinks::first(&post.message, &own).filter(|id| *id != post.id)).collect();
    let wanted: Vec<PostId> = linked.iter().flatten().copied().collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let readable = posts::list_by_ids(&api.app, actor, &wanted).await?;
    let shown = shown_posts::show(&api.app, readable).await?;
    let mut places: HashMap<ChannelId, Place> = HashMap::new();
    let mut found: HashMap<PostId, LinkedPost> = HashMap::new();
    for one in &shown {
        let place = match places.entry(one.post.channel_id) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => match Place::of(api, actor, &one.post.channel_id).await {
                Some(place) => unknown.insert(place),
                None => continue,
            },
        };
        let linked = LinkedPost {
            post_id: one.post.id,
            post: Box::new(wire_post(one)),
            team_name: place.team.clone(),
            channel_display_name: place.channel.display_name.clone(),
            channel_type: place.channel.kind.letter().to_owned(),
            channel_id: place.channel.id,
        };
        found.insert(one.post.id, linked);
    }
    for (post, linked) in list.iter_mut().zip(linked) {
        if let Some(data) = linked.and_then(|id| found.get(&id)) {
            post.metadata.embeds.insert(0, Embed::permalink(data.clone()));
        }
    }
    Ok(())
}

/// Where messages stand.
struct Place {
    channel: Channel,
    /// The team's name; empty for direct and group channels.
    team: String,
}

impl Place {
    /// None where the actor may not see it: no preview, and no reason to keep back the messages that were asked for.
    async fn of(api: &Api, actor: &SessionUser, id: &ChannelId) -> Option<Self> {
        let channel = channels::get(&api.app, actor, id).await.ok()?;
        let team = match channel.team_id {
            Some(team) => teams::get(&api.app, actor, &team).await.ok()?.team.name,
            None => String::new(),
        };
        Some(Self { channel, team })
    }
}
