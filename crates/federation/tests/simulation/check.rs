//! Comparing every server with the reference, once all is mended and at rest.

use std::collections::{BTreeMap, BTreeSet};

use rialto_model::{ChannelId, Post, PostId, ShareState, UserId};
use rialto_store::{channel_members, posts, reactions, shares};

use crate::model::{Hop, Place, Routes, Said, Standing};
use crate::outsiders::Outsider;
use crate::plan::{EMOJI, PEOPLE};
use crate::world::{Living, World};

/// What stands for a message that has not come.
const STUB: &str = "*This message has not arrived yet.*";

/// What was found, in words.
pub struct Check<'a> {
    world: &'a World,
    living: Living,
    /// By server: every post of the run's channels.
    rows: Vec<BTreeMap<PostId, Post>>,
    /// By server and channel: state and reason of every share there ever was.
    newest: BTreeMap<(usize, usize), Vec<(ShareState, String)>>,
    found: Vec<String>,
}

/// Everything in which a server differs from the reference.
pub async fn check(world: &World) -> Vec<String> {
    let mut check =
        Check { world, living: world.living().await, rows: Vec::new(), newest: BTreeMap::new(), found: Vec::new() };
    check.read().await;
    check.shares();
    check.members().await;
    for (number, said) in &world.ledger.said {
        for server in 0..world.servers.len() {
            check.post(*number, said, server).await;
        }
    }
    check.reactions().await;
    check.counters().await;
    check.private().await;
    let mut found = check.found;
    for outsider in &world.outsiders {
        found.extend(outsider.check(world).await);
    }
    found
}

impl Check<'_> {
    fn found(&mut self, text: String) {
        self.found.push(text);
    }

    fn name(&self, server: usize) -> &'static str {
        self.world.servers[server].name
    }

    fn channels(&self) -> BTreeSet<ChannelId> {
        let direct = self.world.ledger.said.values().map(|said| said.channel);
        self.world.channels.iter().copied().chain(direct).collect()
    }

    async fn read(&mut self) {
        let outside = self.world.outsiders.iter().flat_map(Outsider::posts);
        let known: BTreeSet<PostId> = self.world.ledger.said.values().map(|said| said.id).chain(outside).collect();
        for server in &self.world.servers {
            let mut view = server.view().await;
            let mut rows = BTreeMap::new();
            for channel in self.channels() {
                let mut texts = BTreeSet::new();
                for post in posts::page(&mut view, &channel, true, 0, 100_000).await.unwrap() {
                    if post.is_system() {
                        continue;
                    }
                    let first = post.message.split(' ').next().unwrap_or_default().to_owned();
                    // What stands for messages that never came may stand there for several.
                    let stub = post.message == STUB;
                    if !first.is_empty() && !stub && !texts.insert(first) {
                        self.found.push(format!("{}: twice: {}", server.name, post.message));
                    }
                    if !known.contains(&post.id) {
                        self.found.push(format!("{}: nobody wrote {}: {}", server.name, post.id, post.message));
                    }
                    rows.insert(post.id, post);
                }
            }
            self.rows.push(rows);
        }
        for (place, server) in self.world.servers.iter().enumerate() {
            for (number, channel) in self.world.channels.iter().enumerate() {
                let list = shares::list_for_status(&mut server.view().await, channel).await.unwrap();
                let list = list.into_iter().map(|share| (share.state, share.reason)).collect();
                self.newest.insert((place, number), list);
            }
        }
    }

    fn stands(&self, channel: &ChannelId, way: &[Hop]) -> bool {
        way.iter().all(|hop| {
            let share = self.living.get(&(hop.server, *channel, hop.remote));
            share.is_some_and(|share| share.id == hop.share && share.state == ShareState::Active)
        })
    }

    /// Whether what went these ways must be at a server, and the connection it came there over.
    fn must(&self, said: &Said, from: usize, routes: &Routes, server: usize) -> Option<Hop> {
        let way = routes.get(&server).filter(|way| self.stands(&said.channel, way))?;
        // A guest that might only read for a while: what was on its way then may have been refused for good.
        let sure = !self.world.ledger.is_doubtful(said.place, from);
        way.last().copied().filter(|_| sure)
    }

    async fn person(&self, at: usize, from: usize, over: &Hop, person: usize) -> Option<UserId> {
        let wire_id = self.world.people[from][person].user.id;
        if at == from {
            return Some(wire_id);
        }
        self.world.known_as(at, &over.remote, &wire_id).await.map(|user| user.id)
    }

    async fn post(&mut self, number: usize, said: &Said, server: usize) {
        let ledger = &self.world.ledger;
        let at = format!("{}: n{number} of {} in {:?}", self.name(server), self.name(said.server), said.place);
        let row = self.rows[server].get(&said.id).cloned();
        if said.server != server {
            self.absent(number, said, server, row.as_ref(), &at);
        }
        let own = said.server == server;
        let over = self.must(said, said.server, &said.routes, server);
        if !own && over.is_none() {
            return;
        }
        let root = said.root.and_then(|root| ledger.said.get(&root));
        if said.deleted || ledger.is_hidden(said, server) {
            if row.as_ref().is_some_and(|row| row.gone_at().is_none()) {
                self.found(format!("{at}: it shows although it was taken away"));
            }
            if row.is_none() && own {
                self.found(format!("{at}: it is lost"));
            }
            return;
        }
        if let Some(root) = root.filter(|root| root.deleted) {
            let told = root.server == server || self.must(root, root.server, &root.routes, server).is_some();
            if told && row.is_some_and(|row| row.gone_at().is_none()) {
                self.found(format!("{at}: it shows although its thread was deleted"));
            }
            return;
        }
        let Some(row) = row else {
            self.found(format!("{at}: it is missing: {}", said.text));
            return;
        };
        if row.gone_at().is_some() {
            self.found(format!("{at}: it does not show: {row:?}"));
            return;
        }
        let author = match over {
            _ if own => Some(self.world.people[server][said.person].user.id),
            Some(over) => self.person(server, said.server, &over, said.person).await,
            None => None,
        };
        if row.message != said.text {
            self.found(format!("{at}: it reads {:?} instead of {:?}", row.message, said.text));
        }
        if Some(row.user_id) != author {
            self.found(format!("{at}: its author is {} instead of {author:?}", row.user_id));
        }
        if row.root_id != root.map(|root| root.id) {
            self.found(format!("{at}: its thread is {:?}", row.root_id));
        }
        if row.channel_id != said.channel {
            self.found(format!("{at}: its channel is {}", row.channel_id));
        }
        if row.edit_at.is_some() != said.edited {
            self.found(format!("{at}: edited is {:?}", row.edit_at));
        }
        if !said.pinned_elsewhere && row.is_pinned != said.pinned {
            self.found(format!("{at}: pinned is {}", row.is_pinned));
        }
    }

    /// Where a message must not be.
    fn absent(&mut self, number: usize, said: &Said, server: usize, row: Option<&Post>, at: &str) {
        let Some(row) = row else { return };
        let outside = match said.place {
            Place::Channel(channel) => {
                let plot = &self.world.shape.channels[channel];
                plot.home != server && !plot.guests.contains(&server)
            }
            Place::Direct(one, other) => one != server && other != server,
        };
        if outside {
            self.found(format!("{at}: it has nothing to do there"));
        }
        // The root of something written later goes along (ruling 46).
        let answered = self
            .world
            .ledger
            .said
            .values()
            .any(|reply| reply.root == Some(number) && self.rows[server].contains_key(&reply.id));
        if said.stays && !answered {
            self.found(format!("{at}: it was written where the channel was not shared"));
        }
        if let Place::Channel(channel) = said.place {
            let now = self.world.ledger.words.get(&(channel, said.server)).copied().unwrap_or_default();
            // The grave of a message that was deleted before it came is no message (E-036).
            let shows = row.gone_at().is_none();
            if shows && said.unwelcome == Some(now) && self.world.shape.channels[channel].home == server {
                self.found(format!("{at}: its author's people could only read"));
            }
        }
    }

    async fn reactions(&mut self) {
        let ledger = &self.world.ledger;
        for server in 0..self.world.servers.len() {
            for (number, said) in &ledger.said {
                let row = self.rows[server].get(&said.id).filter(|row| row.gone_at().is_none());
                let Some(row) = row.cloned() else { continue };
                if said.server != server && self.must(said, said.server, &said.routes, server).is_none() {
                    continue;
                }
                let at = format!("{}: n{number} of {}", self.name(server), self.name(said.server));
                let mut view = self.world.servers[server].view().await;
                let list = reactions::list(&mut view, &[said.id]).await.unwrap();
                drop(view);
                let there: BTreeSet<(UserId, String)> =
                    list.into_iter().map(|reaction| (reaction.user_id, reaction.emoji_name)).collect();
                if row.has_reactions == there.is_empty() {
                    self.found(format!("{at}: has_reactions is {}, reactions are {there:?}", row.has_reactions));
                }
                let of_post = ledger.felt.range((*number, 0, 0, 0)..(number + 1, 0, 0, 0));
                let home = match said.place {
                    Place::Channel(channel) => self.world.shape.channels[channel].home,
                    Place::Direct(..) => said.server,
                };
                for ((_, from, person, emoji), felt) in of_post {
                    // With a message that was hidden on its way there a reaction that has not left yet is gone as well.
                    if [*from, home]
                        .iter()
                        .any(|on_the_way| *on_the_way != server && ledger.is_hidden(said, *on_the_way))
                    {
                        continue;
                    }
                    let over = match felt.routes.get(&server).and_then(|way| way.last()) {
                        _ if *from == server => Hop {
                            server,
                            remote: rialto_model::RemoteId::from_random([0; 16]),
                            share: rialto_model::ShareId::from_random([0; 16]),
                        },
                        Some(_) => match self.must(said, *from, &felt.routes, server) {
                            Some(over) => over,
                            None => continue,
                        },
                        None => continue,
                    };
                    let user = self.person(server, *from, &over, *person).await;
                    let shows = user.is_some_and(|user| there.contains(&(user, EMOJI[*emoji].to_owned())));
                    if shows != felt.live {
                        let (who, emoji) = (self.name(*from), EMOJI[*emoji]);
                        self.found(format!("{at}: {emoji} of {who}'s person {person} is {shows}, not {}", felt.live));
                    }
                }
            }
        }
    }

    /// Each share is as its administrators left it, on both sides.
    fn shares(&mut self) {
        for ((channel, guest), standing) in self.world.ledger.standing.clone() {
            let home = self.world.shape.channels[channel].home;
            let Some(remote) = self.world.link(home, guest) else { continue };
            let id = self.world.channels[channel];
            let at = format!("plans-{channel} of {} with {}", self.name(home), self.name(guest));
            for server in [home, guest] {
                let state = self.living.get(&(server, id, remote)).map(|share| (share.state, share.mode));
                let active = state.is_some_and(|(state, _)| state == ShareState::Active);
                if active != (standing == Standing::Live) {
                    let newest = self.newest[&(server, channel)].clone();
                    self.found(format!("{at}: on {} it is {state:?}, not {standing:?}: {newest:?}", self.name(server)));
                }
            }
            let mode = |server| self.living.get(&(server, id, remote)).map(|share| share.mode);
            if standing == Standing::Live && mode(home) != mode(guest) {
                self.found(format!("{at}: its modes are {:?} and {:?}", mode(home), mode(guest)));
            }
        }
    }

    async fn members(&mut self) {
        for (channel, plot) in self.world.shape.channels.iter().enumerate() {
            let id = self.world.channels[channel];
            let over = |guest: usize| -> Option<rialto_model::RemoteId> {
                let remote = self.world.link(plot.home, guest)?;
                let active = |server| {
                    let share = self.living.get(&(server, id, remote));
                    share.is_some_and(|share| share.state == ShareState::Active)
                };
                (active(plot.home) && active(guest)).then_some(remote)
            };
            let mut found = Vec::new();
            for server in std::iter::once(plot.home).chain(plot.guests.iter().copied()) {
                for from in std::iter::once(plot.home).chain(plot.guests.iter().copied()) {
                    // By which connection the one hears of the other.
                    let way = match (server == plot.home, from == plot.home) {
                        _ if server == from => None,
                        (true, _) => over(from),
                        (false, true) => over(server),
                        (false, false) => over(from).and_then(|_| over(server)),
                    };
                    if server != from && way.is_none() {
                        continue;
                    }
                    for person in 0..PEOPLE {
                        let text = self.member(&id, channel, server, from, person, way).await;
                        found.extend(text);
                    }
                }
            }
            self.found.extend(found);
        }
    }

    async fn member(
        &self,
        id: &ChannelId,
        channel: usize,
        server: usize,
        from: usize,
        person: usize,
        way: Option<rialto_model::RemoteId>,
    ) -> Option<String> {
        let wire_id = self.world.people[from][person].user.id;
        let row = match &way {
            None => self.world.servers[server].user(&wire_id).await,
            Some(remote) => self.world.known_as(server, remote, &wire_id).await,
        };
        let at = format!("{}: plans-{channel}: person {person} of {}", self.name(server), self.name(from));
        let belongs = self.world.ledger.members.contains(&(channel, from, person));
        let Some(row) = row else { return belongs.then(|| format!("{at} is unknown")) };
        let mut view = self.world.servers[server].view().await;
        let member = channel_members::get(&mut view, id, &row.id).await.unwrap();
        if member.is_some() != belongs {
            return Some(format!("{at} belongs: {}, not {belongs}", member.is_some()));
        }
        let nickname = &self.world.ledger.nicknames[&(from, person)];
        (belongs && row.nickname != *nickname).then(|| format!("{at} is {:?}, not {nickname:?}", row.nickname))
    }

    /// Counters say what the rows say.
    async fn counters(&mut self) {
        for server in 0..self.world.servers.len() {
            for id in self.channels() {
                let Some(channel) = self.world.servers[server].channel_row(&id).await else { continue };
                let rows: Vec<&Post> = self.rows[server].values().filter(|row| row.channel_id == id).collect();
                // What was deleted before it came was never a message here (E-036).
                let buried = |row: &Post| row.delete_at.is_some() && row.update_at == row.create_at;
                let counted = rows.iter().filter(|row| !buried(row)).count();
                let mut texts = Vec::new();
                let at = format!("{}: {}", self.name(server), channel.name);
                if channel.total_msg_count != i64::try_from(counted).unwrap() {
                    texts.push(format!("{at}: counts {} messages and has {counted}", channel.total_msg_count));
                }
                for root in rows.iter().filter(|row| row.root_id.is_none() && row.gone_at().is_none()) {
                    let replies = rows.iter().filter(|row| row.root_id == Some(root.id) && row.gone_at().is_none());
                    let replies = i64::try_from(replies.count()).unwrap();
                    if root.reply_count != replies {
                        texts.push(format!(
                            "{at}: {}: counts {} replies and has {replies}",
                            root.message, root.reply_count
                        ));
                    }
                }
                let mut view = self.world.servers[server].view().await;
                for member in channel_members::list(&mut view, &id, 0, 1_000).await.unwrap() {
                    if member.msg_count > channel.total_msg_count || member.mention_count != 0 {
                        texts.push(format!("{at}: {member:?} has read more than there is, or was called by nobody"));
                    }
                }
                drop(view);
                self.found.extend(texts);
            }
        }
    }

    /// What is shared with nobody is nowhere else, and as it was.
    async fn private(&mut self) {
        for (owner, (channel, said)) in &self.world.ledger.private {
            for server in &self.world.servers {
                let row = server.channel_row(channel).await;
                if server.name != self.world.servers[*owner].name {
                    if row.is_some() {
                        self.found.push(format!("{}: a channel nobody shared is there", server.name));
                    }
                } else if server.texts(channel).await.len() != *said {
                    self.found.push(format!("{}: a channel nobody shared has changed", server.name));
                }
            }
        }
    }
}
