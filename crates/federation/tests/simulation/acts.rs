//! Doing what a plan says, and entering in the ledger what was acknowledged. A refusal is fine; a failure of storage is
//! not.

use std::fmt::Display;
use std::sync::atomic::Ordering;

use rialto_app::connections::NewConnection;
use rialto_app::shares::{self, Invitation};
use rialto_app::users::ProfileChange;
use rialto_app::{StoreError, channel_members, channels, direct_channels, posts, reactions, users as people};
use rialto_federation::connections;
use rialto_model::{ChannelId, MessageId, ShareMode};
use rialto_wire::federation::frame::Frame;
use rialto_wire::federation::topic;
use rialto_wire::site_url::SiteUrl;
use serde_json::json;

use crate::faults::FORGED;
use crate::harness::{Person, Server, transport};
use crate::model::{Felt, Place, Said, Standing};
use crate::plan::{EMOJI, Op, Step};
use crate::world::World;

const PASSWORD: &str = "secret of both";

impl World {
    /// Does one step.
    pub async fn act(&mut self, step: &Step) {
        let number = step.number;
        if self.trace {
            println!("{:?} {number} {:?}", self.begun.elapsed(), step.op);
        }
        match step.op.clone() {
            Op::Post { server, person, channel } => {
                let id = self.channels[channel];
                self.say(number, server, person, Place::Channel(channel), id, None).await;
            }
            Op::Reply { server, person, to } => {
                let Some(said) = self.ledger.said.get(&to).cloned() else { return };
                let root = said.root.unwrap_or(to);
                self.say(number, server, person, said.place, said.channel, Some(root)).await;
            }
            Op::Direct { from, to } => self.direct(number, from, to).await,
            Op::Edit { post } => self.edit(number, post).await,
            Op::Delete { post } => self.delete(post).await,
            Op::Hide { server, post } => self.hide(server, post).await,
            Op::Pin { server, person, post, pinned } => self.pin(server, person, post, pinned).await,
            Op::React { server, person, post, emoji } => self.feel(server, person, post, emoji, true).await,
            Op::Unreact { server, person, post, emoji } => self.feel(server, person, post, emoji, false).await,
            Op::Join { server, person, channel } => self.belong(server, person, channel, true).await,
            Op::Leave { server, person, channel } => self.belong(server, person, channel, false).await,
            Op::Profile { server, person } => self.rename(number, server, person).await,
            Op::Share { channel, with, read_only } => self.invite(channel, with, read_only, false).await,
            Op::Convert { channel, with, read_only } => self.invite(channel, with, read_only, true).await,
            Op::Uninvite { channel, with } => self.uninvite(channel, with).await,
            Op::Unshare { server, channel } => self.unshare(server, channel).await,
            Op::Archive { server, channel } => {
                let Some(here) = self.running(server) else { return };
                let done = channels::archive(here.app(), &here.admin.actor, &self.channels[channel]).await;
                self.took(done);
            }
            Op::Restore { server, channel } => {
                let Some(here) = self.running(server) else { return };
                let done = channels::restore(here.app(), &here.admin.actor, &self.channels[channel]).await;
                self.took(done);
            }
            Op::Part { link, by_first } => self.part(link, by_first).await,
            Op::Meet { link } => self.meet(link).await,
            Op::Cut { link, both } => {
                let (one, other) = self.shape.links[link];
                self.faults.cut(one, other);
                if both {
                    self.faults.cut(other, one);
                }
            }
            Op::Mend { link } => {
                let (one, other) = self.shape.links[link];
                self.faults.mend(one, other);
                self.faults.mend(other, one);
            }
            Op::Crash { server } if self.running(server).is_some() => self.crash(server).await,
            Op::Start { server } if self.running(server).is_none() => self.start(server).await,
            Op::Crash { .. } | Op::Start { .. } => {}
            Op::Skew { server, ms } => self.skews[server].store(ms, Ordering::SeqCst),
            Op::Outside { which, what, pick } => self.act_outside(step, which, what, pick).await,
            Op::Forge { link, by_first, post } => self.forge(number, link, by_first, post).await,
        }
    }

    fn running(&self, server: usize) -> Option<&Server> {
        Some(&self.servers[server]).filter(|server| server.is_running())
    }

    /// What was done, if it was; what storage could not do is a defect.
    fn took<T, E: Display + Storage>(&mut self, done: Result<T, E>) -> Option<T> {
        match done {
            Ok(done) => Some(done),
            Err(error) => {
                *self.refused.entry(error.to_string()).or_default() += 1;
                if error.is_storage() {
                    self.found.push(format!("storage failed: {error}"));
                }
                None
            }
        }
    }

    fn who(&self, server: usize, person: usize) -> Option<(&Server, &Person)> {
        Some((self.running(server)?, &self.people[server][person]))
    }

    async fn say(
        &mut self,
        number: usize,
        server: usize,
        person: usize,
        place: Place,
        channel: ChannelId,
        root: Option<usize>,
    ) {
        let root_id = root.and_then(|root| self.ledger.said.get(&root)).map(|root| root.id);
        let text = format!("n{number} by {server}.{person}");
        let Some((here, author)) = self.who(server, person) else { return };
        let new = posts::NewPost { message: text.clone(), root_id, ..Default::default() };
        let done = posts::create(here.app(), &author.actor, &channel, new).await;
        let Some(post) = self.took(done) else { return };
        self.faults.owned(post.id.to_string(), server);
        let mut routes = self.routes(server, &channel).await;
        let stays = self.shares(server, &channel).await.is_empty();
        let mut unwelcome = None;
        if let Place::Channel(number) = place
            && server != self.shape.channels[number].home
            && self.reads_only(number, server).await
        {
            // What the home lets a guest only read does not come from there, whatever the guest believes.
            self.ledger.was_read_only.insert((number, server));
            unwelcome = Some(self.ledger.words.get(&(number, server)).copied().unwrap_or_default());
            routes.clear();
        }
        let said = Said {
            server,
            person,
            place,
            channel,
            root,
            id: post.id,
            text,
            edited: false,
            deleted: false,
            hidden: Default::default(),
            pinned: false,
            pinned_elsewhere: false,
            routes,
            stays,
            unwelcome,
        };
        self.ledger.said.insert(number, said);
    }

    /// Whether a guest may only read, by the home's rows.
    async fn reads_only(&self, channel: usize, guest: usize) -> bool {
        let home = self.shape.channels[channel].home;
        let shares = self.shares(home, &self.channels[channel]).await;
        shares.iter().any(|share| share.mode == ShareMode::ReadOnly && self.other_end(&share.remote_id, home) == guest)
    }

    async fn direct(&mut self, number: usize, from: (usize, usize), to: (usize, usize)) {
        let Some(remote) = self.link(from.0, to.0) else { return };
        if self.running(from.0).is_none() {
            return;
        }
        let there = self.people[to.0][to.1].user.id;
        let Some(other) = self.known_as(from.0, &remote, &there).await else { return };
        let Some((here, author)) = self.who(from.0, from.1) else { return };
        let opened = direct_channels::open(here.app(), &author.actor, &author.user.id, &other.id).await;
        let Some(channel) = self.took(opened) else { return };
        let place = Place::Direct(from.0.min(to.0), from.0.max(to.0));
        self.say(number, from.0, from.1, place, channel.id, None).await;
    }

    async fn edit(&mut self, number: usize, post: usize) {
        let Some(said) = self.ledger.said.get(&post).cloned() else { return };
        let Some((here, author)) = self.who(said.server, said.person) else { return };
        let text = format!("{} e{number}", said.text);
        let patch = posts::PostPatch { message: Some(text.clone()), ..Default::default() };
        let done = posts::edit(here.app(), &author.actor, &said.id, patch).await;
        if self.took(done).is_some() {
            let said = self.ledger.said.get_mut(&post).unwrap();
            said.text = text;
            said.edited = true;
        }
    }

    async fn delete(&mut self, post: usize) {
        let Some(said) = self.ledger.said.get(&post).cloned() else { return };
        let Some((here, author)) = self.who(said.server, said.person) else { return };
        let done = posts::delete(here.app(), &author.actor, &said.id).await;
        if self.took(done).is_some() {
            self.ledger.said.get_mut(&post).unwrap().deleted = true;
        }
    }

    async fn hide(&mut self, server: usize, post: usize) {
        let Some(said) = self.ledger.said.get(&post).cloned() else { return };
        let Some(here) = self.running(server).filter(|_| said.server != server) else { return };
        let done = posts::delete(here.app(), &here.admin.actor, &said.id).await;
        if self.took(done).is_some() {
            self.ledger.said.get_mut(&post).unwrap().hidden.insert(server);
        }
    }

    async fn pin(&mut self, server: usize, person: usize, post: usize, pinned: bool) {
        let Some(said) = self.ledger.said.get(&post).cloned() else { return };
        let Some((here, who)) = self.who(server, person) else { return };
        let done = posts::set_pinned(here.app(), &who.actor, &said.id, pinned).await;
        if self.took(done).is_some() {
            let said = self.ledger.said.get_mut(&post).unwrap();
            if said.server == server {
                said.pinned = pinned;
            } else {
                said.pinned_elsewhere = true;
            }
        }
    }

    async fn feel(&mut self, server: usize, person: usize, post: usize, emoji: usize, live: bool) {
        let Some(said) = self.ledger.said.get(&post).cloned() else { return };
        let Some((here, who)) = self.who(server, person) else { return };
        let done = match live {
            true => reactions::add(here.app(), &who.actor, &said.id, EMOJI[emoji]).await.map(|_| ()),
            false => reactions::remove(here.app(), &who.actor, &who.user.id, &said.id, EMOJI[emoji]).await,
        };
        if self.took(done).is_none() {
            return;
        }
        let key = (post, server, person, emoji);
        // What changes nothing says nothing: it is on its way since it changed.
        let unchanged = self.ledger.felt.get(&key).map_or(!live, |before| before.live == live);
        if !unchanged {
            let routes = self.routes(server, &said.channel).await;
            self.ledger.felt.insert(key, Felt { live, routes });
        }
    }

    async fn belong(&mut self, server: usize, person: usize, channel: usize, joins: bool) {
        let Some((here, who)) = self.who(server, person) else { return };
        let id = &self.channels[channel];
        let done = match joins {
            true => channel_members::add(here.app(), &who.actor, id, &[who.user.id]).await.map(|_| ()),
            false => channel_members::remove(here.app(), &who.actor, id, &who.user.id).await,
        };
        if self.took(done).is_some() {
            if joins {
                self.ledger.members.insert((channel, server, person));
            } else {
                self.ledger.members.remove(&(channel, server, person));
            }
        }
    }

    async fn rename(&mut self, number: usize, server: usize, person: usize) {
        let Some((here, who)) = self.who(server, person) else { return };
        let nickname = format!("Nickname {number}");
        let change = ProfileChange { nickname: Some(nickname.clone()), ..Default::default() };
        let done = people::update(here.app(), &who.actor, &who.user.id, change).await;
        if self.took(done).is_some() {
            self.ledger.nicknames.insert((server, person), nickname);
        }
    }

    async fn invite(&mut self, channel: usize, with: usize, read_only: bool, convert: bool) {
        let home = self.shape.channels[channel].home;
        let Some(remote) = self.link(home, with) else { return };
        let Some(here) = self.running(home) else { return };
        let invitation = Invitation { read_only, convert, ..Invitation::default() };
        let done = shares::invite(here.app(), &here.admin.actor, &self.channels[channel], &remote, invitation).await;
        if self.took(done).is_some() {
            let left = self.ledger.standing.get(&(channel, with)) == Some(&Standing::Left);
            let standing = if left { Standing::Left } else { Standing::Live };
            self.ledger.standing.insert((channel, with), standing);
            *self.ledger.words.entry((channel, with)).or_default() += 1;
            if read_only {
                self.ledger.was_read_only.insert((channel, with));
            }
        }
    }

    async fn uninvite(&mut self, channel: usize, with: usize) {
        let home = self.shape.channels[channel].home;
        let Some(remote) = self.link(home, with) else { return };
        let Some(here) = self.running(home) else { return };
        let done = shares::uninvite(here.app(), &here.admin.actor, &self.channels[channel], Some(&remote)).await;
        if self.took(done).is_some() {
            self.ended(channel, with, Standing::Ended);
        }
    }

    fn ended(&mut self, channel: usize, with: usize, standing: Standing) {
        let before = self.ledger.standing.entry((channel, with)).or_insert(standing);
        if *before != Standing::Left {
            *before = standing;
        }
    }

    async fn unshare(&mut self, server: usize, channel: usize) {
        let plot = self.shape.channels[channel].clone();
        let Some(here) = self.running(server) else { return };
        let done = shares::unshare(here.app(), &here.admin.actor, &self.channels[channel]).await;
        if self.took(done).is_none() {
            return;
        }
        if server == plot.home {
            for guest in plot.guests {
                self.ended(channel, guest, Standing::Ended);
            }
        } else {
            self.ended(channel, server, Standing::Left);
        }
    }

    async fn part(&mut self, link: usize, by_first: bool) {
        let (one, other) = self.shape.links[link];
        let Some(remote) = self.links[link] else { return };
        let by = if by_first { one } else { other };
        let Some(here) = self.running(by) else { return };
        let done = connections::remove(here.federation(), &here.admin.actor, &remote).await.map(|_| ());
        if done.is_ok() {
            self.links[link] = None;
            for (channel, plot) in self.shape.channels.clone().iter().enumerate() {
                for (home, guest) in [(one, other), (other, one)] {
                    if plot.home == home && plot.guests.contains(&guest) {
                        self.ended(channel, guest, Standing::Ended);
                    }
                }
            }
        }
    }

    /// Makes a connection anew, the other side's remains of the former one taken away first, and shares again over it
    /// what was planned to be shared.
    async fn meet(&mut self, link: usize) {
        let (one, other) = self.shape.links[link];
        if self.links[link].is_some() {
            return;
        }
        let (Some(inviter), Some(acceptor)) = (self.running(one), self.running(other)) else { return };
        for (here, there) in [(inviter, acceptor), (acceptor, inviter)] {
            let mut view = here.view().await;
            let left = rialto_store::remotes::get_by_handle(&mut view, there.name).await.unwrap();
            drop(view);
            if let Some(left) = left {
                let _ = connections::remove(here.federation(), &here.admin.actor, &left.id).await;
            }
        }
        let new = |other: &Server| NewConnection {
            name: other.name.to_owned(),
            display_name: other.title(),
            ..NewConnection::default()
        };
        let made = connections::create_invitation(inviter.federation(), &inviter.admin.actor, new(acceptor), PASSWORD);
        let Ok(made) = made.await else { return };
        let taken = connections::accept_invitation(
            acceptor.federation(),
            &acceptor.admin.actor,
            new(inviter),
            PASSWORD,
            &made.code,
        );
        if taken.await.is_err() {
            return;
        }
        self.links[link] = Some(made.remote.id);
        self.remotes.insert(made.remote.id, (one, other));
        for (channel, plot) in self.shape.channels.clone().iter().enumerate() {
            for (home, guest) in [(one, other), (other, one)] {
                if plot.home == home && plot.guests.contains(&guest) {
                    self.invite(channel, guest, false, false).await;
                }
            }
        }
    }

    /// Says in somebody else's message what they have not said, or takes it away, as a peer that breaks the rules.
    async fn forge(&mut self, number: usize, link: usize, by_first: bool, post: usize) {
        let (one, other) = self.shape.links[link];
        let (from, to) = if by_first { (one, other) } else { (other, one) };
        let (Some(remote), Some(said)) = (self.links[link], self.ledger.said.get(&post).cloned()) else { return };
        // The home of a channel speaks for others there, so its word is good.
        let speaks = matches!(said.place, Place::Channel(channel) if self.shape.channels[channel].home == from);
        if said.server == from || (speaks && said.server != to) {
            return;
        }
        let (Some(forger), Some(victim)) = (self.running(from), self.running(to)) else { return };
        if victim.post_row(&said.id).await.is_none() {
            return;
        }
        let app = forger.app();
        let Ok(Some((row, token))) = rialto_app::connections::peer_token(app, &remote).await else { return };
        let author =
            if number.is_multiple_of(2) { self.people[from][0].user.id } else { self.people[said.server][0].user.id };
        let later = app.clock.now().0 + 3_600_000;
        let message = json!({
            "id": app.ids.id(MessageId::from_random), "channel_id": said.channel, "users": {},
            "posts": [{
                "id": said.id, "channel_id": said.channel, "user_id": author, "message": FORGED, "type": "",
                "root_id": "", "create_at": later, "update_at": later, "edit_at": later,
                "delete_at": if number.is_multiple_of(3) { later } else { 0 }, "props": {},
            }],
            "reactions": [], "statuses": [],
        });
        let id = app.ids.id(MessageId::from_random);
        let frame = Frame::new(remote, id, topic::SYNC, app.clock.now(), &message);
        let site = SiteUrl::parse(row.site_url.as_deref().unwrap()).unwrap();
        let _ = transport::message(&self.network, forger.name, site, remote, token, frame.to_json()).await;
    }
}

/// Whether a refusal was none.
trait Storage {
    fn is_storage(&self) -> bool;
}

macro_rules! storage {
    ($($error:path),*) => {$(
        impl Storage for $error {
            fn is_storage(&self) -> bool {
                matches!(self, Self::Store(_) | Self::Denied(rialto_app::Denied::Store(_)))
            }
        }
    )*};
}

storage!(
    posts::Error,
    reactions::Error,
    channels::Error,
    channel_members::Error,
    direct_channels::Error,
    shares::Error,
    people::Error
);

impl Storage for StoreError {
    fn is_storage(&self) -> bool {
        true
    }
}
