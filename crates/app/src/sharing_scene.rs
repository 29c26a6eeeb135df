//! A scene for tests of sharing: people of this server in a channel, and peers that call with real credentials.

use rialto_model::{
    Channel, ChannelId, ChannelKind, DomainEvent, Millis, PeerProfile, Post, PostId, Recorded, RemoteCluster, RemoteId,
    Seq, SessionId, Share, ShareState, Team, TeamId, TeamKind, TeamMember, User, UserId,
};
use rialto_store::{Db, Snapshot, channels, log, posts, remotes, shares, team_members, teams, users};

use crate::apply::{self, IncomingItems, IncomingMember, IncomingPost, IncomingReaction, IncomingUser, Outcome};
use crate::connections::{self as connections, Confirmation, NewConnection};
use crate::outbox::{self, Changes, What};
use crate::posts::NewPost;
use crate::shares::{Begun, IncomingInvitation, Invitation};
use crate::{App, RemoteActor, SessionUser, channel_members, testing};

/// Somebody of this server.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) id: UserId,
    pub(crate) actor: SessionUser,
}

/// A connection, and its peer as it calls.
#[derive(Clone)]
pub(crate) struct Peer {
    pub(crate) id: RemoteId,
    pub(crate) name: &'static str,
    pub(crate) actor: RemoteActor,
    /// What the peer presents.
    pub(crate) token: String,
}

/// An installation with a team, an administrator, Ann and Bob, all in the public channel `plans`.
pub(crate) struct Scene {
    pub(crate) app: App,
    pub(crate) admin: Person,
    pub(crate) ann: Person,
    pub(crate) bob: Person,
    pub(crate) team: TeamId,
    pub(crate) channel: ChannelId,
}

/// The `n`th id.
pub(crate) fn id<T: std::str::FromStr<Err: std::fmt::Debug>>(n: u128) -> T {
    format!("{n:026}").parse().unwrap()
}

impl Scene {
    pub(crate) async fn new(db: Db) -> Self {
        let app = testing::open(db).await;
        let team = make_team(&app).await;
        let admin = make_person(&app, Some(&team), "admin", "system_user system_admin").await;
        let ann = make_person(&app, Some(&team), "ann", "system_user").await;
        let bob = make_person(&app, Some(&team), "bob", "system_user").await;
        let channel = make_channel(&app, &admin, team, "plans").await;
        let scene = Self { app, admin, ann, bob, team, channel };
        scene.join(&scene.ann, &channel).await;
        scene.join(&scene.bob, &channel).await;
        scene
    }

    /// Lets time pass, so that what follows is later than what was before.
    pub(crate) fn tick(&self) -> Millis {
        self.app.clock.advance(10);
        self.app.clock.now()
    }

    pub(crate) async fn view(&self) -> Snapshot {
        self.app.db.read(self.app.clock.now()).await.unwrap()
    }

    pub(crate) async fn person(&self, name: &str) -> Person {
        self.person_as(name, "system_user").await
    }

    pub(crate) async fn person_as(&self, name: &str, roles: &str) -> Person {
        make_person(&self.app, Some(&self.team), name, roles).await
    }

    /// Somebody of no team.
    pub(crate) async fn stranger(&self, name: &str, roles: &str) -> Person {
        make_person(&self.app, None, name, roles).await
    }

    pub(crate) async fn new_channel(&self, name: &str) -> ChannelId {
        make_channel(&self.app, &self.admin, self.team, name).await
    }

    pub(crate) async fn join(&self, person: &Person, channel: &ChannelId) {
        self.tick();
        channel_members::add(&self.app, &person.actor, channel, &[person.id]).await.unwrap();
    }

    /// A confirmed connection of this profile.
    pub(crate) async fn peer_of(&self, name: &'static str, profile: PeerProfile) -> Peer {
        self.connect(name, name, profile).await
    }

    /// The peer at the site of `site` under a name of its own.
    pub(crate) async fn peer_at(&self, site: &str, name: &'static str) -> Peer {
        self.connect(site, name, PeerProfile::Rialto).await
    }

    async fn connect(&self, site: &str, name: &'static str, profile: PeerProfile) -> Peer {
        self.tick();
        let fresh = connections::fresh_invite(&self.app, self.app.ids.id(RemoteId::from_random));
        let new = NewConnection { name: name.to_owned(), ..NewConnection::default() };
        let remote = connections::create(&self.app, &self.admin.actor, new, &fresh).await.unwrap();
        let token = self.app.ids.token();
        let confirmation = Confirmation {
            site_url: format!("https://{site}.example.org"),
            peer_token: self.app.ids.token(),
            own_token: Some(token.clone()),
            remote_team_id: String::new(),
            profile,
            caps: String::new(),
            digest: format!("digest of {name}"),
        };
        connections::confirm(&self.app, &fresh.token, &remote.id, confirmation).await.unwrap();
        let actor = connections::authenticate(&self.app, remote.id.as_str(), &token).await.unwrap().unwrap();
        Peer { id: remote.id, name, actor, token }
    }

    pub(crate) async fn peer(&self, name: &'static str) -> Peer {
        self.peer_of(name, PeerProfile::Rialto).await
    }

    /// Shares our channel with a peer, up to where both send.
    pub(crate) async fn share(&self, peer: &Peer) -> Share {
        self.share_as(peer, Invitation::default()).await
    }

    pub(crate) async fn share_as(&self, peer: &Peer, invitation: Invitation) -> Share {
        self.tick();
        let invited = crate::shares::invite(&self.app, &self.admin.actor, &self.channel, &peer.id, invitation).await;
        self.activate(&invited.unwrap().share).await
    }

    /// What the sender does when a share begins and the peer takes it.
    pub(crate) async fn activate(&self, share: &Share) -> Share {
        self.tick();
        let from = self.started(share).await;
        if share.home {
            crate::shares::begun(&self.app, &share.id, Begun::Inviting { from }).await.unwrap().unwrap();
        }
        let active = crate::shares::begun(&self.app, &share.id, Begun::Active { from }).await.unwrap().unwrap();
        self.tick();
        active
    }

    async fn started(&self, share: &Share) -> Seq {
        let log = testing::log_of(&self.app).await;
        let begins =
            |event: &DomainEvent| matches!(event, DomainEvent::ShareStarted { share: id, .. } if *id == share.id);
        log.iter().find(|recorded| begins(&recorded.event)).expect("the share was recorded").seq
    }

    /// A copy of a peer's channel, with Ann in it, up to where both send.
    pub(crate) async fn copy(&self, peer: &Peer, channel: ChannelId, read_only: bool) -> Channel {
        self.tick();
        let share = crate::shares::accept(&self.app, &peer.actor, offer(channel, read_only)).await.unwrap();
        self.activate(&share).await;
        self.join(&self.ann, &channel).await;
        self.channel_row(&channel).await
    }

    pub(crate) async fn channel_row(&self, channel: &ChannelId) -> Channel {
        channels::get(&mut self.view().await, channel).await.unwrap().unwrap()
    }

    pub(crate) async fn post(&self, author: &Person, text: &str) -> Post {
        self.write(author, &self.channel, text, None).await
    }

    pub(crate) async fn reply(&self, author: &Person, root: &PostId, text: &str) -> Post {
        let channel = self.row(root).await.unwrap().channel_id;
        self.write(author, &channel, text, Some(*root)).await
    }

    pub(crate) async fn write(&self, who: &Person, channel: &ChannelId, text: &str, root_id: Option<PostId>) -> Post {
        self.tick();
        let new = NewPost { message: text.to_owned(), root_id, ..NewPost::default() };
        crate::posts::create(&self.app, &who.actor, channel, new).await.unwrap()
    }

    pub(crate) async fn row(&self, post: &PostId) -> Option<Post> {
        posts::get(&mut self.view().await, post).await.unwrap()
    }

    pub(crate) async fn user(&self, user: &UserId) -> Option<User> {
        users::get(&mut self.view().await, user).await.unwrap()
    }

    pub(crate) async fn remote(&self, peer: &Peer) -> RemoteCluster {
        remotes::get(&mut self.view().await, &peer.id).await.unwrap().unwrap()
    }

    pub(crate) async fn live_share(&self, peer: &Peer, channel: &ChannelId) -> Option<Share> {
        shares::get_live(&mut self.view().await, channel, &peer.id).await.unwrap()
    }

    pub(crate) async fn is_member(&self, channel: &ChannelId, user: &UserId) -> bool {
        rialto_store::channel_members::get(&mut self.view().await, channel, user).await.unwrap().is_some()
    }

    /// Takes a frame from a peer for our channel.
    pub(crate) async fn take(&self, peer: &Peer, items: IncomingItems) -> Outcome {
        self.take_in(peer, &self.channel, items).await.unwrap()
    }

    pub(crate) async fn take_in(
        &self,
        peer: &Peer,
        channel: &ChannelId,
        items: IncomingItems,
    ) -> Result<Outcome, apply::Error> {
        self.tick();
        apply::items(&self.app, &peer.actor, channel, items).await
    }

    /// A person of the peer's, who belongs to our channel.
    pub(crate) async fn guest(&self, peer: &Peer, n: u128) -> UserId {
        self.guest_in(peer, &self.channel, n).await
    }

    pub(crate) async fn guest_in(&self, peer: &Peer, channel: &ChannelId, n: u128) -> UserId {
        let items = IncomingItems {
            users: vec![incoming_user(peer, n)],
            members: vec![IncomingMember { user_id: id(n), joins: true, at: Millis(0) }],
            ..IncomingItems::default()
        };
        let outcome = self.take_in(peer, channel, items).await.unwrap();
        assert_eq!(outcome.users, [id(n)]);
        id(n)
    }

    /// Everything recorded after `seq`.
    pub(crate) async fn recorded_since(&self, seq: Seq) -> Vec<Recorded> {
        testing::log_of(&self.app).await.into_iter().filter(|recorded| recorded.seq > seq).collect()
    }

    /// The end of the log; what a tail would have delivered.
    pub(crate) async fn head(&self) -> Seq {
        let head = log::list(&mut self.view().await, Seq(0), Seq(i64::MAX), 100_000).await.unwrap();
        let head = head.last().map_or(Seq(0), |last| last.seq);
        self.app.bus.settle(head);
        head
    }

    /// What a peer is to hear of what happened after `seq`. System messages are left out, which nothing is loaded for.
    pub(crate) async fn changes(&self, peer: &Peer, seq: Seq) -> Vec<(ChannelId, What)> {
        self.head().await;
        let Changes { list, .. } = outbox::changes(&self.app, &peer.id, seq).await.unwrap();
        let mut view = self.view().await;
        let mut changes = Vec::new();
        for change in list {
            if let What::Post(post) = change.what
                && rialto_store::posts::get(&mut view, &post).await.unwrap().is_some_and(|post| post.is_system())
            {
                continue;
            }
            changes.push((change.channel, change.what));
        }
        changes
    }

    /// All rows a peer's items can touch, as text: two dumps are equal if nothing has changed.
    pub(crate) async fn dump(&self) -> Vec<String> {
        let mut view = self.view().await;
        let mut rows = Vec::new();
        for sql in [
            "SELECT 'user ' || id || ' ' || update_at || ' ' || delete_at || ' ' || username || ' ' || nickname || ' ' || props \
             || ' ' || remote_id || ' ' || remote_update_at FROM users ORDER BY id",
            "SELECT 'alias ' || remote_id || ' ' || wire_id || ' ' || user_id FROM user_aliases ORDER BY remote_id, wire_id",
            "SELECT 'team member ' || team_id || ' ' || user_id || ' ' || create_at || ' ' || delete_at FROM team_members \
             ORDER BY team_id, user_id",
            "SELECT 'channel ' || id || ' ' || update_at || ' ' || name || ' ' || origin_remote_id FROM channels ORDER BY id",
            "SELECT 'member ' || channel_id || ' ' || user_id || ' ' || msg_count || ' ' || mention_count || ' ' || last_update_at \
             FROM channel_members ORDER BY channel_id, user_id",
            "SELECT 'counts ' || channel_id || ' ' || CAST(SUM(total) AS BIGINT) || ' ' || CAST(SUM(total_root) AS BIGINT) \
             FROM channel_counts GROUP BY channel_id ORDER BY channel_id",
            "SELECT 'post ' || id || ' ' || user_id || ' ' || root_id || ' ' || create_at || ' ' || update_at || ' ' || edit_at \
             || ' ' || delete_at || ' ' || hidden_at || ' ' || message || ' ' || remote_update_at || ' ' || reply_count || ' ' \
             || last_reply_at || ' ' || props FROM posts ORDER BY id",
            "SELECT 'reaction ' || post_id || ' ' || user_id || ' ' || emoji || ' ' || emoji_name || ' ' || create_at || ' ' \
             || update_at || ' ' || delete_at || ' ' || remote_update_at FROM reactions ORDER BY post_id, user_id, emoji",
            "SELECT 'waiting ' || kind || ' ' || item_id || ' ' || missing_id || ' ' || body || ' ' || receive_at \
             FROM waiting_items ORDER BY remote_id, kind, item_id",
            "SELECT 'share ' || id || ' ' || state || ' ' || mode || ' ' || update_at FROM shares ORDER BY id",
            "SELECT 'event ' || seq || ' ' || body FROM events ORDER BY seq",
        ] {
            rows.extend(view.fetch_all::<String>(sql, &[]).await.unwrap());
        }
        rows
    }
}

async fn make_team(app: &App) -> TeamId {
    let team = Team {
        id: app.ids.id(TeamId::from_random),
        create_at: app.clock.now(),
        update_at: app.clock.now(),
        delete_at: None,
        name: "landing".to_owned(),
        display_name: "Landing".to_owned(),
        description: String::new(),
        email: String::new(),
        kind: TeamKind::Open,
        allow_open_invite: true,
        invite_id: app.ids.token(),
    };
    let mut tx = app.db.begin(app.clock.now()).await.unwrap();
    teams::insert(&mut tx, &team).await.unwrap();
    tx.commit().await.unwrap();
    team.id
}

async fn make_person(app: &App, team: Option<&TeamId>, name: &str, roles: &str) -> Person {
    let now = app.clock.now();
    let user = User {
        id: app.ids.id(UserId::from_random),
        create_at: now,
        update_at: now,
        delete_at: None,
        username: name.to_owned(),
        email: format!("{name}@example.org"),
        email_verified: true,
        nickname: String::new(),
        first_name: String::new(),
        last_name: String::new(),
        position: String::new(),
        roles: roles.to_owned(),
        locale: "en".to_owned(),
        timezone: Default::default(),
        props: Default::default(),
        notify_props: Default::default(),
        remote_id: None,
        remote_username: String::new(),
        remote_update_at: Millis(0),
        is_bot: false,
        bot_description: String::new(),
        last_password_update: now,
        picture_at: Millis(0),
    };
    let member = team.map(|team| TeamMember {
        team_id: *team,
        user_id: user.id,
        create_at: now,
        delete_at: None,
        scheme_admin: false,
        scheme_user: true,
        scheme_guest: false,
    });
    let mut tx = app.db.begin(now).await.unwrap();
    users::insert(&mut tx, &user, "").await.unwrap();
    if let Some(member) = member {
        team_members::insert(&mut tx, &member).await.unwrap();
    }
    tx.commit().await.unwrap();
    Person { id: user.id, actor: SessionUser::new(&user, app.ids.id(SessionId::from_random)) }
}

async fn make_channel(app: &App, admin: &Person, team: TeamId, name: &str) -> ChannelId {
    let new = crate::channels::NewChannel {
        team,
        kind: ChannelKind::Public,
        name: name.to_owned(),
        display_name: format!("The {name}"),
        header: String::new(),
        purpose: String::new(),
    };
    crate::channels::create(app, &admin.actor, new).await.unwrap().id
}

/// A peer offers a channel.
pub(crate) fn offer(channel: ChannelId, read_only: bool) -> IncomingInvitation {
    IncomingInvitation {
        channel_id: channel,
        kind: ChannelKind::Public,
        name: "theirs".to_owned(),
        display_name: "Theirs".to_owned(),
        header: "Their header".to_owned(),
        purpose: "Their purpose".to_owned(),
        read_only,
        version: 1,
    }
}

/// The peer's person `n`.
pub(crate) fn incoming_user(peer: &Peer, n: u128) -> IncomingUser {
    IncomingUser {
        wire_id: id(n),
        username: format!("user{n}"),
        stand_ins: (1..4)
            .map(|k| format!("user{n}{}:{}", if k == 1 { String::new() } else { format!("-{k}") }, peer.name))
            .collect(),
        relayed: false,
        create_at: Millis(1_000),
        update_at: Millis(2_000),
        delete_at: None,
        nickname: format!("Nick {n}"),
        first_name: "First".to_owned(),
        last_name: "Last".to_owned(),
        position: "Ferryman".to_owned(),
        locale: "de".to_owned(),
        timezone: Default::default(),
        custom_status: None,
        is_bot: false,
        is_guest: false,
        email: None,
    }
}

/// The peer's post `n` by its person `author`.
pub(crate) fn incoming_post(n: u128, author: u128) -> IncomingPost {
    IncomingPost {
        id: id(n),
        user_id: id(author),
        root_id: None,
        create_at: Millis(1_700_000_000_000 + i64::try_from(n).unwrap()),
        update_at: Millis(1_700_000_000_000 + i64::try_from(n).unwrap()),
        edit_at: None,
        delete_at: None,
        is_pinned: false,
        message: format!("message {n}"),
        props: "{}".to_owned(),
        kind: String::new(),
        file_ids: Vec::new(),
        mentioned: Some(Vec::new()),
        priority: None,
        history: false,
        is_old: false,
    }
}

/// A reaction of the peer's person `user` to post `post`.
pub(crate) fn incoming_reaction(post: PostId, user: u128, emoji: &str, version: i64) -> IncomingReaction {
    IncomingReaction {
        user_id: id(user),
        post_id: post,
        emoji_name: emoji.to_owned(),
        create_at: Millis(1_000),
        update_at: Millis(version),
        delete_at: None,
        history: false,
    }
}

/// A frame with posts only.
pub(crate) fn with_posts(posts: impl IntoIterator<Item = IncomingPost>) -> IncomingItems {
    IncomingItems { posts: posts.into_iter().collect(), ..IncomingItems::default() }
}

/// A frame with reactions only.
pub(crate) fn with_reactions(reactions: impl IntoIterator<Item = IncomingReaction>) -> IncomingItems {
    IncomingItems { reactions: reactions.into_iter().collect(), ..IncomingItems::default() }
}

/// A frame with people only.
pub(crate) fn with_users(users: impl IntoIterator<Item = IncomingUser>) -> IncomingItems {
    IncomingItems { users: users.into_iter().collect(), ..IncomingItems::default() }
}

/// True for a share nobody has ended.
pub(crate) fn is_active(share: Option<&Share>) -> bool {
    share.is_some_and(|share| share.state == ShareState::Active)
}
