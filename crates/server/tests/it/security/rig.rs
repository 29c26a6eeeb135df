//! The stage of every attack: hub A, the hostile B with a valid token, the honest C, and one channel of every relation.

use std::sync::Mutex;

use rialto_testkit::client::{Answer, text};
use rialto_testkit::digest::Digest;
use rialto_testkit::ids::fresh;
use rialto_testkit::organisation::CODE_PASSWORD;
use rialto_testkit::peer::author::{post_object, user_object};
use rialto_testkit::{Client, Database, Organisation, Peer, Profile, Socket, wait_for};
use serde_json::{Value, json};

pub use crate::receiver::NOT_STATE;

pub const PROFILE: Profile = Profile::Mattermost116;

/// A word in every text, name and file an attack sends. It must turn up in no log.
pub const CANARY: &str = "xyzzycanary";

pub struct Rig {
    pub hub: Organisation,
    pub evil: Peer,
    /// B's connection.
    pub remote_id: String,
    pub honest: Peer,
    /// C's connection.
    pub honest_id: String,
    pub channels: Channels,
    pub anna: Client,
    pub otto: Client,
    /// B's person, known in all channels B takes part in.
    pub mallory: String,
    /// C's person.
    pub carl: String,
    pub posts: Posts,
    sockets: Vec<Socket>,
    marks: Mutex<Vec<usize>>,
    markers: Mutex<usize>,
}

/// One channel for every relation to B.
pub struct Channels {
    /// Ours, shared with B and C.
    pub shared: String,
    /// Ours, shared read-only with B.
    pub read_only: String,
    /// B's own, shared with us.
    pub theirs: String,
    /// Ours, shared with C only.
    pub partner: String,
    /// Private and not shared.
    pub private: String,
    /// Of another team.
    pub other_team: String,
    /// Shared with B, archived since.
    pub archived: String,
    /// Shared with B once.
    pub ended: String,
    /// A direct channel of two of our people.
    pub direct: String,
}

/// A live post for every owner and place.
pub struct Posts {
    /// Anna's, in the shared channel.
    pub annas: String,
    /// Carl's, in the shared channel.
    pub carls: String,
    /// Mallory's, in the shared channel.
    pub mallorys: String,
    /// Anna's, where B may only read.
    pub read_only: String,
    /// Mallory's in B's own channel.
    pub theirs: String,
    /// Anna's in B's own channel.
    pub annas_theirs: String,
    /// Anna's, in the partner's channel.
    pub partner: String,
    /// Carl's, in the partner's channel.
    pub carls_partner: String,
    /// Anna's, in the private channel.
    pub private: String,
    /// The administrator's, in the other team.
    pub other_team: String,
    /// Mallory's, in the channel archived since.
    pub archived: String,
    /// Mallory's, in the channel that is shared no more.
    pub ended: String,
    /// Anna's to Otto.
    pub direct: String,
}

impl Rig {
    pub async fn start(database: Database) -> Self {
        let hub = Organisation::start("hub", database).await;
        let (evil, honest) = (Peer::start(PROFILE).await, Peer::start(PROFILE).await);
        let remote_id = evil.accept(&hub.invite("evil").await, CODE_PASSWORD).await.unwrap();
        let honest_id = honest.accept(&hub.invite("honest").await, CODE_PASSWORD).await.unwrap();
        hub.wait_online("evil").await;
        hub.wait_online("honest").await;
        let other = json!({"name": "second", "display_name": "second", "type": "I"});
        let other = text(&hub.admin.post("/teams", other).await.ok()["id"]);
        let elsewhere = json!({"team_id": other, "name": "elsewhere", "display_name": "Elsewhere", "type": "O"});
        let other_team = text(&hub.admin.post("/channels", elsewhere).await.ok()["id"]);
        let (anna, otto) = (hub.member("anna").await, hub.member("otto").await);
        let direct = text(&anna.post("/channels/direct", json!([anna.id, otto.id])).await.ok()["id"]);
        let channels = Channels {
            shared: hub.channel("shared", "O").await,
            read_only: hub.channel("read-only", "O").await,
            theirs: evil.channel("theirs", "O"),
            partner: hub.channel("partner", "O").await,
            private: hub.channel("private", "P").await,
            other_team,
            archived: hub.channel("archived", "O").await,
            ended: hub.channel("ended", "O").await,
            direct,
        };
        for channel in [&channels.shared, &channels.read_only, &channels.partner, &channels.private] {
            hub.join(channel, &anna).await;
        }
        hub.join(&channels.shared, &otto).await;
        for (channel, flags) in [
            (&channels.shared, ""),
            (&channels.read_only, "--readonly"),
            (&channels.archived, ""),
            (&channels.ended, ""),
        ] {
            hub.share(channel, &remote_id, flags).await;
            evil.wait_world("the channel", |world| world.channels.contains_key(channel)).await;
        }
        for channel in [&channels.shared, &channels.partner] {
            hub.share(channel, &honest_id, "").await;
            honest.wait_world("the channel", |world| world.channels.contains_key(channel)).await;
        }
        assert_eq!(evil.share(&remote_id, &channels.theirs).await.body["status"], "OK");
        hub.wait_channel(&channels.theirs).await;
        hub.join(&channels.theirs, &anna).await;

        let (mallory, carl) = (evil.person("mallory"), honest.person("carl"));
        let id = |post: &Value| text(&post["id"]);
        let posts = Posts {
            annas: id(&anna.write(&channels.shared, "Anna's words").await),
            carls: honest.write(&channels.shared, &carl, "Carl's words").await,
            mallorys: evil.write(&channels.shared, &mallory, "good day").await,
            read_only: id(&anna.write(&channels.read_only, "to be read").await),
            theirs: evil.write(&channels.theirs, &mallory, "at home").await,
            annas_theirs: id(&anna.write(&channels.theirs, "on a visit").await),
            partner: id(&anna.write(&channels.partner, "for the partner").await),
            carls_partner: honest.write(&channels.partner, &carl, "from the partner").await,
            private: id(&anna.write(&channels.private, "among ourselves").await),
            other_team: id(&hub.admin.write(&channels.other_team, "another team's").await),
            archived: evil.write(&channels.archived, &mallory, "before it was archived").await,
            ended: evil.write(&channels.ended, &mallory, "while it was shared").await,
            direct: id(&anna.write(&channels.direct, "for Otto alone").await),
        };
        anna.react(&posts.carls, "tada").await;
        evil.react(&posts.annas, &mallory, "eyes", true).await;
        honest.react(&posts.annas, &carl, "heart", true).await;
        hub.admin.delete(&format!("/channels/{}", channels.archived)).await.ok();
        hub.admin.command(&channels.ended, &format!("/share-channel uninvite --connectionID {remote_id}")).await;
        // What was under way has arrived before anything is measured.
        for (peer, post) in [(&evil, &posts.annas), (&evil, &posts.read_only), (&honest, &posts.mallorys)] {
            peer.wait_world("what was written", |world| world.posts.contains_key(post)).await;
        }
        let mut sockets = Vec::new();
        for person in [&hub.admin, &anna, &otto] {
            sockets.push(person.socket().await);
        }
        let rig = Self {
            hub,
            evil,
            remote_id,
            honest,
            honest_id,
            channels,
            anna,
            otto,
            mallory,
            carl,
            posts,
            sockets,
            marks: Mutex::default(),
            markers: Mutex::default(),
        };
        rig.pass_marker().await;
        Digest::settled(&rig.hub.server, NOT_STATE).await;
        rig.begin();
        rig
    }

    pub async fn digest(&self) -> Digest {
        Digest::take(&self.hub.server, NOT_STATE).await
    }

    /// Sends a sync message as B.
    pub async fn sync(&self, channel: &str, content: Value) -> Answer {
        self.evil.sync(&self.remote_id, channel, content).await
    }

    /// A new post of `user`.
    pub fn post(&self, channel: &str, user: &str) -> Value {
        post_object(&fresh(), channel, user, "", &format!("forged {CANARY}"), PROFILE)
    }

    /// A later version of an existing post.
    pub fn edit(&self, id: &str, channel: &str, user: &str) -> Value {
        let mut post = post_object(id, channel, user, "", &format!("other words {CANARY}"), PROFILE);
        let later = rialto_testkit::ids::now_ms() + 60_000;
        post["edit_at"] = json!(later);
        post["update_at"] = json!(later);
        post
    }

    /// A later version of a person.
    pub fn person(&self, id: &str, name: &str) -> Value {
        let mut user = user_object(id, name);
        user["update_at"] = json!(rialto_testkit::ids::now_ms() + 60_000);
        user["nickname"] = json!(CANARY);
        user
    }

    /// Headers of B.
    pub fn credential(&self) -> [(String, String); 2] {
        let link = self.evil.link(&self.remote_id);
        [("X-RemoteCluster-Id".to_owned(), link.remote_id), ("X-RemoteCluster-Token".to_owned(), link.remote_token)]
    }

    /// Sends bytes to any federation route as B.
    pub async fn raw(&self, path: &str, body: Vec<u8>) -> Answer {
        let headers = self.credential();
        let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        self.evil.raw(&self.hub.server.url(), path, &headers, body).await
    }

    /// From here on everything that clients hear and C is sent counts.
    pub fn begin(&self) {
        *self.marks.lock().unwrap() = self.sockets.iter().map(|socket| socket.events().len()).collect();
        self.honest.forget_requests();
    }

    /// A message that everybody hears, after everything there was to hear before.
    async fn pass_marker(&self) -> String {
        let marker = {
            let mut number = self.markers.lock().unwrap();
            *number += 1;
            format!("marker {number}")
        };
        self.anna.write(&self.channels.shared, &marker).await;
        for socket in &self.sockets {
            let told = |event: &Value| event["data"]["post"].as_str().is_some_and(|post| post.contains(&marker));
            socket.wait("posted", told).await;
        }
        for peer in [&self.honest, &self.evil] {
            peer.see(&marker).await;
        }
        marker
    }

    /// Checks that since [`Rig::begin`] no client heard anything and C was sent nothing but pings.
    pub async fn assert_silence(&self) {
        let marker = self.pass_marker().await;
        let marks = self.marks.lock().unwrap().clone();
        for (socket, mark) in self.sockets.iter().zip(marks) {
            let heard = socket.events().into_iter().skip(mark);
            let stray: Vec<_> = heard
                .filter(|event| !event["data"]["post"].as_str().is_some_and(|post| post.contains(&marker)))
                // Presence of our own people, who write the marker.
                .filter(|event| event["event"] != "status_change")
                // How the marker itself fared with the peers, which its author is told.
                .filter(|event| event["event"] != "rialto_post_deliveries")
                .collect();
            assert!(stray.is_empty(), "clients heard {stray:?}");
        }
        for request in self.honest.requests() {
            let posts = request.payload()["posts"].as_array().map(Vec::as_slice).unwrap_or_default();
            let is_marker = posts.len() == 1 && posts[0]["message"] == marker.as_str();
            let people = request.payload()["users"].as_object().map_or(0, serde_json::Map::len);
            let quiet = request.path == "/ping" || (is_marker && people == 0) || self.is_own_presence(&request).await;
            assert!(quiet, "C was sent {}", request.json);
        }
        Digest::settled(&self.hub.server, NOT_STATE).await;
        self.begin();
    }

    /// Whether a frame tells of nothing but the presence of people of A.
    async fn is_own_presence(&self, request: &rialto_testkit::peer::Request) -> bool {
        let payload = request.payload();
        let others = ["posts", "users", "reactions", "acknowledgements", "membership_changes"];
        if request.topic() != "sharedchannel_sync" || others.iter().any(|member| payload.get(*member).is_some()) {
            return false;
        }
        for status in payload["statuses"].as_array().into_iter().flatten() {
            let path = format!("/users/{}", status["user_id"].as_str().unwrap());
            if !self.hub.admin.get(&path).await.ok()["remote_id"].is_null() {
                return false;
            }
        }
        payload["statuses"].is_array()
    }

    /// Lets everything that happened meanwhile pass unjudged.
    pub async fn restart_silence(&self) {
        self.pass_marker().await;
        Digest::settled(&self.hub.server, NOT_STATE).await;
        self.begin();
    }

    /// Waits until a channel's members on the hub hold somebody.
    pub async fn wait_member(&self, channel: &str, user: &str) {
        let path = format!("/channels/{channel}/members/{user}");
        wait_for("somebody to be a member", rialto_testkit::SHORT, async || {
            (self.hub.admin.get(&path).await.status == 200).then_some(())
        })
        .await;
    }
}
