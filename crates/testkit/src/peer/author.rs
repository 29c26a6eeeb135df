//! What happens on the peer: its people write, edit, delete and react, and the peer tells our server.

use serde_json::{Value, json};

use super::world::{Copy, Person, Post, Reaction, World};
use super::{Peer, Profile};
use crate::client::{Answer, text};
use crate::ids::{fresh, now_ms};

impl Peer {
    /// A new person of the peer's own; returns the id.
    pub fn person(&self, username: &str) -> String {
        let id = fresh();
        let wire = user_object(&id, username);
        let person = Person { username: username.to_owned(), origin: None, wire, pictures: 0, status: None };
        self.shared.state().world.people.insert(id.clone(), person);
        id
    }

    /// A new channel of the peer's own, not shared yet; returns the id.
    pub fn channel(&self, name: &str, kind: &str) -> String {
        let id = fresh();
        let channel = Copy {
            name: name.to_owned(),
            kind: kind.to_owned(),
            home: true,
            read_only: false,
            links: Default::default(),
            record: false,
            members: Default::default(),
        };
        self.shared.state().world.channels.insert(id.clone(), channel);
        id
    }

    /// Invites our server to a channel of the peer's own; the link exists once it answered OK.
    pub async fn share(&self, remote_id: &str, channel: &str) -> Answer {
        let payload = self.invitation(remote_id, channel);
        let answer = self.frame(remote_id, "sharedchannel_invite", payload).await;
        if answer.body["status"] == "OK" {
            let mut state = self.shared.state();
            let own = state.world.channels.get_mut(channel).expect("the peer's own channel");
            own.links.insert(remote_id.to_owned());
            own.record = true;
        }
        answer
    }

    /// The payload of an invitation to a channel of the peer's own (wire 5.3).
    pub fn invitation(&self, remote_id: &str, channel: &str) -> Value {
        let own = self.world().channels[channel].clone();
        let mut payload = json!({"channel_id": channel, "team_id": "", "read_only": own.read_only, "name": own.name,
            "display_name": own.name, "header": "", "purpose": "", "type": own.kind,
            "direct_participant_ids": null});
        match self.profile() {
            Profile::Mattermost537 => payload["team_id"] = json!(self.link(remote_id).remote_team),
            Profile::Mattermost116 => {
                payload["creator_id"] = json!("");
                payload["direct_participants"] = Value::Null;
            }
        }
        payload
    }

    /// Ends the share of a channel on the peer's side; nothing is said (wire 5.1).
    pub fn unshare(&self, channel: &str) {
        let mut state = self.shared.state();
        let copy = state.world.channels.get_mut(channel).expect("a channel of the peer");
        copy.links.clear();
        copy.record = self.profile() == Profile::Mattermost537;
    }

    /// Makes what the peer says in a frame part of what it holds; for frames that did not come from its own people here,
    /// as recorded ones.
    pub fn hold(&self, remote_id: &str, topic: &str, payload: &Value) {
        let mut state = self.shared.state();
        let world = &mut state.world;
        let channel = text(&payload["channel_id"]);
        if topic == "sharedchannel_invite" {
            let own = Copy {
                name: text(&payload["name"]),
                kind: text(&payload["type"]),
                home: true,
                read_only: payload["read_only"] == true,
                links: [remote_id.to_owned()].into(),
                record: true,
                members: Default::default(),
            };
            world.channels.insert(channel, own);
            return;
        }
        for (id, user) in payload["users"].as_object().into_iter().flatten() {
            let username = text(&user["username"]);
            let own = Person { username, origin: None, wire: user.clone(), pictures: 0, status: None };
            world.people.insert(id.clone(), own);
        }
        for post in payload["posts"].as_array().into_iter().flatten() {
            let id = text(&post["id"]);
            let own = Post {
                id: id.clone(),
                channel: channel.clone(),
                user: text(&post["user_id"]),
                message: text(&post["message"]),
                root: text(&post["root_id"]),
                origin: None,
                deleted: post["delete_at"].as_i64().unwrap_or(0) > 0,
                pinned: post["is_pinned"] == true,
                updates: 0,
                wire: post.clone(),
            };
            world.posts.insert(id, own);
        }
        for reaction in payload["reactions"].as_array().into_iter().flatten() {
            let row = (text(&reaction["post_id"]), text(&reaction["user_id"]), text(&reaction["emoji_name"]));
            let deleted = reaction["delete_at"].as_i64().unwrap_or(0) > 0;
            world.reactions.insert(row, Reaction { origin: String::new(), deleted });
        }
    }

    /// `user` writes a post, which is sent to everyone the channel is linked with; returns its id.
    pub async fn write(&self, channel: &str, user: &str, message: &str) -> String {
        self.reply(channel, user, "", message).await
    }

    /// `user` replies in the thread of `root`.
    pub async fn reply(&self, channel: &str, user: &str, root: &str, message: &str) -> String {
        let id = fresh();
        let wire = post_object(&id, channel, user, root, message, self.profile());
        let post = Post {
            id: id.clone(),
            channel: channel.to_owned(),
            user: user.to_owned(),
            message: message.to_owned(),
            root: root.to_owned(),
            origin: None,
            deleted: false,
            pinned: false,
            updates: 0,
            wire: wire.clone(),
        };
        self.shared.state().world.posts.insert(id.clone(), post);
        self.announce(channel, user).await;
        self.tell(channel, json!({"posts": [wire]})).await;
        id
    }

    /// The author changes the text of a post.
    pub async fn edit(&self, post: &str, message: &str) {
        let (channel, wire) = self.change_post(post, |known| {
            known.message = message.to_owned();
            let now = now_ms().max(known.wire["update_at"].as_i64().unwrap_or(0) + 1);
            known.wire["message"] = json!(message);
            known.wire["edit_at"] = json!(now);
            known.wire["update_at"] = json!(now);
        });
        self.tell(&channel, json!({"posts": [wire]})).await;
    }

    /// The author deletes a post.
    pub async fn delete(&self, post: &str) {
        let (channel, wire) = self.change_post(post, |known| {
            known.deleted = true;
            let now = now_ms().max(known.wire["update_at"].as_i64().unwrap_or(0) + 1);
            known.wire["delete_at"] = json!(now);
            known.wire["update_at"] = json!(now);
            known.wire["props"] = json!({"deleteBy": known.user});
        });
        self.tell(&channel, json!({"posts": [wire]})).await;
    }

    /// `user` adds a reaction (`present`) or takes it back.
    pub async fn react(&self, post: &str, user: &str, emoji: &str, present: bool) {
        let channel = {
            let mut state = self.shared.state();
            let row = (post.to_owned(), user.to_owned(), emoji.to_owned());
            state.world.reactions.insert(row, Reaction { origin: String::new(), deleted: !present });
            state.world.posts[post].channel.clone()
        };
        self.announce(&channel, user).await;
        let reaction = reaction_object(post, user, emoji, present, self.profile());
        self.tell(&channel, json!({"reactions": [reaction]})).await;
    }

    /// Sends a person's record to everyone linked with the channel who was not told yet.
    pub async fn announce(&self, channel: &str, user: &str) {
        for remote_id in self.linked(channel) {
            let key = (user.to_owned(), channel.to_owned(), remote_id.clone());
            let wire = {
                let state = self.shared.state();
                let person = &state.world.people[user];
                // Whoever came over this very connection is not sent back (wire 6.3).
                let known_there = person.origin.as_ref() == Some(&remote_id) || state.world.announced.contains(&key);
                (!known_there).then(|| person.wire.clone())
            };
            let Some(wire) = wire else { continue };
            let answer = self.sync(&remote_id, channel, json!({"users": {user: wire}})).await;
            assert!(accepts(&answer, "users_syncd", user), "person {user}: {answer}");
            self.shared.state().world.announced.insert(key);
        }
    }

    /// Sends content to everyone linked with the channel and expects OK without errors.
    async fn tell(&self, channel: &str, content: Value) {
        for remote_id in self.linked(channel) {
            let answer = self.sync(&remote_id, channel, content.clone()).await;
            let errors = answer.body["payload"]["post_errors"].as_array().map_or(0, Vec::len);
            assert!(answer.status == 200 && answer.body["status"] == "OK" && errors == 0, "{content}: {answer}");
        }
    }

    fn linked(&self, channel: &str) -> Vec<String> {
        self.shared.state().world.channels[channel].links.iter().cloned().collect()
    }

    fn change_post(&self, id: &str, change: impl FnOnce(&mut Post)) -> (String, Value) {
        let mut state = self.shared.state();
        let World { posts, .. } = &mut state.world;
        let post = posts.get_mut(id).unwrap_or_else(|| panic!("the peer has no post {id}"));
        change(post);
        (post.channel.clone(), post.wire.clone())
    }
}

fn accepts(answer: &Answer, list: &str, id: &str) -> bool {
    let listed = answer.body["payload"][list].as_array().map(Vec::as_slice).unwrap_or_default();
    answer.status == 200 && answer.body["status"] == "OK" && listed.iter().any(|one| one == id)
}

/// A user object with the members real servers always write (wire 5.6).
pub fn user_object(id: &str, username: &str) -> Value {
    let now = now_ms();
    json!({"id": id, "create_at": now, "update_at": now, "delete_at": 0, "username": username, "auth_service": "",
        "email": format!("{username}@peer.example"), "nickname": "", "first_name": "", "last_name": "",
        "position": "", "roles": "system_user", "locale": "en",
        "timezone": {"automaticTimezone": "", "manualTimezone": "", "useAutomaticTimezone": "true"},
        "disable_welcome_email": false})
}

/// A post object with the members real servers always write (wire 5.7).
pub fn post_object(id: &str, channel: &str, user: &str, root: &str, message: &str, profile: Profile) -> Value {
    let now = now_ms();
    let mut post = json!({"id": id, "create_at": now, "update_at": now, "edit_at": 0, "delete_at": 0,
        "is_pinned": false, "user_id": user, "channel_id": channel, "root_id": root, "original_id": "",
        "message": message, "type": "", "props": {}, "hashtags": "", "pending_post_id": "", "reply_count": 0,
        "last_reply_at": 0, "participants": null});
    match profile {
        Profile::Mattermost537 => post["parent_id"] = json!(root),
        Profile::Mattermost116 => {
            post["file_ids"] = json!([]);
            post["remote_id"] = json!("");
            post["metadata"] = json!({});
        }
    }
    post
}

/// A reaction object (wire 5.8).
pub fn reaction_object(post: &str, user: &str, emoji: &str, present: bool, profile: Profile) -> Value {
    let now = now_ms();
    let mut reaction = json!({"user_id": user, "post_id": post, "emoji_name": emoji, "create_at": now,
        "update_at": now, "delete_at": if present { 0 } else { now }, "remote_id": ""});
    if profile == Profile::Mattermost116 {
        reaction["channel_id"] = json!("");
    }
    reaction
}

/// The text of the error a sync answer carries, for messages.
pub fn error_text(answer: &Answer) -> String {
    text(&answer.body["err"])
}
