//! What the websocket hub reads: who listens, and the current rows behind the events of the log.
//!
//! Nothing here checks permissions: the scope of an event did, when it was recorded, and the hub holds to it.

use rialto_model::{
    Channel, ChannelId, ChannelMember, Millis, Post, PostId, Reaction, SessionId, Team, TeamId, TeamMember, User,
    UserId,
};
use rialto_store::{Snapshot, StoreError, channel_members, channels, posts, reactions, sessions, teams, users};

use crate::App;
use crate::access::SessionUser;

/// Somebody who listens: the person, and where they belong.
#[derive(Debug, Clone)]
pub struct Listener {
    /// The person.
    pub user: User,
    /// When the sign-in ends by itself, if it is not used.
    pub expires_at: Millis,
    /// Their channels.
    pub channels: Vec<ChannelId>,
    /// Their teams.
    pub teams: Vec<TeamId>,
}

/// A post with what clients are shown beside it.
#[derive(Debug, Clone)]
pub struct ShownPost {
    /// The post.
    pub post: Post,
    /// What its author's client called it before it had an id; empty if nothing.
    pub pending_post_id: String,
    /// Reactions to it, in order.
    pub reactions: Vec<Reaction>,
}

/// A moment of the database. On PostgreSQL every read sees its own.
pub struct View(Snapshot);

/// Looks at the database as it is now: whatever a delivered event recorded is there, or newer.
///
/// # Errors
/// [`StoreError`] if no connection is to be had; so in all functions of this file, or as the database says.
pub async fn view(app: &App) -> Result<View, StoreError> {
    Ok(View(app.db.read(app.clock.now()).await?))
}

/// The actor behind a live sign-in, with the rights of this moment; None once it is over.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn actor(app: &App, user: &UserId, session: &SessionId) -> Result<Option<SessionUser>, StoreError> {
    let mut view = view(app).await?;
    Ok(view.signed_in(user, session).await?.map(|(user, _)| SessionUser::new(&user, *session)))
}

impl View {
    /// The person and the end of the sign-in, if both are live.
    async fn signed_in(
        &mut self,
        user: &UserId,
        session: &SessionId,
    ) -> Result<Option<(User, Millis)>, StoreError> {
        let now = self.0.now();
        let sessions = sessions::list(&mut self.0, user).await?;
        let Some(session) = sessions.into_iter().find(|one| one.id == *session && one.expires_at > now) else {
            return Ok(None);
        };
        let user = users::get(&mut self.0, user).await?.filter(|user| user.delete_at.is_none() && user.is_local());
        Ok(user.map(|user| (user, session.expires_at)))
    }

    /// Who listens through this sign-in; None once it is over.
    ///
    /// # Errors
    /// [`StoreError`] as the database says.
    pub async fn listener(&mut self, user: &UserId, session: &SessionId) -> Result<Option<Listener>, StoreError> {
        let Some((user, expires_at)) = self.signed_in(user, session).await? else { return Ok(None) };
        let channels = channel_members::channel_ids(&mut self.0, &user.id).await?;
        let teams = teams::list_memberships(&mut self.0, &user.id).await?;
        let teams = teams.into_iter().map(|member| member.team_id).collect();
        Ok(Some(Listener { user, expires_at, channels, teams }))
    }

    /// A person.
    ///
    /// # Errors
    /// [`StoreError`] as the database says.
    pub async fn user(&mut self, id: &UserId) -> Result<Option<User>, StoreError> {
        users::get(&mut self.0, id).await
    }

    /// Several people, in no order, unknown ones missing.
    ///
    /// # Errors
    /// [`StoreError`] as the database says.
    pub async fn users(&mut self, ids: &[UserId]) -> Result<Vec<User>, StoreError> {
        users::list_by_ids(&mut self.0, ids).await
    }

    /// Ids of the channels a person belongs to.
    ///
    /// # Errors
    /// [`StoreError`] as the database says.
    pub async fn channels_of(&mut self, user: &UserId) -> Result<Vec<ChannelId>, StoreError> {
        channel_members::channel_ids(&mut self.0, user).await
    }

    /// Posts, deleted ones included, in no order, unknown ones missing.
    ///
    /// # Errors
    /// [`StoreError`] as the database says.
    pub async fn posts(&mut self, ids: &[PostId]) -> Result<Vec<ShownPost>, StoreError> {
        let found = posts::list_by_ids(&mut self.0, ids).await?;
        let pending = posts::pending_ids(&mut self.0, ids).await?;
        let with_reactions: Vec<PostId> = found.iter().filter(|post| post.has_reactions).map(|post| post.id).collect();
        let all =
            if with_reactions.is_empty() { Vec::new() } else { reactions::list(&mut self.0, &with_reactions).await? };
        let shown = found.into_iter().map(|post| ShownPost {
            pending_post_id: pending
                .iter()
                .find(|(id, _)| *id == post.id)
                .map(|(_, pending)| pending.clone())
                .unwrap_or_default(),
            reactions: all.iter().filter(|reaction| reaction.post_id == post.id).cloned().collect(),
            post,
        });
        Ok(shown.collect())
    }

    /// A channel.
    ///
    /// # Errors
    /// [`StoreError`] as the database says.
    pub async fn channel(&mut self, id: &ChannelId) -> Result<Option<Channel>, StoreError> {
        channels::get(&mut self.0, id).await
    }

    /// A membership.
    ///
    /// # Errors
    /// [`StoreError`] as the database says.
    pub async fn channel_member(
        &mut self,
        channel: &ChannelId,
        user: &UserId,
    ) -> Result<Option<ChannelMember>, StoreError> {
        channel_members::get(&mut self.0, channel, user).await
    }

    /// Ids of the first eight members of a channel, which are all of a direct or group channel.
    ///
    /// # Errors
    /// [`StoreError`] as the database says.
    pub async fn participants(&mut self, channel: &ChannelId) -> Result<Vec<UserId>, StoreError> {
        let members = channel_members::list(&mut self.0, channel, 0, 8).await?;
        Ok(members.into_iter().map(|member| member.user_id).collect())
    }

    /// A team.
    ///
    /// # Errors
    /// [`StoreError`] as the database says.
    pub async fn team(&mut self, id: &TeamId) -> Result<Option<Team>, StoreError> {
        teams::get(&mut self.0, id).await
    }

    /// A live membership in a team.
    ///
    /// # Errors
    /// [`StoreError`] as the database says.
    pub async fn team_member(&mut self, team: &TeamId, user: &UserId) -> Result<Option<TeamMember>, StoreError> {
        let member = teams::get_member(&mut self.0, team, user).await?;
        Ok(member.filter(|member| member.delete_at.is_none()))
    }
}
