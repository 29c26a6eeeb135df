//! After a restore here: a peer is asked, page by page and behind everything that is news, for what our own people wrote
//! after the backup (rulings 66 and 8.10, E-028, E-029).

use std::time::Duration;

use rialto_app::apply::{self, IncomingPost};
use rialto_app::recovery::{self, Recovery};
use rialto_model::{PostId, RemoteCluster, UserId};
use rialto_wire::federation::fetch::{After, FetchRequest, Fetched};
use rialto_wire::federation::{capability, topic};

use super::sender::{LONG, Sender};
use super::{Undelivered, message};
use crate::receive::sync::{incoming_post, own_links};

impl Sender {
    /// Asks for the next page of what is fetched back. Returns how long until there is more to do.
    pub(super) async fn turn_to_recovery(&mut self, remote: &RemoteCluster) -> Result<Duration, Undelivered> {
        let row = match recovery::next(&self.fed.app, remote).await? {
            None => return Ok(LONG),
            Some(Err(at)) => {
                let wait = at.since(self.fed.app.clock.now()).max(20);
                return Ok(Duration::from_millis(u64::try_from(wait).unwrap_or_default()));
            }
            Some(Ok(row)) => row,
        };
        if remote.last_ping_at.is_none() {
            return Ok(Duration::from_secs(1));
        }
        if !remote.has(capability::FETCH) {
            recovery::impossible(&self.fed.app, &row.share_id, &self.id).await?;
            return Ok(Duration::ZERO);
        }
        let after = After { at: row.place.0.0, id: row.place.1.clone() };
        let request = FetchRequest {
            channel_id: row.channel_id,
            post_ids: Vec::new(),
            user_ids: Vec::new(),
            mine_after: Some(after),
        };
        let answer = match message(&self.fed, &self.id, topic::RIALTO_FETCH, &request).await {
            Err(undelivered) if undelivered.answered => {
                recovery::postpone(&self.fed.app, &row).await?;
                return Ok(Duration::from_secs(1));
            }
            other => other?,
        };
        if !answer.ok {
            recovery::impossible(&self.fed.app, &row.share_id, &self.id).await?;
            return Ok(Duration::ZERO);
        }
        match answer.payload.and_then(|payload| Fetched::decode(&payload).ok()) {
            Some(fetched) => self.take_back(remote, &row, fetched).await?,
            None => recovery::postpone(&self.fed.app, &row).await?,
        }
        Ok(Duration::ZERO)
    }

    async fn take_back(&mut self, remote: &RemoteCluster, row: &Recovery, fetched: Fetched) -> Result<(), Undelivered> {
        let app = &self.fed.app;
        let (items, channel) = (&fetched.items, &row.channel_id);
        let last = items.posts.iter().map(|post| (post.create_at, post.id.to_string())).max();
        let named: Vec<UserId> = items.mention_transforms.values().copied().collect();
        let people = apply::known_people(app, &self.id, channel, &named).await?;
        let arriving: Vec<PostId> = items.posts.iter().map(|post| post.id).collect();
        let mut page: Vec<IncomingPost> = Vec::with_capacity(items.posts.len());
        let mut unreadable = items.refused.len();
        for post in &items.posts {
            // Of another channel the peer was not asked.
            if post.channel_id != *channel {
                unreadable += 1;
                continue;
            }
            let mut post = incoming_post(post, &items.mention_transforms, remote, &people);
            post.message = own_links(&self.fed, remote, channel, &arriving, post.message).await?;
            page.push(post);
        }
        Ok(recovery::take(app, row, &page, unreadable, last, fetched.more).await?)
    }
}
