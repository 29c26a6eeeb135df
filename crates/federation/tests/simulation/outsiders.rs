//! Servers of another make in a run: a Mattermost 5.37 and an 11.6 are guests of the two channels whose shares stay. They
//! keep their own rules (see `rialto_testkit::peer`); here they are given things to say, and compared with the home.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rialto_app::Clock;
use rialto_app::shares::{self, Invitation};
use rialto_model::{MessageId, PeerProfile, PostId, RemoteId, UserId};
use rialto_store::{posts, reactions, users};
use rialto_testkit::peer::author::{post_object, reaction_object, user_object};
use rialto_testkit::peer::{Link, Peer, Post as Held, Profile};
use rialto_wire::federation::frame::Frame;
use rialto_wire::federation::topic;
use rialto_wire::site_url::SiteUrl;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::faults::Faults;
use crate::harness::trust::{Stranger, confirmed};
use crate::harness::{Network, transport};
use crate::model::{Place, Routes};
use crate::plan::{EMOJI, Numbers, Outside, Step};
use crate::world::World;

/// Which there are: name, make, and the number of the channel it is a guest of.
pub const OUTSIDERS: [(&str, Profile, usize); 2] =
    [("psi", Profile::Mattermost537, 0), ("omega", Profile::Mattermost116, 1)];

/// Pause before a frame is sent again that was not taken.
const AGAIN: Duration = Duration::from_secs(7);

/// A server of another make with one person who talks.
pub struct Outsider {
    pub name: &'static str,
    profile: Profile,
    /// The channel it is a guest of, by its number.
    pub channel: usize,
    remote: RemoteId,
    peer: Peer,
    person: UserId,
    said: BTreeMap<PostId, Told>,
    /// Its person's reactions, by post and emoji.
    felt: BTreeMap<(String, usize), bool>,
    outbox: mpsc::UnboundedSender<Value>,
    /// Posts our servers refused.
    refused: Arc<Mutex<BTreeSet<String>>>,
    clock: Clock,
    /// When it last said anything, in ms: nothing it says is older than what it said before.
    last: i64,
    numbers: Numbers,
}

/// A message its person wrote.
struct Told {
    text: String,
    root: String,
    deleted: bool,
    /// Where the home passes it on to.
    routes: Routes,
    wire: Value,
}

impl World {
    /// Brings the outsiders in; their shares come to be in good weather.
    pub async fn admit(&mut self, seed: u64) {
        for (place, (name, profile, channel)) in OUTSIDERS.into_iter().enumerate() {
            let home = &self.servers[self.shape.channels[channel].home];
            let site = format!("https://{name}.example.org");
            let peer = Peer::unplugged(profile, &site);
            self.network.attach(&site, name, peer.routes());
            let known = match profile {
                Profile::Mattermost537 => PeerProfile::Mattermost5,
                Profile::Mattermost116 => PeerProfile::Mattermost11,
            };
            let stranger = Stranger { name, site: &site, profile: known, team: peer.team() };
            let ids = &home.app().ids;
            let (remote, inward, outward) = (ids.id(RemoteId::from_random), ids.token(), ids.token());
            confirmed(home, stranger, remote, &inward, &outward).await;
            peer.adopt(Link {
                remote_id: remote.to_string(),
                token: outward,
                remote_token: inward.clone(),
                site_url: home.site.clone(),
                remote_team: String::new(),
                confirmed: true,
            });
            let mut numbers = Numbers::from(seed ^ 0x0dd_0000 ^ place as u64);
            let person = UserId::from_random(random(&mut numbers));
            self.faults.owned(person.to_string(), self.servers.len() + place);
            let (outbox, queue) = mpsc::unbounded_channel();
            let refused = Arc::default();
            let line = Line {
                network: Arc::clone(&self.network),
                faults: Arc::clone(&self.faults),
                name,
                site: SiteUrl::parse(&home.site).unwrap(),
                remote,
                token: inward,
                clock: home.clock.clone(),
                refused: Arc::clone(&refused),
            };
            tokio::spawn(line.speak(queue, Numbers::from(seed ^ 0x0dd_1000 ^ place as u64)));
            let admin = &home.admin.actor;
            let id = self.channels[channel];
            shares::invite(home.app(), admin, &id, &remote, Invitation::default()).await.unwrap();
            let clock = home.clock.clone();
            let mut outsider = Outsider {
                name,
                profile,
                channel,
                remote,
                peer,
                person,
                said: BTreeMap::new(),
                felt: BTreeMap::new(),
                outbox,
                refused,
                clock,
                last: 0,
                numbers,
            };
            let mut user = user_object(person.as_str(), name);
            for member in ["create_at", "update_at"] {
                user[member] = json!(outsider.now());
            }
            let id = id.to_string();
            outsider.hold(&id, json!({"users": { person.as_str(): user }}));
            self.remotes.insert(remote, (self.shape.channels[channel].home, self.servers.len() + place));
            self.outsiders.push(outsider);
        }
    }

    /// The outsiders' people come: their servers have the channels by now.
    pub fn introduce(&self) {
        for outsider in &self.outsiders {
            let id = self.channels[outsider.channel].to_string();
            assert!(outsider.peer.world().channels.contains_key(&id), "{} has not been invited", outsider.name);
            let user = outsider.peer.world().people[outsider.person.as_str()].wire.clone();
            outsider.tell(&id, json!({"users": { outsider.person.as_str(): user }}));
        }
    }

    /// What somebody of an outsider does.
    pub async fn act_outside(&mut self, step: &Step, which: usize, what: Outside, pick: usize) {
        let Some(channel) = self.outsiders.get(which).map(|outsider| outsider.channel) else { return };
        let (id, home) = (self.channels[channel], self.shape.channels[channel].home);
        let routes = self.routes(home, &id).await;
        let outsider = &mut self.outsiders[which];
        let number = step.number;
        match what {
            Outside::Post => outsider.write(number, id.as_str(), String::new(), routes),
            Outside::Reply => {
                let Some(root) = outsider.any(id.as_str(), pick, |post| post.root.is_empty()) else { return };
                outsider.write(number, id.as_str(), root, routes);
            }
            Outside::Edit | Outside::Delete => outsider.change(number, id.as_str(), pick, what == Outside::Delete),
            Outside::React => {
                let Some(post) = outsider.any(id.as_str(), pick, |_| true) else { return };
                outsider.react(id.as_str(), post, pick % EMOJI.len());
            }
        }
        for (place, outsider) in self.outsiders.iter().enumerate() {
            for post in outsider.said.keys() {
                self.faults.owned(post.to_string(), self.servers.len() + place);
            }
        }
    }
}

impl Outsider {
    /// Ids of what its person wrote.
    pub fn posts(&self) -> impl Iterator<Item = PostId> {
        self.said.keys().copied()
    }

    fn now(&mut self) -> i64 {
        self.last = self.clock.now().0.max(self.last + 1);
        self.last
    }

    /// A live message it holds.
    fn any(&self, channel: &str, pick: usize, fits: impl Fn(&Held) -> bool) -> Option<String> {
        let world = self.peer.world();
        let live = world.posts.values().filter(|post| post.channel == channel && !post.deleted && fits(post));
        let live: Vec<&Held> = live.collect();
        (!live.is_empty()).then(|| live[pick % live.len()].id.clone())
    }

    fn write(&mut self, number: usize, channel: &str, root: String, routes: Routes) {
        let id = PostId::from_random(random(&mut self.numbers));
        let text = format!("m{number} by {}", self.name);
        let mut wire = post_object(id.as_str(), channel, self.person.as_str(), &root, &text, self.profile);
        let now = self.now();
        wire["create_at"] = json!(now);
        wire["update_at"] = json!(now);
        self.say(channel, json!({"posts": [&wire]}));
        self.said.insert(id, Told { text, root, deleted: false, routes, wire });
    }

    fn change(&mut self, number: usize, channel: &str, pick: usize, deletes: bool) {
        let now = self.now();
        let live = self.said.values_mut().filter(|told| !told.deleted);
        let mut live: Vec<&mut Told> = live.collect();
        if live.is_empty() {
            return;
        }
        let place = pick % live.len();
        let told = &mut live[place];
        let root = told.wire["id"].as_str().unwrap().to_owned();
        // A thread may have gone with its root.
        if self.peer.world().posts.get(&root).is_none_or(|post| post.deleted) {
            return;
        }
        told.wire["update_at"] = json!(now);
        if deletes {
            told.deleted = true;
            told.wire["delete_at"] = json!(now);
            told.wire["props"] = json!({"deleteBy": self.person});
        } else {
            told.text = format!("{} e{number}", told.text);
            told.wire["message"] = json!(told.text);
            told.wire["edit_at"] = json!(now);
        }
        let wire = told.wire.clone();
        self.say(channel, json!({"posts": [wire]}));
        if deletes {
            // A thread goes with its root.
            self.said.values_mut().filter(|told| told.root == root).for_each(|told| told.deleted = true);
            self.peer.change_world(|world| {
                world.posts.values_mut().filter(|post| post.root == root).for_each(|post| post.deleted = true);
            });
        }
    }

    fn react(&mut self, channel: &str, post: String, emoji: usize) {
        let key = (post.clone(), emoji);
        let present = !self.felt.get(&key).copied().unwrap_or_default();
        let now = self.now();
        let mut wire = reaction_object(&post, self.person.as_str(), EMOJI[emoji], present, self.profile);
        wire["create_at"] = json!(now);
        wire["update_at"] = json!(now);
        wire["delete_at"] = json!(if present { 0 } else { now });
        self.felt.insert(key, present);
        self.say(channel, json!({"reactions": [wire]}));
    }

    fn say(&self, channel: &str, content: Value) {
        self.hold(channel, content.clone());
        self.tell(channel, content);
    }

    fn hold(&self, channel: &str, mut content: Value) {
        content["channel_id"] = json!(channel);
        self.peer.hold(self.remote.as_str(), topic::SYNC, &content);
    }

    fn tell(&self, channel: &str, mut content: Value) {
        content["channel_id"] = json!(channel);
        self.outbox.send(content).unwrap();
    }

    /// In what it differs from the home of its channel, and others from it.
    pub async fn check(&self, world: &World) -> Vec<String> {
        let mut found: Vec<String> =
            self.peer.take_breaches().into_iter().map(|breach| format!("{}: {breach}", self.name)).collect();
        let plot = &world.shape.channels[self.channel];
        let id = world.channels[self.channel];
        let home = &world.servers[plot.home];
        let held = self.peer.world();
        let mut view = home.view().await;
        let rows = posts::page(&mut view, &id, true, 0, 100_000).await.unwrap();
        let ledger = &world.ledger;
        let hidden: BTreeSet<PostId> = ledger
            .said
            .values()
            .filter(|said| said.place == Place::Channel(self.channel) && ledger.is_hidden(said, plot.home))
            .map(|said| said.id)
            .collect();
        for row in rows.iter().filter(|row| !row.is_system() && !hidden.contains(&row.id)) {
            let at = format!("{}: {} {:?} of {}", self.name, row.id, row.message, home.name);
            let there = held.posts.get(row.id.as_str());
            let root = row.root_id.map(|root| root.to_string()).unwrap_or_default();
            if row.root_id.is_some_and(|root| hidden.contains(&root)) {
                continue;
            }
            match (row.gone_at(), there) {
                (None, None) => found.push(format!("{at}: it is missing")),
                (None, Some(there)) if there.deleted => found.push(format!("{at}: it does not show")),
                (None, Some(there)) if there.message != row.message => {
                    found.push(format!("{at}: it reads {:?}", there.message));
                }
                (None, Some(there)) if there.root != root => found.push(format!("{at}: its thread is {}", there.root)),
                (Some(_), Some(there)) if !there.deleted => {
                    found.push(format!("{at}: it shows although it was taken away"));
                }
                _ => {}
            }
        }
        let known: BTreeSet<&str> = rows.iter().map(|row| row.id.as_str()).collect();
        let theirs = held.posts.values().filter(|post| post.origin.is_some());
        for post in theirs.filter(|post| post.channel != id.as_str() || !known.contains(post.id.as_str())) {
            found.push(format!("{}: nobody at {} knows {:?}", self.name, home.name, post.message));
        }
        let over = users::alias(&mut view, &self.remote, &self.person).await.unwrap().unwrap_or(self.person);
        for ((post, emoji), present) in &self.felt {
            let Some(row) = rows.iter().find(|row| row.id.as_str() == post && row.gone_at().is_none()) else {
                continue;
            };
            let list = reactions::list(&mut view, &[row.id]).await.unwrap();
            let shows = list.iter().any(|one| one.user_id == over && one.emoji_name == EMOJI[*emoji]);
            if shows != *present {
                found
                    .push(format!("{}: {} on {:?} of {} is {shows}", home.name, EMOJI[*emoji], row.message, self.name));
            }
        }
        drop(view);
        self.check_others(world, &mut found).await;
        found
    }

    /// What its person wrote stands with everybody the home passes it on to, as it was written.
    async fn check_others(&self, world: &World, found: &mut Vec<String>) {
        let home = world.shape.channels[self.channel].home;
        let id = world.channels[self.channel];
        let living = world.living().await;
        for (place, server) in world.servers.iter().enumerate() {
            for (post, told) in &self.said {
                let stands = |way: &Vec<crate::model::Hop>| {
                    way.iter()
                        .all(|hop| living.get(&(hop.server, id, hop.remote)).is_some_and(|share| share.id == hop.share))
                };
                if place != home && !told.routes.get(&place).is_some_and(stands) {
                    continue;
                }
                // What answers something that has gone meanwhile, or is hidden there, goes with it.
                let mut doubtful = false;
                if let Ok(root) = PostId::parse(&told.root) {
                    for at in [home, place] {
                        let root = world.servers[at].post_row(&root).await;
                        doubtful |= root.is_none_or(|root| root.gone_at().is_some());
                    }
                }
                let refused = self.refused.lock().unwrap().contains(post.as_str());
                let at = format!("{}: {:?} of {}", server.name, told.text, self.name);
                let row = server.post_row(post).await;
                match row {
                    _ if doubtful => {}
                    _ if refused => found.push(format!("{at}: it was refused")),
                    None if told.deleted => {}
                    None => found.push(format!("{at}: it is missing")),
                    Some(row) if told.deleted != row.gone_at().is_some() => {
                        found.push(format!("{at}: deleted is {:?}, its thread is {:?}", row.gone_at(), row.root_id));
                    }
                    Some(row) if !told.deleted && row.message != told.text => {
                        found.push(format!("{at}: it reads {:?}", row.message));
                    }
                    Some(_) => {}
                }
            }
        }
    }
}

/// How an outsider reaches the home.
struct Line {
    network: Arc<Network>,
    faults: Arc<Faults>,
    name: &'static str,
    site: SiteUrl,
    remote: RemoteId,
    token: String,
    clock: Clock,
    refused: Arc<Mutex<BTreeSet<String>>>,
}

impl Line {
    /// Says one thing after the other, each until it is taken.
    async fn speak(self, mut queue: mpsc::UnboundedReceiver<Value>, mut numbers: Numbers) {
        while let Some(mut content) = queue.recv().await {
            loop {
                content["id"] = json!(MessageId::from_random(random(&mut numbers)));
                let id = MessageId::from_random(random(&mut numbers));
                let frame = Frame::new(self.remote, id, topic::SYNC, self.clock.now(), &content);
                let (site, token) = (self.site.clone(), self.token.clone());
                let sent =
                    transport::message(&self.network, self.name, site, self.remote, token, frame.to_json()).await;
                match sent {
                    Ok(answer) if answer.status == 200 => {
                        self.note(&content, &serde_json::from_slice(&answer.body).unwrap());
                        break;
                    }
                    _ => tokio::time::sleep(AGAIN).await,
                }
            }
        }
    }

    fn note(&self, content: &Value, answer: &Value) {
        if answer["status"] != "OK" {
            self.faults.note(format!("{} was refused {content}: {answer}", self.name));
        }
        let errors = answer["payload"]["post_errors"].as_array().cloned().unwrap_or_default();
        let errors = errors.iter().filter_map(Value::as_str).map(str::to_owned);
        self.refused.lock().unwrap().extend(errors);
    }
}

fn random(numbers: &mut Numbers) -> [u8; 16] {
    let (one, other) = (numbers.next(), numbers.next());
    (u128::from(one) << 64 | u128::from(other)).to_be_bytes()
}
