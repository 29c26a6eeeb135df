//! Lines about messages, and about conversations, which are named by who takes part.

use std::collections::BTreeMap;

use rialto_model::bulk::{self, Attachment, DirectChannel, Follower, Line, Participant};
use rialto_model::{ChannelId, FileInfo, Millis, Post, PostId, UserId};
use rialto_store::exports::{self, NamedFollower, NamedReaction};
use rialto_store::{channel_members, channels, files, preferences, users};

use super::people::read;
use super::{Export, PAGE, Stop};
use crate::bulk::{FAVORITE, SHOWN_DIRECT, SHOWN_GROUP};
use crate::jobs::Turn;

/// Where a message stands, as its line says it.
#[derive(Clone, Copy)]
enum Place<'a> {
    Channel { team: &'a str, channel: &'a str },
    Conversation(&'a [String]),
}

/// All that hangs on the messages of one page.
#[derive(Default)]
struct Hanging {
    replies: BTreeMap<PostId, Vec<(Post, String)>>,
    reactions: BTreeMap<PostId, Vec<NamedReaction>>,
    saved: BTreeMap<PostId, Vec<String>>,
    followers: BTreeMap<PostId, Vec<NamedFollower>>,
    files: BTreeMap<PostId, Vec<FileInfo>>,
}

fn none_if_empty<T>(list: Vec<T>) -> Option<Vec<T>> {
    if list.is_empty() { None } else { Some(list) }
}

/// By time, and what was written in the same ms by whom and what it says: ids differ from one installation to another.
fn in_order(list: &mut [(Post, String)]) {
    list.sort_by(|(one, by), (other, by_other)| {
        (one.create_at, by, &one.message, &one.kind).cmp(&(other.create_at, by_other, &other.message, &other.kind))
    });
}

impl Export<'_> {
    pub(super) async fn messages(&mut self, turn: &mut Turn) -> Result<(), Stop> {
        let teams: BTreeMap<_, _> = self.teams.values().map(|team| (team.id, team.name.clone())).collect();
        let mut all: Vec<(String, String, ChannelId)> = self
            .channels
            .iter()
            .filter_map(|(id, named)| Some((teams.get(&named.team)?.clone(), named.channel.clone(), *id)))
            .collect();
        all.sort();
        let number = i64::try_from(all.len()).unwrap_or(i64::MAX).max(1);
        for (done, (team, channel, id)) in (0..).zip(all) {
            self.step(turn, 15 + 70 * done / number).await?;
            self.posts_of(turn, id, Place::Channel { team: &team, channel: &channel }).await?;
        }
        Ok(())
    }

    async fn posts_of(&mut self, turn: &mut Turn, channel: ChannelId, place: Place<'_>) -> Result<(), Stop> {
        let mut after = (Millis(0), String::new());
        let mut waiting: Vec<(Post, String)> = Vec::new();
        loop {
            let progress = turn.job.progress;
            self.step(turn, progress).await?;
            let mut view = self.app.db.read(self.app.clock.now()).await?;
            let page = exports::roots(&mut view, &channel, self.bounds, (after.0, &after.1), PAGE).await?;
            drop(view);
            let is_last = i64::try_from(page.len()).unwrap_or(0) < PAGE;
            if let Some((last, _)) = page.last() {
                after = (last.create_at, last.id.to_string());
            }
            waiting.extend(page);
            // Of the last ms there may be more, and they go out in an order of their own.
            let whole =
                if is_last { waiting.len() } else { waiting.partition_point(|(post, _)| post.create_at < after.0) };
            let mut ready: Vec<(Post, String)> = waiting.drain(..whole).collect();
            in_order(&mut ready);
            self.threads(ready, place).await?;
            if is_last {
                return Ok(());
            }
        }
    }

    async fn threads(&mut self, roots: Vec<(Post, String)>, place: Place<'_>) -> Result<(), Stop> {
        let mut hanging = self.hanging(&roots).await?;
        for (root, author) in roots {
            let mut replies = hanging.replies.remove(&root.id).unwrap_or_default();
            in_order(&mut replies);
            let followers = self.followers(&root, &replies, &mut hanging);
            let mut line = self.post(&root, &author, &mut hanging).await?;
            let mut answers = Vec::new();
            for (reply, by) in &replies {
                answers.push(self.post(reply, by, &mut hanging).await?);
            }
            line.replies = none_if_empty(answers);
            line.thread_followers = followers;
            let line = match place {
                Place::Channel { team, channel } => {
                    (line.team, line.channel) = (Some(team.to_owned()), Some(channel.to_owned()));
                    Line { post: Some(Box::new(line)), ..Line::of("post") }
                }
                Place::Conversation(members) => {
                    line.channel_members = Some(members.to_vec());
                    Line { direct_post: Some(Box::new(line)), ..Line::of("direct_post") }
                }
            };
            self.line(&line).await?;
        }
        Ok(())
    }

    async fn hanging(&self, roots: &[(Post, String)]) -> Result<Hanging, Stop> {
        let mut found = Hanging::default();
        if roots.is_empty() {
            return Ok(found);
        }
        let mut view = self.app.db.read(self.app.clock.now()).await?;
        let mut ids: Vec<PostId> = roots.iter().map(|(post, _)| post.id).collect();
        for one in exports::followers(&mut view, &ids, self.bounds).await? {
            found.followers.entry(one.root_id).or_default().push(one);
        }
        for one in exports::replies(&mut view, &ids, self.bounds).await? {
            ids.push(one.0.id);
            if let Some(root) = one.0.root_id {
                found.replies.entry(root).or_default().push(one);
            }
        }
        for one in exports::reactions(&mut view, &ids, self.bounds).await? {
            found.reactions.entry(one.post_id).or_default().push(one);
        }
        for (post, name) in exports::saved_by(&mut view, &ids, self.bounds).await? {
            found.saved.entry(post).or_default().push(name);
        }
        if self.wanted.attachments {
            for one in files::list_by_posts(&mut view, &ids).await? {
                if let Some(post) = one.post_id {
                    found.files.entry(post).or_default().push(one);
                }
            }
        }
        Ok(found)
    }

    /// Who follows a thread that is one; with the unread mentions that are among its replies here.
    fn followers(&self, root: &Post, replies: &[(Post, String)], hanging: &mut Hanging) -> Option<Vec<Follower>> {
        let list = hanging.followers.remove(&root.id).unwrap_or_default();
        if list.is_empty() && replies.is_empty() {
            return None;
        }
        let mut followers: Vec<Follower> = list
            .into_iter()
            .map(|one| {
                let unread =
                    |(reply, by): &&(Post, String)| reply.create_at > one.last_viewed_at && *by != one.username;
                let behind = i64::try_from(replies.iter().filter(unread).count()).unwrap_or(i64::MAX);
                Follower {
                    last_viewed: one.last_viewed_at.0,
                    unread_mentions: one.mentions.min(behind),
                    user: one.username,
                }
            })
            .collect();
        followers.sort_by(|one, other| one.user.cmp(&other.user));
        Some(followers)
    }

    async fn post(&mut self, post: &Post, author: &str, hanging: &mut Hanging) -> Result<bulk::Post, Stop> {
        let mut reactions: Vec<bulk::Reaction> = hanging
            .reactions
            .remove(&post.id)
            .unwrap_or_default()
            .into_iter()
            .map(|one| bulk::Reaction { user: one.username, emoji_name: one.emoji_name, create_at: one.create_at.0 })
            .collect();
        reactions.sort_by(|one, other| {
            (one.create_at, &one.user, &one.emoji_name).cmp(&(other.create_at, &other.user, &other.emoji_name))
        });
        let mut flagged_by = hanging.saved.remove(&post.id).unwrap_or_default();
        flagged_by.sort_unstable();
        let mut attachments = Vec::new();
        let held = hanging.files.remove(&post.id).unwrap_or_default();
        for file in post.file_ids.iter().filter_map(|id| held.iter().find(|file| file.id == *id)) {
            if let Some(path) = self.attachment(file).await? {
                attachments.push(Attachment { path });
            }
        }
        let props: Option<serde_json::Map<_, _>> = serde_json::from_str(&post.props).ok();
        Ok(bulk::Post {
            user: author.to_owned(),
            kind: Some(post.kind.clone()),
            message: post.message.clone(),
            props: props.filter(|props| !props.is_empty()),
            create_at: post.create_at.0,
            edit_at: post.edit_at.map(|at| at.0),
            is_pinned: post.is_pinned.then_some(true),
            flagged_by: none_if_empty(flagged_by),
            reactions: none_if_empty(reactions),
            attachments: none_if_empty(attachments),
            ..bulk::Post::default()
        })
    }

    async fn attachment(&mut self, file: &FileInfo) -> Result<Option<String>, Stop> {
        let from = self.app.disk.path(&file.id);
        if !tokio::fs::try_exists(&from).await? {
            self.warnings += 1;
            return Ok(None);
        }
        self.files += 1;
        let path = format!("files/{:08}/{}", self.files, file.name);
        self.writer.file(&path, from).await?;
        Ok(Some(path))
    }

    pub(super) async fn conversations(&mut self, turn: &mut Turn) -> Result<(), Stop> {
        self.step(turn, 85).await?;
        let mut all: Vec<(Vec<String>, ChannelId)> = Vec::new();
        let mut after = String::new();
        loop {
            let mut view = self.app.db.read(self.app.clock.now()).await?;
            let page = exports::conversations(&mut view, &after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = last.to_string();
            let found = exports::taking_part(&mut view, &page, &self.bounds.system).await?;
            all.extend(found.into_iter().map(|(channel, members)| (members, channel)));
        }
        all.sort();
        for (members, id) in &all {
            self.conversation(*id, members).await?;
        }
        let number = i64::try_from(all.len()).unwrap_or(i64::MAX).max(1);
        for (done, (members, id)) in (0..).zip(&all) {
            self.step(turn, 88 + 10 * done / number).await?;
            self.posts_of(turn, *id, Place::Conversation(members)).await?;
        }
        Ok(())
    }

    async fn conversation(&mut self, id: ChannelId, members: &[String]) -> Result<(), Stop> {
        let mut view = self.app.db.read(self.app.clock.now()).await?;
        let Some(channel) = channels::get(&mut view, &id).await? else { return Ok(()) };
        let rows = channel_members::list(&mut view, &id, 0, PAGE).await?;
        let ids: Vec<UserId> = rows.iter().map(|row| row.user_id).collect();
        let names: BTreeMap<UserId, String> =
            users::list_by_ids(&mut view, &ids).await?.into_iter().map(|user| (user.id, user.username)).collect();
        let (mut favorited_by, mut shown_by) = (Vec::new(), Vec::new());
        for (user, name) in &names {
            let other = ids.iter().find(|one| *one != user).unwrap_or(user);
            let (shown, of) = match channel.kind {
                rialto_model::ChannelKind::Group => (SHOWN_GROUP, id.to_string()),
                _ => (SHOWN_DIRECT, other.to_string()),
            };
            for (category, of, list) in [(FAVORITE, id.to_string(), &mut favorited_by), (shown, of, &mut shown_by)] {
                let settings = preferences::list(&mut view, user, Some(category)).await?;
                if settings.iter().any(|one| one.name == of && one.value == "true") {
                    list.push(name.clone());
                }
            }
        }
        drop(view);
        favorited_by.sort_unstable();
        shown_by.sort_unstable();
        let counts = self.counts(&channel).await?;
        let mut participants: Vec<Participant> = rows
            .iter()
            .filter_map(|row| Some(Participant { username: names.get(&row.user_id)?.clone(), read: read(row, counts) }))
            .collect();
        participants.sort_by(|one, other| one.username.cmp(&other.username));
        let line = DirectChannel {
            members: Some(members.to_vec()),
            participants: Some(participants),
            favorited_by: none_if_empty(favorited_by),
            shown_by: none_if_empty(shown_by),
            header: Some(channel.header).filter(|header| !header.is_empty()),
        };
        self.line(&Line { direct_channel: Some(line), ..Line::of("direct_channel") }).await
    }
}
