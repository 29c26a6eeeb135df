//! One side of the recordings played by a peer, the other by our server with the same people.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rialto_testkit::client::{Answer, text};
use rialto_testkit::organisation::CODE_PASSWORD;
use rialto_testkit::peer::Link;
use rialto_testkit::replay::{self, Entry, Exchange, Replay, Side, assert_shape};
use rialto_testkit::{Client, Database, Organisation, Peer, Profile, TestServer};
use serde_json::Value;

/// The recorded connection's id and the tokens of both sides.
pub const CONNECTION: &str = "4s8eoaynxi8q5yy6d1r8ibm1we";
pub const TOKEN_OF_A: &str = "9epxpjb5mbgzfbboabp6tfi59c";
pub const TOKEN_OF_B: &str = "x5xf7p34p7b55y4ndjsz3ekpza";
/// The team of B that A names in its invitations.
pub const TEAM_OF_B: &str = "ycqtudkizbnifyxxp55jmdisnc";
pub const PUBLIC: &str = "x6r5gwd94tbyxksg46fzqewwah";
pub const PRIVATE: &str = "etsweyi55pdydcxz18h97agfco";
pub const OUTAGE: &str = "t5jahc4kmjfp3b3m8dnj81xi4r";
pub const READ_ONLY: &str = "c9a3r4e3sfn5x8crwtbrw8it9o";

/// People of A: name in the recording and recorded id. The administrator comes first.
pub const PEOPLE_OF_A: [(&str, &str); 4] = [
    ("admina", "5jumzwazyfg7xnncbisbznof5w"),
    ("alice", "crhx3d8fbfdrigqej7qf46amda"),
    ("bob", "1u9sd4ie97yk386f67kgq1k68a"),
    ("carol", "g63z5rzh5tgztnwustx4ftrmuc"),
];
/// People of B.
pub const PEOPLE_OF_B: [(&str, &str); 4] = [
    ("adminb", "e8u95esgyinffkwd1eck68mdnr"),
    ("bella", "pe5e9qesqifcuxz74g4iihoqmw"),
    ("alice", "q7h8n3s6b3brm8nrjpffxwyfxe"),
    ("dave", "xg1baaoex7bg5pu7aiuchhpf1e"),
];

/// Members of 5.37's objects that we need not send (wire 9.3, "safe to omit").
pub const OPTIONAL: &[&str] = &[
    "parent_id",
    "participants",
    "reply_count",
    "last_reply_at",
    "hashtags",
    "metadata",
    "remote_id",
    "channel_id",
    "props",
    "last_picture_update",
    "notify_props",
    "timezone",
    "has_reactions",
    "file_ids",
    // Sent by 5.37 of people whose profile changed, and never by us (INV-5).
    "password",
    "auth_data",
    "email_verified",
    "last_password_update",
    "create_at",
    "mfa_secret",
];

pub struct Stage {
    /// The side our server plays.
    pub ours: Side,
    pub org: Organisation,
    pub peer: Peer,
    pub replay: Replay,
    people: BTreeMap<&'static str, Client>,
}

impl Stage {
    /// Our server in place of B: it accepts a code of A's, with the recorded id and token.
    pub async fn guest(database: Database) -> Self {
        let mut stage = Self::new(Side::B, "globex", database).await;
        let code = stage.peer.invite_as(CONNECTION, TOKEN_OF_A, CODE_PASSWORD);
        stage.org.accept("Alpha", &code).await;
        stage.org.wait_online("Alpha").await;
        let (team, url) = (stage.org.team.clone(), stage.org.server.url());
        stage.replay.replace(TEAM_OF_B, &team);
        stage.replay.replace("http://b.example", &url);
        stage.replay.replace("http://a.example", &stage.peer.url());
        stage
    }

    /// Our server in place of A: B confirms our code with its recorded confirmation.
    pub async fn home(database: Database) -> Self {
        let mut stage = Self::new(Side::A, "acme", database).await;
        let code = stage.org.invite("Beta").await;
        let content =
            rialto_testkit::invitation::open(&code, CODE_PASSWORD, &[rialto_testkit::invitation::Derivation::Scrypt])
                .expect("5.37 opens our code");
        let link = Link {
            remote_id: text(&content["remote_id"]),
            token: TOKEN_OF_B.to_owned(),
            remote_token: text(&content["token"]),
            site_url: stage.org.server.url(),
            remote_team: text(&content["remote_team_id"]),
            confirmed: true,
        };
        stage.replay.replace(CONNECTION, &link.remote_id);
        stage.replay.replace(TEAM_OF_B, stage.peer.team());
        stage.replay.replace("http://a.example", &link.site_url);
        stage.replay.replace("http://b.example", &stage.peer.url());
        stage.peer.adopt(link);
        let handshake: Vec<_> = scenario("01-connect")
            .into_iter()
            .filter_map(|entry| match entry {
                Entry::Exchange(exchange) if exchange.json["remote_id"] == CONNECTION => Some(exchange),
                _ => None,
            })
            .take(2)
            .collect();
        for exchange in &handshake {
            let answer = stage.replay.play(&stage.peer, exchange).await;
            assert_eq!(answer.status, 200, "{}: {answer}", exchange.path);
            assert_shape(&answer.body, &exchange.answer, &[]);
        }
        assert_eq!(handshake[0].path, "/confirm_invite");
        stage.org.wait_online("Beta").await;
        stage
    }

    async fn new(ours: Side, name: &str, database: Database) -> Self {
        let server = TestServer::new(name, database).await;
        let org = Organisation::found(server.with("MM_CONNECTEDWORKSPACESSETTINGS_LEGACYPEERS", "allow")).await;
        let peer = Peer::start(Profile::Mattermost537).await;
        let mut stage = Self { ours, org, peer, replay: Replay::default(), people: BTreeMap::new() };
        let cast = if ours == Side::A { PEOPLE_OF_A } else { PEOPLE_OF_B };
        for (number, (name, recorded)) in cast.into_iter().enumerate() {
            let person = if number == 0 { stage.org.admin.clone() } else { stage.org.member(name).await };
            stage.replay.replace(recorded, &person.id);
            stage.people.insert(name, person);
        }
        stage
    }

    /// One of our people by the name in the recording.
    pub fn person(&self, name: &str) -> &Client {
        &self.people[name]
    }

    /// What stands for a recorded id.
    pub fn live(&self, recorded: &str) -> String {
        self.replay.live(recorded)
    }

    /// The connection's id in this run.
    pub fn remote_id(&self) -> String {
        self.peer.only_link().remote_id
    }

    /// Plays a scenario to its end: the other side's requests again, our people's deeds by `act`.
    pub async fn play(&mut self, name: &str) {
        for entry in scenario(name) {
            match entry {
                Entry::Exchange(exchange) if exchange.is_from(self.ours) => {}
                Entry::Exchange(exchange) => self.play_accepted(&exchange).await,
                Entry::Step(step) => self.act(&step).await,
            }
        }
    }

    /// Sends one recorded request again and expects it to be accepted in full.
    pub async fn play_accepted(&self, exchange: &Exchange) {
        self.peer.hold(&self.remote_id(), exchange.topic(), &self.replay.translate(exchange.payload()));
        let answer = self.replay.play(&self.peer, exchange).await;
        self.check_accepted(exchange, &answer);
    }

    #[track_caller]
    fn check_accepted(&self, exchange: &Exchange, answer: &Answer) {
        let what = format!("{} {}", exchange.path, exchange.topic());
        assert_eq!(answer.status, 200, "{what}: {answer}");
        match exchange.path.as_str() {
            "/ping" => assert_shape(&answer.body, &exchange.answer, &[]),
            "/msg" => {
                assert_eq!(answer.body["status"], "OK", "{what}: {answer}");
                assert!(answer.body.get("payload").is_some(), "{what}: {answer}");
                if exchange.topic() != "sharedchannel_sync" {
                    return;
                }
                let mut told: Vec<_> = users(exchange.payload()).into_iter().map(|id| self.live(&id)).collect();
                let mut synced: Vec<_> =
                    answer.body["payload"]["users_syncd"].as_array().unwrap().iter().map(text).collect();
                told.sort();
                synced.sort();
                assert_eq!(synced, told, "users_syncd of {answer}");
                assert_eq!(answer.body["payload"]["post_errors"], serde_json::json!([]), "{answer}");
            }
            _ => assert_eq!(answer.body["status"], "OK", "{what}: {answer}"),
        }
    }

    /// Does what a person of ours did: writes, replies and edits by what the recording says came of it. Everything else
    /// is up to the test.
    pub async fn act(&mut self, step: &Value) {
        if self.ours.is_foreign(step) {
            return;
        }
        let result = &step["result"];
        let post = if result.is_array() { &result[1] } else { result };
        let cast = if self.ours == Side::A { PEOPLE_OF_A } else { PEOPLE_OF_B };
        let author = cast.iter().find(|(_, id)| post["user_id"] == *id);
        let (Some((name, _)), Some(id)) = (author, post["id"].as_str()) else { return };
        if !post["message"].is_string() {
            return;
        }
        let message = text(&self.replay.translate(&post["message"]));
        let person = self.people[name].clone();
        let channel = self.live(post["channel_id"].as_str().unwrap());
        if self.replay.live(id) != id {
            if post["edit_at"] != 0 {
                person.edit(&self.replay.live(id), &message).await;
            }
            return;
        }
        let root = self.live(post["root_id"].as_str().unwrap());
        let written = person.reply(&channel, &root, &message).await;
        self.replay.replace(id, &text(&written["id"]));
    }

    /// Adds some of our people to a channel; the administrator is in it already.
    pub async fn join(&self, channel: &str, names: &[&str]) {
        for name in names {
            self.org.join(&self.live(channel), self.person(name)).await;
        }
    }

    /// Checks what our server has sent so far against the recorded frames of our side: members and types of users, posts
    /// and reactions.
    pub fn check_shapes(&self) {
        for member in ["posts", "reactions"] {
            let recorded = recorded_sample(self.ours, |payload| {
                // Their system posts carry props of their own; ours are never sent.
                let mut items = payload[member].as_array().into_iter().flatten();
                items.find(|item| item["type"].as_str().is_none_or(str::is_empty)).cloned().unwrap_or_default()
            });
            for frame in self.peer.frames("sharedchannel_sync") {
                for item in frame.payload()[member].as_array().into_iter().flatten() {
                    assert_shape(item, &recorded, OPTIONAL);
                }
            }
        }
        let first_user = |payload: &Value| {
            payload["users"].as_object().and_then(|users| users.values().next()).cloned().unwrap_or_default()
        };
        let recorded = recorded_sample(self.ours, first_user);
        for frame in self.peer.frames("sharedchannel_sync") {
            for user in frame.payload()["users"].as_object().into_iter().flatten() {
                assert_shape(user.1, &recorded, OPTIONAL);
            }
            assert_eq!(frame.header("content-type"), "application/json");
            assert_eq!(frame.json["remote_id"], self.remote_id().as_str());
        }
    }
}

/// The ids of the users in a sync payload.
pub fn users(payload: &Value) -> Vec<String> {
    payload["users"].as_object().into_iter().flatten().map(|(id, _)| id.clone()).collect()
}

/// Reads a recorded scenario.
pub fn scenario(name: &str) -> Vec<Entry> {
    replay::load(&folder(), name)
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/recorded")
}

/// The first recorded item of `side` that `pick` finds.
fn recorded_sample(side: Side, pick: impl Fn(&Value) -> Value) -> Value {
    let names = ["02-share-public", "04-posts", "05-threads", "07-reactions"];
    let found = names.into_iter().flat_map(scenario).find_map(|entry| match entry {
        Entry::Exchange(exchange) if exchange.is_from(side) && exchange.topic() == "sharedchannel_sync" => {
            Some(pick(exchange.payload())).filter(|item| item.is_object())
        }
        _ => None,
    });
    found.expect("the recordings hold one")
}

/// The recorded request of `side` that `fits`.
pub fn recorded(name: &str, side: Side, fits: impl Fn(&Exchange) -> bool) -> Exchange {
    let found = scenario(name).into_iter().find_map(|entry| match entry {
        Entry::Exchange(exchange) if exchange.is_from(side) && fits(&exchange) => Some(exchange),
        _ => None,
    });
    found.unwrap_or_else(|| panic!("no such request in {name}"))
}

/// A recorded request moved to another channel, for scenarios whose own set-up was not recorded with them.
pub trait InChannel {
    fn in_channel(self, channel: &str) -> Exchange;
}

impl InChannel for Exchange {
    fn in_channel(mut self, channel: &str) -> Exchange {
        let was = text(&self.payload()["channel_id"]);
        let moved = self.json.to_string().replace(&was, channel);
        self.body = moved.clone().into_bytes();
        self.json = serde_json::from_str(&moved).unwrap();
        self
    }
}

impl Stage {
    /// The channel of the scenarios about outages, invited as the public one was.
    pub async fn share_outage_channel(&self) {
        let mut invitation =
            recorded("02-share-public", Side::A, |exchange| exchange.topic() == "sharedchannel_invite")
                .in_channel(OUTAGE);
        let renamed = invitation.json.to_string().replace("pub-one", "outage").replace("Pub One", "Outage");
        invitation.body = renamed.clone().into_bytes();
        invitation.json = serde_json::from_str(&renamed).unwrap();
        self.play_accepted(&invitation).await;
    }

    /// Tells our server the authors of a recorded frame, which the recorded servers had done in an earlier scenario.
    pub async fn announce_authors(&self, exchange: &Exchange) {
        let posts = exchange.payload()["posts"].as_array().map(Vec::as_slice).unwrap_or_default();
        let cast = if self.ours == Side::A { PEOPLE_OF_B } else { PEOPLE_OF_A };
        for (name, id) in cast {
            if posts.iter().any(|post| post["user_id"] == id) {
                let user = rialto_testkit::peer::author::user_object(id, name);
                let channel = self.live(exchange.payload()["channel_id"].as_str().unwrap());
                let content = serde_json::json!({"users": {id: user}, "channel_id": channel});
                self.peer.hold(&self.remote_id(), "sharedchannel_sync", &content);
                self.peer.sync(&self.remote_id(), &channel, content).await.ok();
            }
        }
    }
}
