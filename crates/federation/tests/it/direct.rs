//! Direct and group messages between people of different servers.

use rialto_app::shares::direct::Unreachable;
use rialto_app::{Denied, direct_channels, posts};
use rialto_model::{Channel, RemoteId, ShareState, UserId};
use rialto_store::Db;
use rialto_store::testing::both;
use rialto_wire::federation::topic;

use crate::harness::{Fault, Network, Pair, Person, Server, connect, eventually, newest_share, settle, share};

/// Ann and Bob, who know each other from the channel.
async fn pair() -> Pair {
    introduced(Pair::unshared().await).await
}

async fn introduced(pair: Pair) -> Pair {
    let pair = pair.shared().await;
    pair.alpha.knows(&pair.bob.user.id).await;
    pair.beta.knows(&pair.ann.user.id).await;
    pair
}

/// Makes two people known to each other's servers by a shared channel.
async fn meet(home: &Server, guest: &Server, remote: &RemoteId, one: &Person, other: &Person) {
    let channel = home.channel(&format!("meeting-of-{}", guest.name), &[one]).await;
    share(home, guest, &channel, remote).await;
    guest.join(other, &channel).await;
    home.knows(&other.user.id).await;
    guest.knows(&one.user.id).await;
}

impl Server {
    /// Waits until somebody of another server has an account here.
    async fn knows(&self, person: &UserId) {
        eventually("the person is known", async || self.user(person).await).await;
    }

    async fn open(&self, who: &Person, with: &UserId) -> Result<Channel, direct_channels::Error> {
        self.tick();
        direct_channels::open(self.app(), &who.actor, &who.user.id, with).await
    }

    async fn group(&self, who: &Person, with: &[UserId]) -> Result<Channel, direct_channels::Error> {
        self.tick();
        direct_channels::open_group(self.app(), &who.actor, with).await
    }

    async fn may_message(&self, who: &Person, other: &UserId) -> bool {
        direct_channels::can_message(self.app(), &who.actor, other).await.unwrap()
    }

    /// Tries to write, and is refused.
    async fn closed(&self, who: &Person, channel: &Channel) -> Unreachable {
        self.tick();
        let new = posts::NewPost { message: "is anybody there?".to_owned(), ..posts::NewPost::default() };
        match posts::create(self.app(), &who.actor, &channel.id, new).await {
            Err(posts::Error::Denied(Denied::Closed(why))) => why,
            other => panic!("it was not closed: {other:?}"),
        }
    }

    /// Switches direct messages on or off, as an administrator does while the server runs.
    fn direct_messages(&self, on: bool) {
        let mut settings = (*self.app().settings.get()).clone();
        settings.workspaces.direct_messages = on;
        self.app().settings.set(settings);
    }
}

fn both_said(one: (&str, &str), other: (&str, &str)) -> Vec<(String, String)> {
    [one, other].map(|(who, what)| (who.to_owned(), what.to_owned())).to_vec()
}

/// AT-15.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_to_somebody_of_another_server_is_one_conversation_on_both() {
    let Pair { alpha, beta, remote, ann, bob, .. } = pair().await;
    let here = alpha.open(&ann, &bob.user.id).await.unwrap();
    let hello = alpha.post(&ann, &here.id, "hello Bob").await;
    beta.arrives(&hello.id).await;
    let there = beta.channel_row(&here.id).await.unwrap();
    assert_eq!((there.kind, &there.name, there.team_id), (here.kind, &here.name, None));
    assert_eq!((here.origin, there.origin), (None, Some(remote)));
    assert!(here.shared && there.shared);
    assert_eq!(there.creator_id, Some(ann.user.id));
    let answer = beta.post(&bob, &here.id, "hello Ann").await;
    alpha.arrives(&answer.id).await;
    beta.react(&bob, &hello.id, "wave").await;
    eventually("the reaction is there", async || (!alpha.reactions(&hello.id).await.is_empty()).then_some(())).await;
    assert_eq!(beta.members(&here.id).await, ["ann:alpha", "bob"]);
    assert_eq!(alpha.members(&here.id).await, ["ann", "bob:beta"]);
    let same = beta.open(&bob, &ann.user.id).await.unwrap();
    assert_eq!(same.id, here.id, "he finds the one she opened");
    assert!(beta.notices(&here.id).await.is_empty() && alpha.notices(&here.id).await.is_empty());
}

/// E-111.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_not_known_there_is_introduced_before_the_first_word() {
    let Pair { network, alpha, beta, bob, .. } = pair().await;
    let cem = alpha.person("cem").await;
    let channel = alpha.open(&cem, &bob.user.id).await.unwrap();
    let hello = alpha.post(&cem, &channel.id, "you do not know me").await;
    beta.arrives(&hello.id).await;
    let known = beta.user(&cem.user.id).await.unwrap();
    assert_eq!((known.username.as_str(), known.nickname.as_str()), ("cem:alpha", "The cem"));
    let log = network.log();
    let offer = log.iter().find(|sent| sent.payload["channel_id"] == channel.id.as_str()).unwrap();
    assert_eq!(offer.topic, topic::CHANNEL_INVITE);
    assert_eq!(offer.ids("direct_participants"), [cem.user.id.as_str()], "only who is not the peer's own");
}

/// SC-095, E-110.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_first_opened_during_an_outage_arrives_after_it() {
    let Pair { network, alpha, beta, ann, bob, .. } = pair().await;
    network.fail(|sent| (sent.to == "beta").then_some(Fault::Refused));
    let channel = alpha.open(&ann, &bob.user.id).await.unwrap();
    let mut said = Vec::new();
    for n in 0..5 {
        said.push(alpha.post(&ann, &channel.id, &format!("waiting {n}")).await);
    }
    assert_eq!(alpha.texts(&channel.id).await.len(), 5, "it can be used at once");
    eventually("the offer was tried", async || {
        network
            .log()
            .iter()
            .any(|sent| {
                sent.topic == topic::CHANNEL_INVITE
                    && sent.fault.is_some()
                    && sent.payload["channel_id"] == channel.id.as_str()
            })
            .then_some(())
    })
    .await;
    assert_eq!(beta.channel_row(&channel.id).await, None);
    network.heal();
    beta.arrives(&said[4].id).await;
    let texts: Vec<_> = beta.texts(&channel.id).await.into_iter().map(|(_, text)| text).collect();
    assert_eq!(texts, ["waiting 0", "waiting 1", "waiting 2", "waiting 3", "waiting 4"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_offer_the_peer_cannot_take_yet_holds_back_what_was_written() {
    let Pair { network, alpha, beta, ann, bob, .. } = pair().await;
    network.fail(|sent| (sent.topic == topic::CHANNEL_INVITE).then_some(Fault::Status(503)));
    let channel = alpha.open(&ann, &bob.user.id).await.unwrap();
    let said = alpha.post(&ann, &channel.id, "patience").await;
    eventually("the offer was tried", async || {
        network.log().iter().any(|sent| sent.topic == topic::CHANNEL_INVITE && sent.fault.is_some()).then_some(())
    })
    .await;
    network.heal();
    beta.arrives(&said.id).await;
}

/// E-112.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_who_open_it_at_once_have_one_conversation() {
    both(async |db: Db| {
        let network = Network::new();
        let (alpha, beta) = (Server::on(&network, "alpha", 1, db).await, Server::new(&network, "beta", 2).await);
        opened_at_once(introduced(Pair::of(network, alpha, beta).await).await).await;
    })
    .await;
    both(async |db: Db| {
        let network = Network::new();
        let (alpha, beta) = (Server::new(&network, "alpha", 1).await, Server::on(&network, "beta", 2, db).await);
        opened_at_once(introduced(Pair::of(network, alpha, beta).await).await).await;
    })
    .await;
}

async fn opened_at_once(pair: Pair) {
    let Pair { network, alpha, beta, remote, ann, bob, .. } = pair;
    // Neither hears of the other before both have written.
    network.fail(|_| Some(Fault::Refused));
    let (here, there) = (alpha.open(&ann, &bob.user.id).await.unwrap(), beta.open(&bob, &ann.user.id).await.unwrap());
    assert_eq!(here.id, there.id);
    let one = alpha.post(&ann, &here.id, "I was first").await;
    let other = beta.post(&bob, &there.id, "no, I was").await;
    network.heal();
    beta.arrives(&one.id).await;
    alpha.arrives(&other.id).await;
    settle(&[&alpha, &beta], &here.id).await;
    assert_eq!(alpha.texts(&here.id).await, both_said(("ann", "I was first"), ("bob:beta", "no, I was")));
    assert_eq!(beta.texts(&here.id).await, both_said(("ann:alpha", "I was first"), ("bob", "no, I was")));
    for server in [&alpha, &beta] {
        assert_eq!(server.live_share(&here.id, &remote).await.unwrap().state, ShareState::Active);
        assert_eq!(server.notices(&here.id).await, Vec::<String>::new());
    }
}

/// E-113.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_that_has_them_off_is_not_asked() {
    let network = Network::new();
    let alpha = Server::new(&network, "alpha", 1).await;
    let beta = Server::with(&network, "beta", 2, |settings| settings.workspaces.direct_messages = false).await;
    let Pair { alpha, beta, ann, bob, .. } = introduced(Pair::of(network, alpha, beta).await).await;
    assert!(!alpha.may_message(&ann, &bob.user.id).await);
    let refused = alpha.open(&ann, &bob.user.id).await.unwrap_err();
    let wanted = Unreachable::Refused("Beta".to_owned());
    assert!(matches!(refused, direct_channels::Error::Unreachable(why) if why == wanted));
    assert!(!beta.may_message(&bob, &ann.user.id).await);
    let refused = beta.open(&bob, &ann.user.id).await.unwrap_err();
    assert!(matches!(refused, direct_channels::Error::Unreachable(Unreachable::Off)));
    // Switched on while both run, they are usable as soon as alpha has heard.
    beta.direct_messages(true);
    let channel = beta.open(&bob, &ann.user.id).await.unwrap();
    let said = beta.post(&bob, &channel.id, "now I may").await;
    alpha.arrives(&said.id).await;
}

/// E-113.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_closes_the_conversation_and_says_that_nothing_arrived() {
    let Pair { alpha, beta, remote, ann, bob, .. } = pair().await;
    // Alpha has not heard of it yet.
    beta.direct_messages(false);
    let channel = alpha.open(&ann, &bob.user.id).await.unwrap();
    eventually("the offer is refused", async || {
        (newest_share(&alpha, &channel.id, &remote).await.state == ShareState::Failed).then_some(())
    })
    .await;
    let notices = alpha.notices(&channel.id).await;
    assert!(notices.iter().any(|text| text.contains("**Beta**") && text.contains("not delivered")), "{notices:?}");
    assert_eq!(alpha.closed(&ann, &channel).await, Unreachable::Refused("Beta".to_owned()));
    assert!(!alpha.may_message(&ann, &bob.user.id).await);
    assert_eq!(beta.channel_row(&channel.id).await, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn switching_them_off_closes_what_there_is_and_takes_nothing_more() {
    let Pair { alpha, beta, ann, bob, .. } = pair().await;
    let channel = alpha.open(&ann, &bob.user.id).await.unwrap();
    let said = alpha.post(&ann, &channel.id, "before").await;
    beta.arrives(&said.id).await;
    beta.direct_messages(false);
    assert_eq!(beta.closed(&bob, &channel).await, Unreachable::Off);
    let in_vain = alpha.post(&ann, &channel.id, "after").await;
    eventually("the message is refused", async || {
        let refused = rialto_app::outbox::refused(alpha.app(), &beta_of(&alpha).await).await.unwrap();
        refused.iter().any(|failure| failure.item == rialto_app::outbox::Item::Post(in_vain.id)).then_some(())
    })
    .await;
    assert_eq!(beta.post_row(&in_vain.id).await, None);
    assert_eq!(beta.texts(&channel.id).await.len(), 1, "what was said can be read");
}

/// The one connection a server has.
async fn beta_of(server: &Server) -> RemoteId {
    rialto_app::connections::list_live(server.app()).await.unwrap()[0].id
}

/// E-114.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn removing_the_connection_closes_it_and_a_new_connection_opens_it_again() {
    let Pair { alpha, beta, remote, ann, bob, .. } = pair().await;
    let channel = alpha.open(&ann, &bob.user.id).await.unwrap();
    let said = alpha.post(&ann, &channel.id, "before").await;
    beta.arrives(&said.id).await;
    alpha.tick();
    let removed =
        rialto_federation::connections::remove(alpha.federation(), &alpha.admin.actor, &remote).await.unwrap();
    assert_eq!(removed.told, Some(true));
    for (server, person, other) in [(&alpha, &ann, "Beta"), (&beta, &bob, "Alpha")] {
        assert_eq!(server.closed(person, &channel).await, Unreachable::Ended(other.to_owned()));
        assert_eq!(server.texts(&channel.id).await.len(), 1, "what was said stays");
        assert_eq!(server.members(&channel.id).await.len(), 2, "and so does with whom");
        assert!(server.notices(&channel.id).await.iter().any(|text| text.contains("cannot go on")));
    }
    assert!(!alpha.may_message(&ann, &bob.user.id).await);
    let again = connect(&alpha, &beta).await;
    for (server, person) in [(&alpha, &bob), (&beta, &ann)] {
        eventually("the same people", async || {
            let user = server.user(&person.user.id).await?;
            (user.remote_id == Some(again) && user.delete_at.is_none()).then_some(())
        })
        .await;
    }
    let back = beta.post(&bob, &channel.id, "there you are").await;
    alpha.arrives(&back.id).await;
    let answer = alpha.post(&ann, &channel.id, "here I am").await;
    beta.arrives(&answer.id).await;
    settle(&[&alpha, &beta], &channel.id).await;
    assert_eq!(alpha.texts(&channel.id).await, beta_view(&beta, &channel).await);
}

/// What beta's people read, by the names alpha's know them by.
async fn beta_view(beta: &Server, channel: &Channel) -> Vec<(String, String)> {
    let names = |name: String| match name.as_str() {
        "ann:alpha" => "ann".to_owned(),
        name => format!("{name}:beta"),
    };
    beta.texts(&channel.id).await.into_iter().map(|(who, what)| (names(who), what)).collect()
}

/// E-085.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_writes_to_people_known_through_others_only() {
    let network = Network::new();
    let hub = Server::new(&network, "hub", 1).await;
    let (beta, gamma) = (Server::new(&network, "beta", 2).await, Server::new(&network, "gamma", 3).await);
    let (ann, bob, cem) = (hub.person("ann").await, beta.person("bob").await, gamma.person("cem").await);
    let (to_beta, to_gamma) = (connect(&hub, &beta).await, connect(&hub, &gamma).await);
    let channel = hub.channel("plans", &[&ann]).await;
    share(&hub, &beta, &channel, &to_beta).await;
    share(&hub, &gamma, &channel, &to_gamma).await;
    beta.join(&bob, &channel).await;
    gamma.join(&cem, &channel).await;
    beta.knows(&cem.user.id).await;
    assert!(!beta.may_message(&bob, &cem.user.id).await);
    let refused = beta.open(&bob, &cem.user.id).await.unwrap_err();
    assert!(matches!(refused, direct_channels::Error::Unreachable(Unreachable::NotConnected)), "{refused}");
    beta.knows(&ann.user.id).await;
    assert!(beta.may_message(&bob, &ann.user.id).await);
}

/// E-115.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_goes_through_the_server_of_who_opened_it() {
    let network = Network::new();
    let hub = Server::new(&network, "hub", 1).await;
    let (beta, gamma) = (Server::new(&network, "beta", 2).await, Server::new(&network, "gamma", 3).await);
    let (ann, bob, cem) = (hub.person("ann").await, beta.person("bob").await, gamma.person("cem").await);
    let (to_beta, to_gamma) = (connect(&hub, &beta).await, connect(&hub, &gamma).await);
    meet(&hub, &beta, &to_beta, &ann, &bob).await;
    meet(&hub, &gamma, &to_gamma, &ann, &cem).await;
    let group = hub.group(&ann, &[bob.user.id, cem.user.id]).await.unwrap();
    let hello = hub.post(&ann, &group.id, "hello all").await;
    beta.arrives(&hello.id).await;
    gamma.arrives(&hello.id).await;
    let answer = beta.post(&bob, &group.id, "hello from beta").await;
    assert_eq!(gamma.arrives(&answer.id).await.remote_id, Some(to_gamma), "the hub passes it on");
    assert_eq!(hub.members(&group.id).await, ["ann", "bob:beta", "cem:gamma"]);
    assert_eq!(beta.members(&group.id).await, ["ann:hub", "bob", "cem:gamma"]);
    assert_eq!(gamma.members(&group.id).await, ["ann:hub", "bob:beta", "cem"]);
    // With beta away the other two go on (E-115).
    network.fail(|sent| (sent.to == "beta").then_some(Fault::Refused));
    let more = gamma.post(&cem, &group.id, "without Bob for now").await;
    hub.arrives(&more.id).await;
    let reply = hub.post(&ann, &group.id, "yes").await;
    gamma.arrives(&reply.id).await;
    network.heal();
    beta.arrives(&more.id).await;
    beta.arrives(&reply.id).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_opened_by_two_at_once_is_one_group() {
    let Pair { network, alpha, beta, ann, bob, .. } = pair().await;
    let dora = alpha.person("dora").await;
    let channel = alpha.open(&dora, &bob.user.id).await.unwrap();
    let known = alpha.post(&dora, &channel.id, "I am Dora").await;
    beta.arrives(&known.id).await;
    network.fail(|_| Some(Fault::Refused));
    let here = alpha.group(&ann, &[bob.user.id, dora.user.id]).await.unwrap();
    let there = beta.group(&bob, &[ann.user.id, dora.user.id]).await.unwrap();
    assert_eq!(here.id, there.id);
    let one = alpha.post(&ann, &here.id, "one").await;
    let two = beta.post(&bob, &here.id, "two").await;
    network.heal();
    beta.arrives(&one.id).await;
    alpha.arrives(&two.id).await;
    settle(&[&alpha, &beta], &here.id).await;
    assert_eq!((alpha.texts(&here.id).await.len(), beta.texts(&here.id).await.len()), (2, 2));
}

/// E-116.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_deactivated_is_not_written_to() {
    let Pair { alpha, beta, ann, bob, .. } = pair().await;
    let channel = alpha.open(&ann, &bob.user.id).await.unwrap();
    let said = alpha.post(&ann, &channel.id, "see you").await;
    beta.arrives(&said.id).await;
    beta.tick();
    rialto_app::users::set_active(beta.app(), &beta.admin.actor, &bob.user.id, false).await.unwrap();
    // The next word of beta's in any channel of theirs shows it; a profile change goes by itself.
    eventually("alpha knows", async || {
        alpha.user(&bob.user.id).await.filter(|user| user.delete_at.is_some()).map(|_| ())
    })
    .await;
    assert_eq!(alpha.closed(&ann, &channel).await, Unreachable::Person);
    assert!(!alpha.may_message(&ann, &bob.user.id).await);
}
