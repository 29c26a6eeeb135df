//! Entities for tests, numbered: the same number gives the same entity, and no field has the value it would have if it
//! were forgotten.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::str::FromStr;

use rialto_model::{
    Channel, ChannelId, ChannelKind, ChannelMember, Millis, PeerProfile, Post, Reaction, RemoteCluster, RemoteId, Seq,
    Share, ShareMode, ShareState, Team, TeamId, TeamKind, TeamMember, User, UserId,
};

use crate::{Db, Snapshot, Tx, channel_members, channels, remotes, team_members, teams, users};

/// The time of every test that does not say otherwise.
pub(crate) const NOW: Millis = Millis(1_790_000_000_000);

/// The `n`th id; small numbers sort as their ids do.
pub(crate) fn id<T: FromStr<Err: Debug>>(n: u128) -> T {
    format!("{n:026}").parse().unwrap()
}

pub(crate) async fn begin(db: &Db) -> Tx {
    db.begin(NOW).await.unwrap()
}

pub(crate) async fn read(db: &Db) -> Snapshot {
    db.read(NOW).await.unwrap()
}

fn map(key: &str, value: &str) -> BTreeMap<String, String> {
    BTreeMap::from([(key.to_owned(), value.to_owned())])
}

pub(crate) fn user(n: u128) -> User {
    User {
        id: id(n),
        create_at: Millis(1001),
        update_at: Millis(1002),
        delete_at: None,
        username: format!("user-{n:02}"),
        email: format!("user-{n:02}@example.org"),
        email_verified: true,
        nickname: format!("Nick {n:02}"),
        first_name: format!("First {n:02}"),
        last_name: format!("Last {n:02}"),
        position: "Ferryman".to_owned(),
        roles: "system_user".to_owned(),
        locale: "de".to_owned(),
        timezone: map("manualTimezone", "Europe/Vienna"),
        props: map("customStatus", "{\"text\":\"at \\\"lunch\\\"\"}"),
        notify_props: map("desktop", "all"),
        remote_id: None,
        remote_username: String::new(),
        remote_update_at: Millis(0),
        is_bot: false,
        bot_description: String::new(),
        last_password_update: Millis(1003),
        picture_at: Millis(1005),
    }
}

/// A person whom connection `remote` owns.
pub(crate) fn remote_user(n: u128, remote: RemoteId) -> User {
    User {
        username: format!("user-{n:02}:acme"),
        remote_username: format!("user-{n:02}"),
        remote_id: Some(remote),
        remote_update_at: Millis(1004),
        ..user(n)
    }
}

pub(crate) fn team(n: u128) -> Team {
    Team {
        id: id(n),
        create_at: Millis(2001),
        update_at: Millis(2002),
        delete_at: None,
        name: format!("team-{n:02}"),
        display_name: format!("Team {n:02}"),
        description: "What it is about".to_owned(),
        email: "team@example.org".to_owned(),
        kind: TeamKind::Open,
        allow_open_invite: true,
        invite_id: format!("invite-{n:02}"),
    }
}

pub(crate) fn team_member(team: TeamId, user: UserId) -> TeamMember {
    TeamMember {
        team_id: team,
        user_id: user,
        create_at: Millis(2003),
        delete_at: None,
        scheme_admin: true,
        scheme_user: true,
        scheme_guest: false,
    }
}

pub(crate) fn channel(n: u128, team: TeamId) -> Channel {
    Channel {
        id: id(n),
        create_at: Millis(3001),
        update_at: Millis(3002),
        delete_at: None,
        team_id: Some(team),
        kind: ChannelKind::Public,
        name: format!("channel-{n:02}"),
        display_name: format!("Channel {n:02}"),
        header: "Header".to_owned(),
        purpose: "Purpose".to_owned(),
        creator_id: Some(id(1)),
        origin: None,
        shared: false,
        last_post_at: Millis(0),
        total_msg_count: 0,
        total_msg_count_root: 0,
    }
}

pub(crate) fn member(channel: ChannelId, user: UserId) -> ChannelMember {
    ChannelMember {
        channel_id: channel,
        user_id: user,
        scheme_admin: true,
        scheme_user: true,
        scheme_guest: false,
        last_viewed_at: Millis(3003),
        msg_count: 3,
        msg_count_root: 2,
        mention_count: 5,
        mention_count_root: 4,
        notify_props: map("desktop", "mention"),
        last_update_at: Millis(3004),
        moderation: rialto_model::Moderation::default(),
    }
}

pub(crate) fn post(n: u128, channel: ChannelId, user: UserId) -> Post {
    Post {
        id: id(n),
        channel_id: channel,
        user_id: user,
        root_id: None,
        create_at: Millis(4000),
        update_at: Millis(4001),
        edit_at: None,
        delete_at: None,
        hidden_at: None,
        is_pinned: false,
        kind: String::new(),
        message: format!("Message {n:02}"),
        props: "{\"from_bot\":\"true\"}".to_owned(),
        hashtags: "#one #two".to_owned(),
        file_ids: Vec::new(),
        remote_id: None,
        remote_update_at: Millis(0),
        reply_count: 0,
        last_reply_at: Millis(0),
        has_reactions: false,
    }
}

pub(crate) fn reaction(post: &Post, user: UserId, emoji: &str) -> Reaction {
    Reaction {
        user_id: user,
        post_id: post.id,
        channel_id: post.channel_id,
        emoji_name: emoji.to_owned(),
        create_at: Millis(5001),
        update_at: Millis(5002),
        delete_at: None,
        remote_id: None,
    }
}

pub(crate) fn remote(n: u128) -> RemoteCluster {
    RemoteCluster {
        id: id(n),
        name: format!("Acme {n:02}"),
        handle: format!("acme-{n:02}"),
        display_name: format!("Acme {n:02} Inc."),
        description: "A partner".to_owned(),
        site_url: Some(format!("https://acme-{n:02}.example.org")),
        default_team_id: Some(id(1)),
        remote_team_id: format!("their-team-{n:02}"),
        creator_id: id(1),
        create_at: Millis(6001),
        confirmed_at: Some(Millis(6002)),
        delete_at: None,
        deleted_by: None,
        severed: false,
        last_ping_at: Some(Millis(6003)),
        profile: PeerProfile::Rialto,
        caps: "items share".to_owned(),
        unrotated: true,
        interrupted_at: Some(Millis(6004)),
        failing_since: Some(Millis(6005)),
        last_error: "refused".to_owned(),
    }
}

pub(crate) fn secrets(n: u128) -> remotes::Secrets {
    remotes::Secrets {
        token_hash: format!("hash-{n}"),
        remote_token: format!("sealed-{n}"),
        confirmation: format!("digest-{n}"),
    }
}

pub(crate) fn share(n: u128, channel: ChannelId, remote: RemoteId) -> Share {
    Share {
        id: id(n),
        channel_id: channel,
        remote_id: remote,
        home: true,
        creator_id: id(1),
        mode: ShareMode::ReadOnly,
        state: ShareState::Active,
        reason: "archived".to_owned(),
        description: "For the partner".to_owned(),
        create_at: Millis(7001),
        update_at: Millis(7002),
        from_seq: Some(Seq(0)),
        last_sync_at: Some(Millis(7003)),
    }
}

/// A team, a channel in it, and two people who belong to both.
pub(crate) struct Scene {
    pub(crate) team: Team,
    pub(crate) channel: Channel,
    pub(crate) ann: User,
    pub(crate) bob: User,
}

/// Ann is user 1, Bob user 2, the team is 1 and the channel 1.
pub(crate) async fn scene(tx: &mut Tx) -> Scene {
    let (ann, bob, team) = (user(1), user(2), team(1));
    let channel = channel(1, team.id);
    teams::insert(tx, &team).await.unwrap();
    channels::insert(tx, &channel).await.unwrap();
    for person in [&ann, &bob] {
        users::insert(tx, person, "").await.unwrap();
        team_members::insert(tx, &team_member(team.id, person.id)).await.unwrap();
        channel_members::insert(tx, &member(channel.id, person.id)).await.unwrap();
    }
    Scene { team, channel, ann, bob }
}
