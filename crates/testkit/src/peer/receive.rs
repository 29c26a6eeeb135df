//! What a peer does with a message frame, by its version's rules (wire 5.3, 5.5, 7).

use serde_json::{Map, Value, json};

use super::routes::{error, fail, ok};
use super::world::{Copy, File, Person, Post, Reaction, World};
use super::{Profile, Request, Shared, State};
use crate::client::text;
use crate::ids::now_ms;

type Reply = (u16, Value);

const LONGEST_MESSAGE: usize = 16_383;

impl Shared {
    pub(super) fn receive(&self, remote_id: &str, topic: &str, payload: &Value) -> Reply {
        let mut state = self.state();
        match (topic, self.profile) {
            ("sharedchannel_invite", _) => self.invited(&mut state.world, remote_id, payload),
            ("sharedchannel_sync", _)
            | ("sharedchannel_membership" | "sharedchannel_global_user_sync", Profile::Mattermost116) => {
                self.sync(&mut state, remote_id, payload)
            }
            ("sharedchannel_upload", _) => session(&mut state.world, remote_id, payload),
            // A topic nobody listens to (wire 3.7).
            _ => ok(Value::Null),
        }
    }

    fn invited(&self, world: &mut World, remote_id: &str, payload: &Value) -> Reply {
        let id = text(&payload["channel_id"]);
        let (name, kind) = (text(&payload["name"]), text(&payload["type"]));
        let clashes = world.channels.iter().any(|(other, channel)| *other != id && channel.name == name);
        if let Some(channel) = world.channels.get_mut(&id) {
            match self.profile {
                Profile::Mattermost537 if channel.record => {
                    // One invitation in the lifetime of a channel (wire 5.3): dropping it here shows if a second one is sent.
                    world.channels.remove(&id);
                    world.posts.retain(|_, post| post.channel != id);
                    return fail(&format!("cannot create shared channel (channel_id={id})"));
                }
                Profile::Mattermost116 if channel.links.contains(remote_id) => return ok(Value::Null),
                Profile::Mattermost116 if channel.record => return fail("channel already exists"),
                _ => {
                    channel.links.insert(remote_id.to_owned());
                    channel.record = true;
                    return ok(Value::Null);
                }
            }
        }
        let refusal = match (self.profile, kind.as_str()) {
            _ if clashes => Some("name taken"),
            (Profile::Mattermost537, "O" | "P") if payload["team_id"] != self.team => Some("no such team"),
            (_, "O" | "P") => None,
            (Profile::Mattermost537, "D") => {
                let ids = payload["direct_participant_ids"].as_array().map(Vec::as_slice).unwrap_or_default();
                let known = ids.len() == 2 && ids.iter().all(|id| world.people.contains_key(&text(id)));
                (!known).then_some("participants must exist")
            }
            _ => Some("cannot create channel"),
        };
        if let Some(refusal) = refusal {
            return fail(refusal);
        }
        let copy = Copy {
            name,
            kind,
            home: false,
            read_only: payload["read_only"] == true,
            links: [remote_id.to_owned()].into(),
            record: true,
            members: Default::default(),
        };
        world.channels.insert(id, copy);
        ok(Value::Null)
    }

    fn sync(&self, state: &mut State, remote_id: &str, payload: &Value) -> Reply {
        if let Some(reason) = undecodable(payload) {
            return fail(&format!("invalid sync message: {reason}"));
        }
        let id = text(&payload["channel_id"]);
        let known = state.world.channels.get(&id);
        match self.profile {
            Profile::Mattermost537 if known.is_none() => {
                return fail(&format!("channel not found processing sync message: {id}"));
            }
            Profile::Mattermost116 if id.is_empty() => return ok(Value::Null),
            Profile::Mattermost116 if known.is_none_or(|channel| !channel.links.contains(remote_id)) => {
                return fail(&format!("cannot process sync message; channel is no longer shared: {id}"));
            }
            _ => {}
        }
        let mut sync = Sync { profile: self.profile, remote_id, channel: &id, world: &mut state.world };
        let mut users_syncd = Vec::new();
        let users = payload["users"].as_object().cloned().unwrap_or_default();
        users_syncd.extend(users.iter().filter(|(key, user)| sync.user(key, user)).map(|(key, _)| json!(key)));
        let posts: Vec<Value> = items(payload, "posts").iter().map(|post| sync.transformed(post, payload)).collect();
        let posts = posts.as_slice();
        let failed: Vec<_> = posts.iter().filter(|post| !sync.post(post)).map(|post| post["id"].clone()).collect();
        let reactions = items(payload, "reactions");
        for reaction in reactions {
            sync.reaction(reaction);
        }
        let newest = |items: &mut dyn Iterator<Item = &Value>| {
            items.filter_map(|item| item["update_at"].as_i64()).max().unwrap_or(0)
        };
        let mut result = json!({
            "users_last_update_at": newest(&mut users.values()), "user_errors": [], "users_syncd": users_syncd,
            "posts_last_update_at": newest(&mut posts.iter()), "post_errors": failed,
            "reactions_last_update_at": newest(&mut reactions.iter()), "reaction_errors": [],
        });
        if self.profile == Profile::Mattermost116 {
            let changes = items(payload, "membership_changes");
            if !changes.is_empty() && users.is_empty() && posts.is_empty() && reactions.is_empty() {
                sync.memberships(changes);
                // Its flag for these is off by default (wire 5.5).
                return ok(Value::Null);
            }
            sync.memberships(changes);
            let statuses = items(payload, "statuses").iter().filter(|status| !sync.status(status));
            let failed: Vec<_> = statuses.map(|status| status["user_id"].clone()).collect();
            result["acknowledgements_last_update_at"] = json!(0);
            result["acknowledgement_errors"] = json!([]);
            result["status_errors"] = if failed.is_empty() { Value::Null } else { json!(failed) };
        }
        ok(result)
    }

    pub(super) fn take_upload(&self, remote_id: &str, session: &str, content: &[u8]) -> Reply {
        let mut state = self.state();
        let Some((connection, file_id, size)) = state.world.uploads.get(session).cloned() else {
            return error(404, "app.upload.get.app_error");
        };
        if connection != remote_id {
            return error(401, "api.context.remote_id_mismatch.app_error");
        }
        if content.len() as u64 != size {
            return error(400, "app.upload.upload_data.first_part_too_small.app_error");
        }
        let Some(file) = state.world.files.get_mut(&file_id) else { return error(404, "app.upload.get.app_error") };
        file.content = content.to_vec();
        let extension = file.name.rsplit_once('.').map(|(_, extension)| extension).unwrap_or_default();
        let now = now_ms();
        (
            200,
            json!({"id": file_id, "user_id": file.user, "channel_id": "", "create_at": now, "update_at": now,
                "delete_at": 0, "name": file.name, "extension": extension, "size": size,
                "mime_type": "application/octet-stream", "mini_preview": null, "remote_id": remote_id}),
        )
    }

    pub(super) fn take_picture(&self, remote_id: &str, user: &str, request: &Request) -> Reply {
        let has_part = String::from_utf8_lossy(&request.body).contains("name=\"image\"");
        if !has_part {
            return error(400, "api.user.upload_profile_user.no_file.app_error");
        }
        let mut state = self.state();
        match state.world.people.get_mut(user) {
            None => error(400, "api.context.invalid_url_param.app_error"),
            Some(person) if person.origin.is_none() => error(400, "api.context.invalid_url_param.app_error"),
            Some(person) if self.profile == Profile::Mattermost116 && person.origin.as_deref() != Some(remote_id) => {
                error(401, "api.context.remote_id_mismatch.app_error")
            }
            Some(person) => {
                person.pictures += 1;
                (200, json!({"status": "OK"}))
            }
        }
    }
}

fn session(world: &mut World, remote_id: &str, payload: &Value) -> Reply {
    let channel = text(&payload["channel_id"]);
    if world.channels.get(&channel).is_none_or(|channel| !channel.links.contains(remote_id)) {
        return fail("could not validate upload session for remote");
    }
    let size = payload["file_size"].as_u64().unwrap_or(0);
    if payload["type"] != "attachment" || size == 0 || text(&payload["filename"]).is_empty() {
        return fail("invalid upload session");
    }
    let (id, file_id) = (text(&payload["id"]), text(&payload["req_file_id"]));
    let file =
        File { post: None, user: text(&payload["user_id"]), name: text(&payload["filename"]), content: Vec::new() };
    world.files.insert(file_id.clone(), file);
    world.uploads.insert(id, (remote_id.to_owned(), file_id, size));
    let mut answer = payload.clone();
    answer["create_at"] = json!(now_ms());
    answer["remote_id"] = json!(remote_id);
    ok(answer)
}

/// One sync message being applied.
struct Sync<'a> {
    profile: Profile,
    remote_id: &'a str,
    channel: &'a str,
    world: &'a mut World,
}

impl Sync<'_> {
    /// True if the user was accepted, that is belongs into `users_syncd`.
    fn user(&mut self, id: &str, user: &Value) -> bool {
        let known = self.world.people.get(id);
        if known.is_some_and(|person| person.origin.as_deref() != Some(self.remote_id))
            && self.profile == Profile::Mattermost116
        {
            return false;
        }
        let Some(username) = self.free_name(id, &text(&user["username"])) else { return false };
        let (pictures, status) = known.map_or((0, None), |person| (person.pictures, person.status.clone()));
        let origin = Some(self.remote_id.to_owned());
        self.world.people.insert(id.to_owned(), Person { username, origin, wire: user.clone(), pictures, status });
        let Some(channel) = self.world.channels.get_mut(self.channel) else { return false };
        if matches!(channel.kind.as_str(), "O" | "P") {
            channel.members.insert(id.to_owned());
            return true;
        }
        // 5.37 saves people of direct channels, but never says so (wire 7.3).
        self.profile == Profile::Mattermost116
    }

    /// The name a remote person gets here: `name:connection`, and a suffix if that is taken (wire 7.3).
    fn free_name(&self, id: &str, name: &str) -> Option<String> {
        let (name, connection) = name.split_once(':').unwrap_or((name, "rialto"));
        let taken = |candidate: &str| {
            self.world.people.iter().any(|(other, person)| other != id && person.username == candidate)
        };
        let plain = format!("{name}:{}", connection.replace(':', ""));
        if !taken(&plain) {
            return Some(plain);
        }
        let second = format!("{name}-2:{connection}");
        (self.profile == Profile::Mattermost116 && !taken(&second)).then_some(second)
    }

    /// True if the post was stored, changed, deleted or needed nothing; false puts it into `post_errors`.
    fn post(&mut self, post: &Value) -> bool {
        if post["channel_id"] != self.channel {
            return false;
        }
        let id = text(&post["id"]);
        if self.world.posts.contains_key(&id) { self.change_post(&id, post) } else { self.create_post(id, post) }
    }

    /// The post with the mentions in its text as 11.6 rewrites them (wire 7.4).
    fn transformed(&self, post: &Value, payload: &Value) -> Value {
        let mut post = post.clone();
        if self.profile == Profile::Mattermost537 {
            return post;
        }
        for (mention, id) in payload["mention_transforms"].as_object().into_iter().flatten() {
            let known = self.world.people.get(&text(id));
            let name = match known {
                Some(person) if mention.contains(':') || person.origin.is_some() => person.username.clone(),
                None if !mention.contains(':') => format!("{mention}:rialto"),
                _ => continue,
            };
            post["message"] = json!(text(&post["message"]).replace(&format!("@{mention}"), &format!("@{name}")));
        }
        post
    }

    fn create_post(&mut self, id: String, post: &Value) -> bool {
        let user = text(&post["user_id"]);
        let Some(author) = self.world.people.get(&user) else { return false };
        if self.profile == Profile::Mattermost116 && author.origin.as_deref() != Some(self.remote_id) {
            return false;
        }
        let root = text(&post["root_id"]);
        if !root.is_empty() && self.world.posts.get(&root).is_none_or(|root| !root.root.is_empty()) {
            return false;
        }
        let kind = text(&post["type"]);
        let known_kind = ["", "me", "slack_attachment"].contains(&kind.as_str())
            || kind.starts_with("custom_")
            || kind.starts_with("system_");
        if !known_kind || text(&post["message"]).chars().count() > LONGEST_MESSAGE || !rialto_model::id::is_valid(&id) {
            return false;
        }
        for file in post["file_ids"].as_array().map(Vec::as_slice).unwrap_or_default() {
            if let Some(file) = self.world.files.get_mut(&text(file))
                && file.user == user
                && file.post.is_none()
            {
                file.post = Some(id.clone());
            }
        }
        let stored = Post {
            id: id.clone(),
            channel: self.channel.to_owned(),
            user,
            message: text(&post["message"]),
            root,
            origin: Some(self.remote_id.to_owned()),
            deleted: post["delete_at"].as_i64().unwrap_or(0) > 0,
            pinned: post["is_pinned"] == true,
            updates: 0,
            wire: post.clone(),
        };
        self.world.posts.insert(id, stored);
        true
    }

    fn change_post(&mut self, id: &str, post: &Value) -> bool {
        let profile = self.profile;
        let Some(known) = self.world.posts.get_mut(id) else { return false };
        if known.channel != self.channel {
            return profile == Profile::Mattermost537;
        }
        if post["delete_at"].as_i64().unwrap_or(0) > 0 {
            let first = !known.deleted;
            known.deleted = true;
            for reply in self.world.posts.values_mut().filter(|reply| reply.root == id) {
                reply.deleted = true;
            }
            return first;
        }
        let newer = |member: &str| post[member].as_i64() > known.wire[member].as_i64();
        let message = text(&post["message"]);
        let changed = newer("edit_at")
            || message != known.message
            || (profile == Profile::Mattermost116 && (newer("update_at") || post["metadata"].is_object()));
        if !changed {
            return true;
        }
        if known.deleted {
            return false;
        }
        known.message = message;
        known.updates += 1;
        if profile == Profile::Mattermost116 {
            known.pinned = post["is_pinned"] == true;
        }
        known.wire = post.clone();
        true
    }

    fn reaction(&mut self, reaction: &Value) {
        let (post, user) = (text(&reaction["post_id"]), text(&reaction["user_id"]));
        let Some(on) = self.world.posts.get(&post) else { return };
        let row = (post.clone(), user.clone(), text(&reaction["emoji_name"]));
        let removed = reaction["delete_at"].as_i64().unwrap_or(0) > 0;
        if self.profile == Profile::Mattermost537 {
            self.world.reactions.insert(row, Reaction { origin: self.remote_id.to_owned(), deleted: removed });
            return;
        }
        if on.channel != self.channel {
            return;
        }
        // 11.6 does not look at `delete_at`: a row of this connection, deleted or not, means "remove" (wire 7.5).
        match self.world.reactions.get_mut(&row) {
            Some(known) if known.origin == self.remote_id => {
                *known = Reaction { origin: text(&reaction["remote_id"]), deleted: true };
            }
            known => {
                let owned = self.world.people.get(&user).and_then(|person| person.origin.as_deref());
                if known.is_some() || owned == Some(self.remote_id) {
                    self.world.reactions.insert(row, Reaction { origin: self.remote_id.to_owned(), deleted: false });
                }
            }
        }
    }

    fn status(&mut self, status: &Value) -> bool {
        match self.world.people.get_mut(&text(&status["user_id"])) {
            Some(person) if person.origin.as_deref() == Some(self.remote_id) => {
                person.status = Some(text(&status["status"]));
                true
            }
            _ => false,
        }
    }

    fn memberships(&mut self, changes: &[Value]) {
        for change in changes {
            let (channel, user) = (text(&change["channel_id"]), text(&change["user_id"]));
            self.world.membership_changes.push((channel, user, change["is_add"] == true));
        }
    }
}

fn items<'a>(payload: &'a Value, member: &str) -> &'a [Value] {
    payload[member].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Why the real decoders would throw the whole message away, if they would (wire 3.13).
fn undecodable(payload: &Value) -> Option<String> {
    let object = payload.as_object()?;
    for list in ["posts", "reactions", "statuses", "membership_changes", "acknowledgements"] {
        if let Some(bad) = items(payload, list).iter().find(|item| !item.is_object()) {
            return Some(format!("{bad} in {list}"));
        }
    }
    for (id, user) in object.get("users").and_then(Value::as_object).unwrap_or(&Map::new()) {
        if !user.is_object() {
            return Some(format!("user {id} is {user}"));
        }
        for map in ["props", "notify_props", "timezone"] {
            let values = user[map].as_object().into_iter().flat_map(Map::values);
            if let Some(bad) = values.into_iter().find(|value| !value.is_string()) {
                return Some(format!("{bad} in {map} of user {id}"));
            }
        }
    }
    fractional(payload).map(|number| format!("{number} is no integer"))
}

/// A number outside `props` that is not an integer.
fn fractional(value: &Value) -> Option<String> {
    match value {
        Value::Number(number) if number.is_f64() => Some(number.to_string()),
        Value::Array(values) => values.iter().find_map(fractional),
        Value::Object(members) => {
            members.iter().filter(|(name, _)| *name != "props").find_map(|(_, value)| fractional(value))
        }
        _ => None,
    }
}
