//! The servers of a run, on a virtual clock: how they come about, what is known of the shares between them, and how the
//! run comes to rest.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use rialto_app::channel_members;
use rialto_app::shares::{self, Invitation};
use rialto_model::{ChannelId, RemoteId, Share, UserId};
use rialto_store::{shares as share_rows, users};
use tokio::time::Instant;

use crate::faults::Faults;
use crate::harness::{Network, Person, Server, trust, virtual_clock};
use crate::model::{Hop, Ledger, Routes, Standing};
use crate::outsiders::{OUTSIDERS, Outsider};
use crate::plan::{PEOPLE, Plan, Shape};

const NAMES: [&str; 8] = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta"];

/// By server, channel and connection.
pub type Living = BTreeMap<(usize, ChannelId, RemoteId), Share>;

/// A run.
pub struct World {
    pub shape: Shape,
    pub network: Arc<Network>,
    pub servers: Vec<Server>,
    pub people: Vec<Vec<Person>>,
    /// By the number of the link; None while there is no connection.
    pub links: Vec<Option<RemoteId>>,
    /// Every connection there ever was, and between whom.
    pub remotes: HashMap<RemoteId, (usize, usize)>,
    pub channels: Vec<ChannelId>,
    pub outsiders: Vec<Outsider>,
    pub skews: Vec<Arc<AtomicI64>>,
    pub faults: Arc<Faults>,
    pub ledger: Ledger,
    /// Shares of servers that do not run, as they were when they stopped.
    stopped: HashMap<(usize, ChannelId), Vec<Share>>,
    /// How often something was refused, by its reason.
    pub refused: BTreeMap<String, usize>,
    /// Whether each step is printed.
    pub trace: bool,
    pub begun: Instant,
    /// What went wrong on the way.
    pub found: Vec<String>,
}

impl Drop for World {
    fn drop(&mut self) {
        self.network.close();
    }
}

impl World {
    /// Servers, people, connections, channels and first shares, in good weather.
    pub async fn new(plan: &Plan) -> Self {
        let shape = plan.shape.clone();
        let network = Network::new();
        network.forget();
        let names: Vec<&'static str> = NAMES.iter().copied().take(shape.servers).collect();
        let outside = OUTSIDERS.iter().map(|(name, ..)| *name);
        let everybody = names.iter().copied().chain(outside).collect();
        let faults = Arc::new(Faults::new(plan.seed, plan.weather, everybody));
        network.fail({
            let faults = Arc::clone(&faults);
            let followed = std::env::var("FOLLOW").ok().filter(|text| !text.is_empty());
            let begun = Instant::now();
            move |sent| {
                let fault = faults.decide(sent);
                if let Some(text) = &followed
                    && sent.payload.to_string().contains(text)
                {
                    println!("{:?} {} to {}, {fault:?}: {}", begun.elapsed(), sent.from, sent.to, sent.payload);
                }
                fault
            }
        });
        let begun = Instant::now();
        let mut world = Self {
            network: Arc::clone(&network),
            servers: Vec::new(),
            people: Vec::new(),
            links: Vec::new(),
            remotes: HashMap::new(),
            channels: Vec::new(),
            outsiders: Vec::new(),
            skews: Vec::new(),
            faults,
            ledger: Ledger::default(),
            stopped: HashMap::new(),
            found: Vec::new(),
            refused: BTreeMap::new(),
            trace: std::env::var_os("TRACE").is_some(),
            begun,
            shape,
        };
        for (place, name) in names.into_iter().enumerate() {
            let skew = Arc::new(AtomicI64::new(0));
            let clock = virtual_clock(begun, Arc::clone(&skew));
            let seed = plan.seed.wrapping_mul(1_000).wrapping_add(place as u64);
            let server = Server::virtually(&network, name, seed, clock, |_| {}).await;
            let mut people = Vec::new();
            for person in 0..PEOPLE {
                let made = server.person(&format!("{}{person}", &name[..1])).await;
                world.faults.owned(made.user.id.to_string(), place);
                world.ledger.nicknames.insert((place, person), made.user.nickname.clone());
                people.push(made);
            }
            world.skews.push(skew);
            world.servers.push(server);
            world.people.push(people);
        }
        for (one, other) in world.shape.links.clone() {
            let id = trust(&world.servers[one], &world.servers[other]).await;
            world.links.push(Some(id));
            world.remotes.insert(id, (one, other));
        }
        world.populate(plan.seed).await;
        world
    }

    async fn populate(&mut self, seed: u64) {
        for place in 0..self.servers.len() {
            let server = &self.servers[place];
            let own = &self.people[place];
            let private = server.channel("kept-here", &[&own[0]]).await;
            for n in 0..3 {
                server.post(&own[0], &private, &format!("private {n} of {}", server.name)).await;
            }
            self.ledger.private.insert(place, (private, 3));
        }
        for (number, plot) in self.shape.channels.clone().into_iter().enumerate() {
            let home = &self.servers[plot.home];
            let channel = home.channel(&format!("plans-{number}"), &[]).await;
            self.channels.push(channel);
            for person in 0..PEOPLE {
                self.join(number, plot.home, person).await;
            }
            for guest in plot.guests {
                let Some(remote) = self.link(plot.home, guest) else { continue };
                let home = &self.servers[plot.home];
                shares::invite(home.app(), &home.admin.actor, &channel, &remote, Invitation::default()).await.unwrap();
                self.ledger.standing.insert((number, guest), Standing::Live);
            }
        }
        self.admit(seed).await;
        // Everybody's first people are where they can be: the rest joins and leaves as planned.
        tokio::time::sleep(Duration::from_secs(30)).await;
        for (number, plot) in self.shape.channels.clone().into_iter().enumerate() {
            for guest in plot.guests {
                self.join(number, guest, 0).await;
            }
        }
        self.introduce();
        tokio::time::sleep(Duration::from_secs(10)).await;
    }

    async fn join(&mut self, channel: usize, server: usize, person: usize) {
        let who = &self.people[server][person];
        let app = self.servers[server].app();
        channel_members::add(app, &who.actor, &self.channels[channel], &[who.user.id]).await.unwrap();
        self.ledger.members.insert((channel, server, person));
    }

    /// The connection between two servers.
    pub fn link(&self, one: usize, other: usize) -> Option<RemoteId> {
        let pair = (one.min(other), one.max(other));
        let number = self.shape.links.iter().position(|link| *link == pair)?;
        self.links[number]
    }

    /// Who is at the other end of a connection.
    pub fn other_end(&self, remote: &RemoteId, from: usize) -> usize {
        let (one, other) = self.remotes[remote];
        if one == from { other } else { one }
    }

    /// Live shares of a channel as a server knows them, or knew them when it stopped.
    pub async fn shares(&self, server: usize, channel: &ChannelId) -> Vec<Share> {
        if !self.servers[server].is_running() {
            return self.stopped.get(&(server, *channel)).cloned().unwrap_or_default();
        }
        let mut view = self.servers[server].view().await;
        share_rows::list_of_channel(&mut view, channel).await.unwrap()
    }

    /// Over which shares something said now at `server` reaches whom.
    pub async fn routes(&self, server: usize, channel: &ChannelId) -> Routes {
        let mut routes = Routes::new();
        for share in self.shares(server, channel).await {
            let hop = Hop { server, remote: share.remote_id, share: share.id };
            let there = self.other_end(&share.remote_id, server);
            if share.home {
                routes.insert(there, vec![hop]);
                continue;
            }
            let at_home = self.shares(there, channel).await;
            let Some(back) = at_home.iter().find(|other| other.remote_id == share.remote_id) else { continue };
            let way = vec![hop, Hop { server: there, remote: back.remote_id, share: back.id }];
            for onward in at_home.iter().filter(|other| other.home && other.remote_id != share.remote_id) {
                let guest = self.other_end(&onward.remote_id, there);
                let mut further = way.clone();
                further.push(Hop { server: there, remote: onward.remote_id, share: onward.id });
                routes.insert(guest, further);
            }
            routes.insert(there, way);
        }
        routes
    }

    /// Stops a server where it is.
    pub async fn crash(&mut self, server: usize) {
        let direct = self.ledger.said.values().map(|said| said.channel);
        let known: std::collections::BTreeSet<ChannelId> = self.channels.iter().copied().chain(direct).collect();
        for channel in known {
            let shares = self.shares(server, &channel).await;
            self.stopped.insert((server, channel), shares);
        }
        self.servers[server].stop().await;
    }

    pub async fn start(&mut self, server: usize) {
        self.servers[server].start().await;
    }

    /// What a person of `of` is called on `at`, as whom they came to it over `remote`.
    pub async fn known_as(&self, at: usize, remote: &RemoteId, wire_id: &UserId) -> Option<rialto_model::User> {
        let mut view = self.servers[at].view().await;
        let id = users::alias(&mut view, remote, wire_id).await.unwrap().unwrap_or(*wire_id);
        users::get(&mut view, &id).await.unwrap().filter(|user| user.remote_id == Some(*remote))
    }

    /// Mends everything and lets it come to rest. Returns how long that took, None if it never did.
    pub async fn settle(&mut self) -> Option<Duration> {
        let healed = Instant::now();
        self.faults.end();
        for server in 0..self.servers.len() {
            if !self.servers[server].is_running() {
                self.start(server).await;
            }
        }
        self.restore_all().await;
        // The longest pauses of a sender are half a minute; frames that strayed arrive within two.
        while healed.elapsed() < Duration::from_secs(3_600) {
            tokio::time::sleep(Duration::from_secs(5)).await;
            let last = self.faults.last_content();
            if healed.elapsed() > Duration::from_secs(150) && last.elapsed() > Duration::from_secs(90) {
                return Some(last.saturating_duration_since(healed));
            }
        }
        None
    }

    /// Brings archived channels back, on every side.
    async fn restore_all(&mut self) {
        for server in &self.servers {
            for channel in &self.channels {
                let archived = server.channel_row(channel).await.is_some_and(|row| row.is_archived());
                if archived
                    && let Err(error) = rialto_app::channels::restore(server.app(), &server.admin.actor, channel).await
                {
                    self.found.push(format!("{} cannot bring a channel back: {error}", server.name));
                }
            }
        }
    }

    /// Live shares over connections both sides still hold, for ways to be compared with.
    pub async fn living(&self) -> Living {
        let mut living = BTreeMap::new();
        let direct = self.ledger.said.values().map(|said| said.channel);
        let known: std::collections::BTreeSet<ChannelId> = self.channels.iter().copied().chain(direct).collect();
        for server in 0..self.servers.len() {
            for channel in &known {
                for share in self.shares(server, channel).await {
                    if !self.links.contains(&Some(share.remote_id)) {
                        continue;
                    }
                    living.insert((server, *channel, share.remote_id), share);
                }
            }
        }
        living
    }
}
