//! Lines about messages: each with its replies, and all that hangs on them, in one piece.
//!
//! A message is there already if one of the same channel, author and time is that says the same, or was changed here since.
//! It stays as it is then; what of its replies, reactions and followers is missing is added.

use std::collections::HashMap;

use rialto_model::bulk;
use rialto_model::names::check_emoji_name;
use rialto_model::{ChannelId, DomainEvent, FileInfo, Millis, Origin, Post, PostId, Reaction, Scope, UserId};
use rialto_store::imports::{self, Standing};
use rialto_store::{Tx, posts as rows, threads, users};

use super::prepare::Prepared;
use super::{Batching, Refused, past, refused};
use crate::bulk::SAVED;
use crate::mentions;
use crate::posts::MAX_PROPS;

/// Characters of the longest message; what another server allowed is allowed here.
const MAX_MESSAGE: usize = 65_535;
/// Bytes of a type.
const MAX_KIND: usize = 26;

/// Messages written in one transaction, by where, who and when.
#[derive(Default)]
pub(super) struct Written(HashMap<(ChannelId, UserId, Millis), Vec<Standing>>);

/// Messages that came into a channel.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Count {
    pub(super) total: i64,
    pub(super) roots: i64,
    pub(super) newest: Millis,
}

/// The message that is the one to be imported. One that was changed here may say something else by now.
pub(super) fn same<'a>(found: &'a [Standing], message: &str) -> Option<&'a Standing> {
    found.iter().find(|one| one.message == message).or_else(|| found.iter().find(|one| one.changed))
}

impl Batching<'_> {
    pub(super) async fn post(
        &mut self,
        tx: &mut Tx,
        number: i64,
        line: &bulk::Post,
        prepared: &Prepared,
    ) -> Result<(), Refused> {
        let (Some(team), Some(channel)) = (&line.team, &line.channel) else {
            return refused("a message must say its team and channel");
        };
        let Some(found) = self.team_called(tx, team).await? else {
            return refused(format!("there is no team called {team:?}"));
        };
        let Some(place) = self.place(tx, found.id, channel).await? else {
            return refused(format!("there is no channel called {channel:?} in {team:?}"));
        };
        if place.is_copy {
            let what = format!("a message in the channel {channel:?} of another organisation is left out");
            self.warnings.push((number, what));
            return Ok(());
        }
        self.thread(tx, place.id, line, prepared).await
    }

    pub(super) async fn direct_post(
        &mut self,
        tx: &mut Tx,
        line: &bulk::Post,
        prepared: &Prepared,
    ) -> Result<(), Refused> {
        let Some(members) = line.channel_members.as_ref().filter(|members| !members.is_empty()) else {
            return refused("a message of a conversation must say its channel_members");
        };
        let channel = self.conversation(tx, members, "", &[]).await?;
        self.thread(tx, channel, line, prepared).await
    }

    async fn thread(
        &mut self,
        tx: &mut Tx,
        channel: ChannelId,
        line: &bulk::Post,
        prepared: &Prepared,
    ) -> Result<(), Refused> {
        let mut files = prepared.files.iter().map(Vec::as_slice);
        let mut files = || files.next().unwrap_or_default();
        let (mut root, is_new) = self.message(tx, channel, None, line, files()).await?;
        let mut fresh = Vec::new();
        for reply in line.replies.iter().flatten() {
            if reply.replies.as_ref().is_some_and(|replies| !replies.is_empty()) {
                return refused("a reply has no replies");
            }
            let (post, is_new) = self.message(tx, channel, Some(root.id), reply, files()).await?;
            if is_new {
                fresh.push((post, reply));
            } else {
                self.hang_on(tx, &post, reply, false).await?;
            }
        }
        if is_new {
            root.reply_count = i64::try_from(fresh.len()).unwrap_or(i64::MAX);
            root.last_reply_at = fresh.iter().map(|(post, _)| post.create_at).max().unwrap_or_default();
            self.write(tx, &root)?;
        } else {
            self.hang_on(tx, &root, line, false).await?;
        }
        for (post, _) in &fresh {
            self.write(tx, post)?;
            if !is_new {
                rows::count_reply(tx, &root.id, 1, post.create_at, tx.now())?;
            }
        }
        for (post, line) in fresh.iter().map(|(post, line)| (post, *line)).chain(is_new.then_some((&root, line))) {
            self.hang_on(tx, post, line, true).await?;
        }
        self.followers(tx, &root, line, &fresh).await
    }

    /// The message of a line as it will be, and that it is new; or the one that is there, with its id and place only.
    async fn message(
        &mut self,
        tx: &mut Tx,
        channel: ChannelId,
        root: Option<PostId>,
        line: &bulk::Post,
        files: &[FileInfo],
    ) -> Result<(Post, bool), Refused> {
        let author = self.person(tx, &line.user).await?;
        let create_at = past(tx, line.create_at, "create_at")?;
        let kind = line.kind.clone().unwrap_or_default();
        let plain = kind.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
        if kind.len() > MAX_KIND || !plain {
            return refused(format!("there are no messages of type {kind:?}"));
        }
        if line.message.chars().count() > MAX_MESSAGE {
            return refused(format!("the message is longer than {MAX_MESSAGE} characters"));
        }
        let props =
            line.props.clone().map_or_else(|| "{}".to_owned(), |map| serde_json::Value::Object(map).to_string());
        if props.chars().count() > MAX_PROPS {
            return refused("props are too long");
        }
        let mut post = Post {
            id: self.app.ids.id(PostId::from_random),
            channel_id: channel,
            user_id: author,
            root_id: root,
            create_at,
            update_at: tx.now(),
            edit_at: line.edit_at.and_then(Millis::non_zero),
            delete_at: None,
            hidden_at: None,
            is_pinned: line.is_pinned.unwrap_or_default(),
            kind,
            hashtags: mentions::hashtags(&line.message),
            message: line.message.clone(),
            props,
            file_ids: Vec::new(),
            remote_id: None,
            remote_update_at: Millis(0),
            reply_count: 0,
            last_reply_at: Millis(0),
            has_reactions: line.reactions.as_ref().is_some_and(|list| !list.is_empty()),
        };
        let key = (channel, author, create_at);
        let mut found = self.written.0.get(&key).cloned().unwrap_or_default();
        found.extend(imports::standing(tx, &channel, &author, create_at).await?);
        if let Some(one) = same(&found, &line.message) {
            post.id = one.id;
            return Ok((post, false));
        }
        let standing = Standing { id: post.id, root_id: root, message: line.message.clone(), changed: false };
        self.written.0.entry(key).or_default().push(standing);
        for file in files {
            let file = FileInfo {
                user_id: author,
                channel_id: channel,
                post_id: Some(post.id),
                create_at,
                update_at: create_at,
                ..file.clone()
            };
            rialto_store::files::insert(tx, &file).await?;
            post.file_ids.push(file.id);
        }
        Ok((post, true))
    }

    fn write(&mut self, tx: &mut Tx, post: &Post) -> Result<(), Refused> {
        imports::insert(tx, post)?;
        let kept = DomainEvent::HistoryKept { post: post.id, channel: post.channel_id };
        tx.record(Scope::Channel(post.channel_id), Origin::Local, kept);
        if !post.is_system() {
            let count = self.counts.entry(post.channel_id).or_default();
            count.total += 1;
            count.roots += i64::from(post.root_id.is_none());
            count.newest = count.newest.max(post.create_at);
        }
        Ok(())
    }

    /// Reactions to a message, and who has saved it.
    async fn hang_on(&mut self, tx: &mut Tx, post: &Post, line: &bulk::Post, is_new: bool) -> Result<(), Refused> {
        for reaction in line.reactions.iter().flatten() {
            check_emoji_name(&reaction.emoji_name)
                .map_err(|why| Refused::Why(format!("the emoji {:?} {why}", reaction.emoji_name)))?;
            let at = past(tx, reaction.create_at, "create_at of a reaction")?;
            let row = Reaction {
                user_id: self.person(tx, &reaction.user).await?,
                post_id: post.id,
                channel_id: post.channel_id,
                emoji_name: reaction.emoji_name.clone(),
                create_at: at,
                update_at: at,
                delete_at: None,
                remote_id: None,
            };
            imports::add_reaction(tx, &row)?;
        }
        if !is_new && line.reactions.as_ref().is_some_and(|list| !list.is_empty()) {
            rows::touch_reactions(tx, &post.id, tx.now())?;
        }
        for name in line.flagged_by.iter().flatten() {
            let user = self.person(tx, name).await?;
            imports::add_preference(tx, &user, SAVED, post.id.as_str(), "true")?;
        }
        Ok(())
    }

    /// Who follows the thread. Where the line does not say, those do who have written in it and may still read it.
    async fn followers(
        &mut self,
        tx: &mut Tx,
        root: &Post,
        line: &bulk::Post,
        fresh: &[(Post, &bulk::Post)],
    ) -> Result<(), Refused> {
        let Some(list) = &line.thread_followers else {
            let mut authors: Vec<UserId> = fresh.iter().map(|(post, _)| post.user_id).collect();
            if authors.is_empty() {
                return Ok(());
            }
            authors.push(root.user_id);
            authors.sort_unstable();
            authors.dedup();
            let last = fresh.iter().map(|(post, _)| post.create_at).max().unwrap_or_default();
            for user in users::list_by_ids(tx, &authors).await? {
                if user.delete_at.is_none() && !user.is_bot {
                    imports::follow(tx, &user.id, root, last)?;
                }
            }
            return Ok(());
        };
        for follower in list {
            let user = self.person(tx, &follower.user).await?;
            let viewed = Millis(follower.last_viewed.max(0));
            imports::follow(tx, &user, root, viewed)?;
            let unread = usize::try_from(follower.unread_mentions).unwrap_or(0);
            let mut behind: Vec<&Post> = fresh
                .iter()
                .map(|(post, _)| post)
                .filter(|post| post.create_at > viewed && post.user_id != user)
                .collect();
            behind.sort_by_key(|post| std::cmp::Reverse(post.create_at));
            for reply in behind.into_iter().take(unread) {
                threads::add_mention(tx, &root.id, &reply.id, &user)?;
            }
        }
        Ok(())
    }
}
