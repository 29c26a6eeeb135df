//! The rules of a connection: each allows and forbids, for whoever acts here and for what a peer sends.

use std::collections::BTreeSet;

use bytes::Bytes;
use rialto_app::connections::policies;
use rialto_app::posts::NewPost;
use rialto_app::shares::direct::Unreachable;
use rialto_app::shares::{self, Invitation, Invited};
use rialto_app::statuses::{self, Presence};
use rialto_app::{Volatile, audit, channel_members, direct_channels, files, posts};
use rialto_model::policy::Incoming;
use rialto_model::{BackfillState, ChannelId, ConnectionPolicy, FileId, History, Post, RemoteId, Rule, TeamId};
use rialto_store::{backfills, share_requests};

use crate::harness::{Network, Pair, Person, Server, connect, eventually, settle, share, trust};

/// Changes rules of a connection, as an administrator does.
async fn rule(server: &Server, id: &RemoteId, change: impl FnOnce(&mut ConnectionPolicy) + Send) {
    server.tick();
    policies::change(server.app(), &server.admin.actor, id, |before| {
        let mut after = before.clone();
        change(&mut after);
        Ok(after)
    })
    .await
    .unwrap();
}

async fn try_share(
    server: &Server,
    id: &RemoteId,
    channel: &ChannelId,
    read_only: bool,
) -> Result<Invited, shares::Error> {
    server.tick();
    let invitation = Invitation { read_only, ..Invitation::default() };
    shares::invite(server.app(), &server.admin.actor, channel, id, invitation).await
}

fn forbids(outcome: Result<Invited, shares::Error>, expected: Rule) {
    match outcome {
        Err(shares::Error::Policy(rule)) => assert_eq!(rule, expected),
        other => panic!("{expected} does not forbid it: {other:?}"),
    }
}

/// Waits until the audit log names a refusal of something a peer sent.
async fn noted(server: &Server, action: &str, result: &str, detail: &str) {
    eventually(&format!("{action} {detail} is noted"), async || {
        let lines = audit::list(server.app(), &server.admin.actor, None, 0, 200).await.unwrap();
        lines.into_iter().find(|line| line.action == action && line.result == result && line.detail.contains(detail))
    })
    .await;
}

async fn connected() -> (std::sync::Arc<Network>, Server, Server, RemoteId) {
    let (network, alpha, beta) = crate::harness::strangers().await;
    let id = connect(&alpha, &beta).await;
    (network, alpha, beta, id)
}

/// Behaviour 8.6: teams, names, mode and number of what is shared with a peer; what is forbidden never leaves.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_may_be_shared_is_bounded() {
    let (network, alpha, beta, id) = connected().await;
    let mut refused = Vec::new();
    for name in ["plans", "ext-written", "ext-read", "ext-team", "ext-more"] {
        refused.push(alpha.channel(name, &[]).await);
    }
    let [plans, written, read, team, more]: [ChannelId; 5] = refused.try_into().unwrap();
    rule(&alpha, &id, |rules| rules.share_channels = BTreeSet::from(["ext-*".to_owned()])).await;
    forbids(try_share(&alpha, &id, &plans, false).await, Rule::ShareChannels);
    share(&alpha, &beta, &written, &id).await;

    rule(&alpha, &id, |rules| rules.participation = false).await;
    forbids(try_share(&alpha, &id, &read, false).await, Rule::Participation);
    crate::harness::share_read_only(&alpha, &beta, &read, &id).await;
    let writing = Invitation { convert: true, ..Invitation::default() };
    let converted = shares::invite(alpha.app(), &alpha.admin.actor, &read, &id, writing).await;
    forbids(converted, Rule::Participation);

    let other = TeamId::from_random([9; 16]);
    rule(&alpha, &id, |rules| rules.share_teams = BTreeSet::from([other])).await;
    forbids(try_share(&alpha, &id, &team, true).await, Rule::ShareTeams);
    let own = alpha.team;
    rule(&alpha, &id, |rules| rules.share_teams = BTreeSet::from([other, own])).await;
    try_share(&alpha, &id, &team, true).await.unwrap();

    rule(&alpha, &id, |rules| rules.max_channels = Some(3)).await;
    forbids(try_share(&alpha, &id, &more, true).await, Rule::MaxChannels);
    let invitations = network.log().into_iter().filter(|sent| sent.topic == "sharedchannel_invite");
    let offered: Vec<String> =
        invitations.map(|sent| sent.payload["channel_id"].as_str().unwrap().to_owned()).collect();
    assert!(!offered.contains(&plans.to_string()) && !offered.contains(&more.to_string()), "{offered:?}");
    rule(&alpha, &id, |rules| rules.max_channels = Some(4)).await;
    crate::harness::share_read_only(&alpha, &beta, &more, &id).await;
    // What was shared before stays shared.
    let said = alpha.post(&alpha.admin, &written, "still here").await;
    beta.arrives(&said.id).await;
    noted(&alpha, "change_policy", "ok", "beta: max_channels").await;
}

/// Behaviour 8.6: what a peer offers comes by itself, waits or is refused, whatever the setting of the server says; no more
/// than may be.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_peer_offers_is_bounded() {
    let (_, alpha, beta, id) = connected().await;
    rule(&beta, &id, |rules| rules.incoming = Some(Incoming::None)).await;
    let first = alpha.channel("first", &[]).await;
    try_share(&alpha, &id, &first, false).await.unwrap();
    noted(&beta, "frame_refused", "policy", "sharedchannel_invite incoming").await;
    assert_eq!(beta.channel_row(&first).await, None);

    rule(&beta, &id, |rules| rules.incoming = Some(Incoming::Approval)).await;
    let second = alpha.channel("second", &[]).await;
    try_share(&alpha, &id, &second, false).await.unwrap();
    eventually("it waits", async || {
        let waiting = share_requests::list(&mut beta.view().await, &id).await.unwrap();
        waiting.into_iter().find(|one| one.channel_id == second && one.reason == shares::APPROVAL)
    })
    .await;
    assert_eq!(beta.channel_row(&second).await, None);
    rule(&beta, &id, |rules| rules.incoming = Some(Incoming::None)).await;
    let approved = shares::approve(beta.app(), &beta.admin.actor, &id, &second, None).await;
    assert!(matches!(approved, Err(shares::Error::Policy(Rule::Incoming))), "{approved:?}");
    rule(&beta, &id, |rules| rules.incoming = Some(Incoming::Approval)).await;
    shares::approve(beta.app(), &beta.admin.actor, &id, &second, None).await.unwrap();
    assert!(beta.channel_row(&second).await.is_some());

    let mut settings = (*beta.app().settings.get()).clone();
    settings.workspaces.require_channel_approval = true;
    beta.app().settings.set(settings);
    rule(&beta, &id, |rules| rules.incoming = Some(Incoming::Automatic)).await;
    let third = alpha.channel("third", &[]).await;
    share(&alpha, &beta, &third, &id).await;

    rule(&beta, &id, |rules| rules.max_channels = Some(2)).await;
    let fourth = alpha.channel("fourth", &[]).await;
    try_share(&alpha, &id, &fourth, false).await.unwrap();
    noted(&beta, "frame_refused", "policy", "sharedchannel_invite max_channels").await;
    assert_eq!(beta.channel_row(&fourth).await, None);
}

async fn open(server: &Server, who: &Person, with: &Person) -> Result<rialto_model::Channel, direct_channels::Error> {
    server.tick();
    direct_channels::open(server.app(), &who.actor, &who.user.id, &with.user.id).await
}

async fn open_group(
    server: &Server,
    who: &Person,
    with: &[&Person],
) -> Result<rialto_model::Channel, direct_channels::Error> {
    server.tick();
    let people: Vec<_> = with.iter().map(|person| person.user.id).collect();
    direct_channels::open_group(server.app(), &who.actor, &people).await
}

/// Behaviour 8.6: direct and group messages, each by itself: nobody here opens or writes one, and none is taken.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conversations_are_allowed_by_their_kind() {
    let Pair { alpha, beta, remote, channel, ann, bob, .. } = Pair::new().await;
    let amy = alpha.person("amy").await;
    alpha.join(&amy, &channel).await;
    for (server, person) in [(&beta, &ann), (&beta, &amy), (&alpha, &bob)] {
        eventually("they know each other", async || server.user(&person.user.id).await).await;
    }
    let talk = open(&alpha, &ann, &bob).await.unwrap();
    let said = alpha.post(&ann, &talk.id, "hello").await;
    beta.arrives(&said.id).await;

    rule(&beta, &remote, |rules| rules.direct_messages = false).await;
    match open(&beta, &bob, &amy).await {
        Err(direct_channels::Error::Unreachable(Unreachable::Policy(name, Rule::DirectMessages))) => {
            assert_eq!(name, "Alpha");
        }
        other => panic!("it is open: {other:?}"),
    }
    let new = NewPost { message: "may I?".to_owned(), ..NewPost::default() };
    let refused = posts::create(beta.app(), &bob.actor, &talk.id, new).await.unwrap_err();
    assert!(refused.to_string().contains("direct_messages"), "{refused}");
    // Alpha cannot know yet, and is refused: what belongs to the conversation, and another one.
    let late = alpha.post(&ann, &talk.id, "are you there?").await;
    noted(&beta, "sync_refused", "refused", "post policy").await;
    assert_eq!(beta.post_row(&late.id).await, None);
    let other = open(&alpha, &amy, &bob).await.unwrap();
    alpha.post(&amy, &other.id, "are you?").await;
    noted(&beta, "frame_refused", "policy", "sharedchannel_invite direct_messages").await;
    assert_eq!(beta.channel_row(&other.id).await, None);

    // Groups are another rule.
    let group = open_group(&alpha, &ann, &[&amy, &bob]).await.unwrap();
    let shout = alpha.post(&ann, &group.id, "hello all").await;
    beta.arrives(&shout.id).await;
    rule(&beta, &remote, |rules| (rules.direct_messages, rules.group_messages) = (true, false)).await;
    let carl = beta.person("carl").await;
    match open_group(&beta, &bob, &[&carl, &ann]).await {
        Err(direct_channels::Error::Unreachable(Unreachable::Policy(_, Rule::GroupMessages))) => {}
        other => panic!("it is open: {other:?}"),
    }
    let back = beta.post(&bob, &talk.id, "here I am").await;
    alpha.arrives(&back.id).await;
    let more = alpha.post(&ann, &group.id, "hello again").await;
    eventually("the group takes nothing", async || {
        let lines = audit::list(beta.app(), &beta.admin.actor, None, 0, 200).await.unwrap();
        lines.into_iter().find(|line| line.channel == group.id.as_str() && line.detail.contains("post policy"))
    })
    .await;
    assert_eq!(beta.post_row(&more.id).await, None);
}

async fn upload(server: &Server, who: &Person, channel: &ChannelId, name: &str, size: usize) -> FileId {
    let bytes = Bytes::from(vec![7; size]);
    files::take_bytes(server.app(), &who.actor, channel, name, bytes).await.unwrap().id
}

async fn post_with(server: &Server, who: &Person, channel: &ChannelId, ids: Vec<FileId>) -> Post {
    server.tick();
    let new = NewPost { message: "see this".to_owned(), file_ids: ids, ..NewPost::default() };
    posts::create(server.app(), &who.actor, channel, new).await.unwrap()
}

async fn has(server: &Server, who: &Person, file: &FileId) -> Option<()> {
    files::open(server.app(), &who.actor, file).await.ok().map(drop)
}

/// Behaviour 8.6, M-17: files by size and kind or none at all, outwards and inwards; messages arrive, and authors hear of the
/// rule.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_cross_as_the_rules_of_either_side_say() {
    let pair = Pair::new().await;
    let Pair { alpha, beta, remote, channel, ann, bob, .. } = &pair;
    // Inwards.
    rule(beta, remote, |rules| {
        rules.max_file_size = Some(1_000);
        rules.blocked_file_types = BTreeSet::from(["exe".to_owned()]);
    })
    .await;
    let large = upload(alpha, ann, channel, "large.bin", 1_001).await;
    let blocked = upload(alpha, ann, channel, "setup.exe", 10).await;
    let fine = upload(alpha, ann, channel, "fine.bin", 1_000).await;
    let post = post_with(alpha, ann, channel, vec![large, blocked, fine]).await;
    beta.arrives(&post.id).await;
    eventually("the one that fits arrives", async || has(beta, bob, &fine).await).await;
    noted(beta, "frame_refused", "policy", "sharedchannel_upload").await;
    assert!(has(beta, bob, &large).await.is_none() && has(beta, bob, &blocked).await.is_none());

    // Outwards.
    let mut told = alpha.app().bus.volatile();
    rule(alpha, remote, |rules| rules.blocked_file_types = BTreeSet::from(["txt".to_owned()])).await;
    let secret = upload(alpha, ann, channel, "secret.txt", 10).await;
    let open = upload(alpha, ann, channel, "open.bin", 10).await;
    let start = pair.network.count();
    let post = post_with(alpha, ann, channel, vec![secret, open]).await;
    assert_eq!(beta.arrives(&post.id).await.file_ids, [open]);
    eventually("what may go goes", async || has(beta, bob, &open).await).await;
    let message = loop {
        if let Volatile::Ephemeral { message, .. } = told.recv().await.unwrap()
            && message.contains("secret.txt")
        {
            break message;
        }
    };
    assert!(message.contains("blocked_file_types"), "{message}");
    let announced = |sent: &crate::harness::Sent| sent.payload["filename"] == "secret.txt";
    assert!(!pair.network.log()[start..].iter().any(announced), "its name has not left");

    rule(alpha, remote, |rules| rules.files = false).await;
    let none = upload(alpha, ann, channel, "none.bin", 10).await;
    let post = post_with(alpha, ann, channel, vec![none]).await;
    assert_eq!(beta.arrives(&post.id).await.file_ids, []);
    rule(alpha, remote, |rules| *rules = ConnectionPolicy::default()).await;
    let all = upload(alpha, ann, channel, "all.txt", 10).await;
    post_with(alpha, ann, channel, vec![all]).await;
    eventually("without rules everything goes", async || has(beta, bob, &all).await).await;
}

async fn presence(server: &Server, who: &Person) -> Option<String> {
    Some(statuses::get(server.app(), &who.user.id).await.ok()?.status)
}

/// Behaviour 8.6, E-108: presence is neither sent nor taken nor shown over a connection whose rules do not allow it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn presence_is_exchanged_where_the_rules_allow_it() {
    let Pair { network, alpha, beta, remote, channel, ann, bob } = Pair::new().await;
    statuses::set(alpha.app(), &ann.actor, &ann.user.id, Presence::Away, 0).await.unwrap();
    eventually("it is exchanged", async || presence(&beta, &ann).await.filter(|word| word == "away")).await;
    rule(&alpha, &remote, |rules| rules.presence = false).await;
    let start = network.count();
    statuses::set(alpha.app(), &ann.actor, &ann.user.id, Presence::DoNotDisturb, 4_000_000_000).await.unwrap();
    statuses::set(beta.app(), &bob.actor, &bob.user.id, Presence::Away, 0).await.unwrap();
    settle(&[&alpha, &beta], &channel).await;
    let told = |from: &str| {
        let log = network.log();
        let list = |sent: &crate::harness::Sent| sent.payload["statuses"].as_array().is_some_and(|one| !one.is_empty());
        log[start..].iter().filter(|sent| sent.from == from && list(sent)).count()
    };
    assert_eq!(told("alpha"), 0, "alpha tells nothing");
    assert!(told("beta") > 0, "beta does");
    let row = rialto_store::statuses::list(&mut alpha.view().await, &[bob.user.id]).await.unwrap();
    assert!(row.iter().all(|status| status.status != "away"), "and alpha does not take it");
    assert_eq!(presence(&alpha, &bob).await.as_deref(), Some("offline"));
    rule(&alpha, &remote, |rules| rules.presence = true).await;
    statuses::set(alpha.app(), &ann.actor, &ann.user.id, Presence::Away, 0).await.unwrap();
    statuses::set(alpha.app(), &ann.actor, &ann.user.id, Presence::DoNotDisturb, 4_000_000_000).await.unwrap();
    eventually("it is told again", async || presence(&beta, &ann).await.filter(|word| word == "dnd")).await;
}

/// Behaviour 8.6: a peer's `@channel` calls people here unless a rule says no; whoever is named is called.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_is_called_where_the_rules_allow_it() {
    let Pair { alpha, beta, remote, channel, ann, bob, .. } = Pair::new().await;
    let count = async || {
        let member = channel_members::get(beta.app(), &bob.actor, &channel, &bob.user.id).await.unwrap();
        member.mention_count
    };
    let first = alpha.post(&ann, &channel, "@channel, lunch").await;
    beta.arrives(&first.id).await;
    assert_eq!(count().await, 1);
    rule(&beta, &remote, |rules| rules.channel_mentions = false).await;
    let second = alpha.post(&ann, &channel, "@channel, dinner").await;
    beta.arrives(&second.id).await;
    assert_eq!(count().await, 1);
    let third = alpha.post(&ann, &channel, "@bob:beta, come").await;
    beta.arrives(&third.id).await;
    assert_eq!(count().await, 2);
}

/// Behaviour 8.6, 8.1: earlier messages are sent and taken where the rules allow it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn history_goes_where_the_rules_allow_it() {
    let (_, alpha, beta, id) = connected().await;
    let mut settings = (*alpha.app().settings.get()).clone();
    settings.workspaces.history_max = Some(History::All);
    alpha.app().settings.set(settings);
    let channel = alpha.channel("plans", &[]).await;
    let old = alpha.post(&alpha.admin, &channel, "long ago").await;
    let ask = async || {
        alpha.tick();
        let invitation = Invitation { history: Some(History::All), ..Invitation::default() };
        shares::invite(alpha.app(), &alpha.admin.actor, &channel, &id, invitation).await
    };
    rule(&alpha, &id, |rules| rules.history = false).await;
    forbids(ask().await, Rule::History);
    rule(&alpha, &id, |rules| rules.history = true).await;
    rule(&beta, &id, |rules| rules.history = false).await;
    ask().await.unwrap();
    noted(&beta, "frame_refused", "policy", "sharedchannel_sync").await;
    // Alpha has heard of it; before, what it asks for anew would be taken for what was refused.
    let asked = alpha.live_share(&channel, &id).await.unwrap();
    eventually("alpha stops", async || {
        let row = backfills::get(&mut alpha.view().await, &asked.id).await.unwrap();
        row.filter(|row| row.state == BackfillState::Refused)
    })
    .await;
    assert_eq!(beta.post_row(&old.id).await, None);
    rule(&beta, &id, |rules| rules.history = true).await;
    ask().await.unwrap();
    beta.arrives(&old.id).await;
}

/// Behaviour 8.6: no more of a peer's people are kept than may be; whoever is known goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_of_a_peer_are_bounded() {
    let Pair { alpha, beta, remote, channel, ann, .. } = Pair::new().await.settled().await;
    let known = rialto_store::policies::count_people(&mut beta.view().await, &remote).await.unwrap();
    rule(&beta, &remote, |rules| rules.max_users = Some(known)).await;
    let amy = alpha.person("amy").await;
    alpha.join(&amy, &channel).await;
    noted(&beta, "sync_refused", "refused", "user policy").await;
    let said = alpha.post(&ann, &channel, "I am known").await;
    beta.arrives(&said.id).await;
    assert_eq!(beta.user(&amy.user.id).await, None);
    rule(&beta, &remote, |rules| rules.max_users = Some(known + 1)).await;
    let hers = alpha.post(&amy, &channel, "may I come in?").await;
    beta.arrives(&hers.id).await;
    assert!(beta.user(&amy.user.id).await.is_some());
}

fn discovers(settings: &mut rialto_app::Settings) {
    settings.workspaces.discovery = true;
    settings.workspaces.offer_people = true;
    settings.workspaces.ping_seconds = 1;
}

/// Behaviour 8.6, AT-23: people outside shared channels are neither offered to nor taken from a peer where a rule says no,
/// and the peer is told so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_are_discovered_where_the_rules_allow_it() {
    let network = Network::new();
    let alpha = Server::with(&network, "alpha", 1, discovers).await;
    let beta = Server::with(&network, "beta", 2, discovers).await;
    let (ann, bob) = (alpha.person("ann").await, beta.person("bob").await);
    let id = trust(&alpha, &beta).await;
    rule(&beta, &id, |rules| rules.discovery = false).await;
    eventually("alpha hears what beta can do", async || {
        let remote = alpha.remote(&id).await;
        (remote.has("share") && !remote.has("discovery")).then_some(())
    })
    .await;
    // A pair of pings more: whatever was on its way before the rule has arrived.
    let seen = network.count();
    eventually("they have pinged", async || {
        let pings = network.log()[seen..].iter().filter(|sent| sent.topic == "ping").count();
        (pings >= 4).then_some(())
    })
    .await;
    assert_eq!(alpha.user(&bob.user.id).await, None, "beta offers nobody");
    rule(&beta, &id, |rules| rules.discovery = true).await;
    eventually("now it does", async || alpha.user(&bob.user.id).await).await;
    eventually("and takes people", async || beta.user(&ann.user.id).await).await;
}
