//! People outside shared channels: offered where both sides want it, found and written to there, members of nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use rialto_app::discovery::{self, Which};
use rialto_app::posts::NewPost;
use rialto_app::users::{self, Find, ProfileChange};
use rialto_app::{Settings, direct_channels};
use rialto_model::{DomainEvent, MessageId, Millis, PeerProfile, RemoteId, Seq, User, UserId};
use rialto_store::testing::both;
use rialto_store::{Db, log, peer_positions, team_members};
use rialto_wire::federation::frame::Frame;
use rialto_wire::site_url::SiteUrl;
use serde_json::{Value, json};

use crate::harness::{Fault, Network, Pair, Person, Sent, Server, eventually, share, transport, trust};

const TOPIC: &str = "sharedchannel_global_user_sync";

fn discovers(settings: &mut Settings) {
    settings.workspaces.discovery = true;
    settings.workspaces.offer_people = true;
    settings.workspaces.ping_seconds = 1;
}

/// Changes settings while the server runs.
fn turn(server: &Server, change: impl FnOnce(&mut Settings)) {
    let mut settings = (*server.app().settings.get()).clone();
    change(&mut settings);
    server.app().settings.set(settings);
}

/// What one server offered another.
fn offers(network: &Network, from: &str, to: &str) -> Vec<Sent> {
    let log = network.log();
    log.into_iter().filter(|sent| sent.topic == TOPIC && sent.from == from && sent.to == to).collect()
}

/// Versions that were offered of each person, by name, in their order.
fn versions(network: &Network, from: &str, to: &str) -> BTreeMap<String, Vec<i64>> {
    let mut found = BTreeMap::<String, Vec<i64>>::new();
    for sent in offers(network, from, to) {
        for user in sent.payload["users"].as_object().unwrap().values() {
            let name = user["username"].as_str().unwrap().to_owned();
            found.entry(name).or_default().push(user["update_at"].as_i64().unwrap());
        }
    }
    found
}

async fn knows(server: &Server, id: &UserId) -> User {
    eventually("somebody is discovered", async || server.user(id).await).await
}

/// Waits until a server owes a peer nobody.
async fn all_offered(server: &Server, id: &RemoteId) {
    eventually("everybody is offered", async || {
        let remote = server.remote(id).await;
        let owed = discovery::owed(server.app(), &remote, Which::After(None), 100).await.unwrap();
        owed.is_empty().then_some(())
    })
    .await;
}

async fn rename(server: &Server, who: &Person, nickname: &str) {
    server.tick();
    let change = ProfileChange { nickname: Some(nickname.to_owned()), ..ProfileChange::default() };
    users::update(server.app(), &who.actor, &who.user.id, change).await.unwrap();
}

async fn called(server: &Server, id: &UserId, nickname: &str) {
    eventually("the profile follows", async || server.user(id).await.filter(|user| user.nickname == nickname)).await;
}

async fn find(server: &Server, who: &Person, term: &str) -> Vec<String> {
    let find = Find { term: term.to_owned(), limit: 10, ..Find::default() };
    let found = users::list(server.app(), &who.actor, &find).await.unwrap();
    found.into_iter().map(|user| user.username).collect()
}

/// AT-23, E-106, SC-104: on each database, everybody but integrations and deactivated people is found by the other side's
/// people, belongs to nothing, follows their profile and can be written to; everybody once in each version.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_of_a_peer_are_found_and_written_to() {
    both(async |db: Db| {
        let network = Network::new();
        let alpha = Server::on(&network, "alpha", 1, db).await;
        turn(&alpha, discovers);
        found_and_written_to(&network, alpha, Server::with(&network, "beta", 2, discovers).await).await;
    })
    .await;
    both(async |db: Db| {
        let network = Network::new();
        let beta = Server::on(&network, "beta", 2, db).await;
        turn(&beta, discovers);
        found_and_written_to(&network, Server::with(&network, "alpha", 1, discovers).await, beta).await;
    })
    .await;
}

async fn found_and_written_to(network: &Arc<Network>, alpha: Server, beta: Server) {
    let (ann, gone, carl) = (alpha.person("ann").await, alpha.person("gone").await, beta.person("carl").await);
    let bot = alpha.bot("robot").await;
    alpha.tick();
    users::set_active(alpha.app(), &alpha.admin.actor, &gone.user.id, false).await.unwrap();
    let id = trust(&alpha, &beta).await;
    let found = knows(&beta, &ann.user.id).await;
    assert_eq!((found.username.as_str(), found.remote_id), ("ann:alpha", Some(id)));
    assert_eq!(knows(&alpha, &carl.user.id).await.username, "carl:beta");
    all_offered(&alpha, &id).await;
    for nobody in [&gone.user.id, &bot.user.id, &alpha.app().system_user] {
        assert_eq!(beta.user(nobody).await, None);
    }
    assert_eq!(find(&beta, &carl, "ann").await, ["ann:alpha"]);
    let mut view = beta.view().await;
    assert!(team_members::list_of_user(&mut view, &ann.user.id).await.unwrap().is_empty());
    assert!(rialto_store::channels::list_of_user(&mut view, &ann.user.id, None, false).await.unwrap().is_empty());
    drop(view);

    rename(&alpha, &ann, "Annie").await;
    called(&beta, &ann.user.id, "Annie").await;
    let conversation = direct_channels::open(beta.app(), &carl.actor, &carl.user.id, &ann.user.id).await.unwrap();
    let new = NewPost { message: "pleased to meet you".to_owned(), ..Default::default() };
    let said = rialto_app::posts::create(beta.app(), &carl.actor, &conversation.id, new).await.unwrap();
    assert_eq!(alpha.arrives(&said.id).await.message, "pleased to meet you");

    users::set_active(alpha.app(), &alpha.admin.actor, &ann.user.id, false).await.unwrap();
    eventually("who has left is gone there too", async || {
        beta.user(&ann.user.id).await.filter(|user| user.delete_at.is_some())
    })
    .await;
    for (from, to) in [("alpha", "beta"), ("beta", "alpha")] {
        let told = versions(network, from, to);
        for (name, list) in &told {
            assert!(list.windows(2).all(|pair| pair[0] < pair[1]), "{name} twice: {list:?}");
            assert!(!name.contains(':'), "{name} is somebody else's");
        }
        for sent in offers(network, from, to) {
            assert_eq!(sent.payload["channel_id"], "");
            let members: Vec<&str> = sent.payload.as_object().unwrap().keys().map(String::as_str).collect();
            assert_eq!(members, ["channel_id", "id", "rialto", "users"]);
        }
    }
}

/// AT-23: in batches, people of one millisecond among them; what was not confirmed comes again, from a peer whose storage
/// fails as well as over a line that breaks; nobody is left out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn batches_go_on_where_they_were_not_confirmed() {
    let network = Network::new();
    let small = |settings: &mut Settings| {
        discovers(settings);
        settings.workspaces.discovery_batch = 2;
    };
    let alpha = Server::with(&network, "alpha", 1, small).await;
    let beta = Server::with(&network, "beta", 2, discovers).await;
    let mut people = Vec::new();
    for name in ["ann", "bea", "cay", "dee", "eve", "fay"] {
        people.push(alpha.person(name).await);
    }
    // All of one millisecond.
    let mut tx = alpha.app().db.begin(alpha.app().clock.now()).await.unwrap();
    for person in &people {
        let same = User { update_at: Millis(5_000), ..person.user.clone() };
        rialto_store::users::update(&mut tx, &same).await.unwrap();
    }
    tx.commit().await.unwrap();
    let mut tries = 0;
    network.fail(move |sent| {
        if sent.topic != TOPIC || sent.from != "alpha" {
            return None;
        }
        tries += 1;
        match tries {
            1 => Some(Fault::Status(503)),
            3 => Some(Fault::LostAnswer),
            4 => Some(Fault::Blank),
            _ => None,
        }
    });
    let id = trust(&alpha, &beta).await;
    for person in &people {
        knows(&beta, &person.user.id).await;
    }
    all_offered(&alpha, &id).await;
    let sent = offers(&network, "alpha", "beta");
    assert!(sent.iter().all(|sent| sent.payload["users"].as_object().unwrap().len() <= 2));
    // Seven people with the administrator, in four batches; three of them twice.
    assert_eq!(sent.len(), 7);
    let confirmed: Vec<_> = sent.iter().filter(|sent| sent.fault.is_none()).flat_map(|s| keys(&s.payload)).collect();
    assert_eq!(confirmed.len(), 7, "{confirmed:?}");
}

fn keys(payload: &Value) -> Vec<String> {
    payload["users"].as_object().unwrap().keys().cloned().collect()
}

/// AT-23: of three organisations each hears of its neighbours' own people only; one that is connected later is offered
/// everybody; whom a peer knows from a channel, or from several, it is not offered as well.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_organisation_speaks_for_its_own_people() {
    let network = Network::new();
    let alpha = Server::with(&network, "alpha", 1, discovers).await;
    let beta = Server::with(&network, "beta", 2, |settings| settings.workspaces.ping_seconds = 1).await;
    let (ann, amy, bob) = (alpha.person("ann").await, alpha.person("amy").await, beta.person("bob").await);
    let first = trust(&alpha, &beta).await;
    eventually("alpha knows beta", async || alpha.remote(&first).await.has("share").then_some(())).await;
    eventually("beta knows alpha", async || beta.remote(&first).await.has("share").then_some(())).await;
    for name in ["plans", "deeds"] {
        let channel = alpha.channel(name, &[&ann]).await;
        share(&alpha, &beta, &channel, &first).await;
        let said = alpha.post(&ann, &channel, "I am here").await;
        beta.arrives(&said.id).await;
    }
    assert!(offers(&network, "alpha", "beta").is_empty(), "beta does not say that it wants anybody");
    turn(&beta, discovers);
    knows(&beta, &amy.user.id).await;
    knows(&alpha, &bob.user.id).await;
    all_offered(&alpha, &first).await;
    // Its administrator is in the channels as well.
    assert_eq!(versions(&network, "alpha", "beta").keys().collect::<Vec<_>>(), ["amy"]);

    let gamma = Server::with(&network, "gamma", 3, discovers).await;
    let gus = gamma.person("gus").await;
    let second = trust(&beta, &gamma).await;
    knows(&gamma, &bob.user.id).await;
    knows(&beta, &gus.user.id).await;
    all_offered(&beta, &second).await;
    assert_eq!(versions(&network, "beta", "gamma").keys().collect::<Vec<_>>(), ["admin", "bob"]);
    assert_eq!(gamma.user(&ann.user.id).await, None);
    assert_eq!(alpha.user(&gus.user.id).await, None);
}

/// AT-23: what changes while the peer is away comes once, in its last version; offering everybody anew changes nothing
/// there and brings nothing back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_offer_is_continued_and_may_begin_anew() {
    let network = Network::new();
    let mut alpha = Server::with(&network, "alpha", 1, discovers).await;
    let mut beta = Server::with(&network, "beta", 2, discovers).await;
    let ann = alpha.person("ann").await;
    let id = trust(&alpha, &beta).await;
    knows(&beta, &ann.user.id).await;
    all_offered(&alpha, &id).await;
    beta.stop().await;
    for name in ["Anna", "Anne", "Annie"] {
        rename(&alpha, &ann, name).await;
    }
    beta.start().await;
    called(&beta, &ann.user.id, "Annie").await;
    all_offered(&alpha, &id).await;
    all_offered(&beta, &id).await;
    assert!(beta.user(&ann.user.id).await.unwrap().remote_update_at > Millis(0));

    let before = *beta.app().bus.settled().borrow();
    let returned = offers(&network, "beta", "alpha").len();
    let offered = offers(&network, "alpha", "beta").len();
    let mut tx = alpha.app().db.begin(alpha.app().clock.now()).await.unwrap();
    peer_positions::forget_given(&mut tx, &id, Millis(0)).await.unwrap();
    tx.commit().await.unwrap();
    alpha.stop().await;
    alpha.start().await;
    let ann = alpha.again(&ann).await;
    eventually("everybody is offered again", async || {
        (offers(&network, "alpha", "beta").len() > offered).then_some(())
    })
    .await;
    all_offered(&alpha, &id).await;
    rename(&alpha, &ann, "Ann again").await;
    called(&beta, &ann.user.id, "Ann again").await;
    let events = log::list(&mut beta.view().await, before, Seq(i64::MAX), 1_000).await.unwrap();
    let of_people =
        |event: &DomainEvent| matches!(event, DomainEvent::UserCreated { .. } | DomainEvent::UserUpdated { .. });
    assert_eq!(events.iter().filter(|one| of_people(&one.event)).count(), 1, "only the new name is news");
    assert_eq!(offers(&network, "beta", "alpha").len(), returned, "nothing comes back");
}

/// What a server answers to a message of a peer's.
async fn answer(network: &Arc<Network>, from: &Server, to: &Server, id: RemoteId, payload: &Value) -> (u16, Value) {
    let (_, token) = rialto_app::connections::peer_token(from.app(), &id).await.unwrap().unwrap();
    let frame = Frame::new(id, from.app().ids.id(MessageId::from_random), TOPIC, Millis(1), payload);
    let site = SiteUrl::parse(&to.site).unwrap();
    let response = transport::message(network, from.name, site, id, token, frame.to_json()).await.unwrap();
    (response.status, serde_json::from_slice(&response.body).unwrap_or_default())
}

fn person(id: &UserId, name: &str) -> Value {
    json!({"id": id, "username": name, "create_at": 1, "update_at": 2, "delete_at": 0})
}

fn offer(people: &[Value]) -> Value {
    let users: BTreeMap<String, Value> =
        people.iter().map(|one| (one["id"].as_str().unwrap().to_owned(), one.clone())).collect();
    json!({"id": "9p7ysy65k3ncjbi7msd4wc53ar", "channel_id": "", "users": users})
}

/// AT-23, E-135, INV-2: where it is off the answer is null; anything but people is refused; nobody but the peer's own people
/// is kept, and no more than one peer may bring.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_brings_nothing_but_its_own_people() {
    let network = Network::new();
    let alpha = Server::new(&network, "alpha", 1).await;
    let beta = Server::new(&network, "beta", 2).await;
    let gamma = Server::new(&network, "gamma", 3).await;
    let id = trust(&alpha, &beta).await;
    trust(&gamma, &beta).await;
    let [one, two, three, four, five, six] = std::array::from_fn(|_| alpha.app().ids.id(UserId::from_random));
    let say = async |payload: Value| answer(&network, &alpha, &beta, id, &payload).await;

    let (status, body) = say(offer(&[person(&one, "one")])).await;
    assert_eq!((status, &body["status"], &body["payload"]), (200, &json!("OK"), &Value::Null), "{body}");
    assert_eq!(beta.user(&one).await, None);
    turn(&beta, |settings| {
        settings.workspaces.discovery = true;
        settings.workspaces.peer_users_per_day = 3;
    });
    for list in ["posts", "reactions", "statuses"] {
        let mut mixed = offer(&[person(&one, "one")]);
        mixed[list] = json!([{"id": one, "user_id": one, "post_id": one, "channel_id": one, "emoji_name": "wave",
            "status": "online"}]);
        let (status, body) = say(mixed).await;
        assert_eq!((status, &body["status"]), (200, &json!("FAIL")), "{list}: {body}");
        assert_eq!(beta.user(&one).await, None);
    }
    let (_, body) = say(json!({"id": "9p7ysy65k3ncjbi7msd4wc53ar", "channel_id": ""})).await;
    assert_eq!((&body["status"], &body["payload"]), (&json!("OK"), &Value::Null));

    let local = beta.admin.user.id;
    let mut robot = person(&three, "robot");
    robot["is_bot"] = json!(true);
    let people = [person(&one, "one"), person(&two, "two:gamma"), robot, person(&local, "admin")];
    let (status, body) = say(offer(&people)).await;
    assert_eq!((status, &body["status"]), (200, &json!("OK")));
    assert_eq!(body["payload"]["users_syncd"], json!([one]));
    let mut refused: Vec<String> = serde_json::from_value(body["payload"]["user_errors"].clone()).unwrap();
    refused.sort();
    let mut expected = [two, three, local].map(|id| id.to_string());
    expected.sort();
    assert_eq!(refused, expected);
    assert_eq!(beta.user(&one).await.unwrap().username, "one:alpha");
    assert_eq!(beta.user(&local).await.unwrap().remote_id, None);
    assert_eq!((beta.user(&two).await, beta.user(&three).await), (None, None));

    let (status, _) = say(offer(&[person(&four, "four"), person(&five, "five"), person(&six, "six")])).await;
    assert_eq!(status, 429, "that would be more than three people today");
    assert_eq!(beta.user(&four).await, None);
}

/// AT-23: a Mattermost reads people and nothing else, without what only a Rialto knows; one that wants nobody is asked again
/// later, and then told of everybody.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mattermost_is_offered_people_in_its_own_form() {
    let network = Network::new();
    let alpha = Server::new(&network, "alpha", 1).await;
    let beta = Server::new(&network, "beta", 2).await;
    let mut pair = Pair::of(network, alpha, beta).await;
    pair.alpha.take_for(&pair.remote, PeerProfile::Mattermost11).await;
    turn(&pair.alpha, discovers);
    rename(&pair.alpha, &pair.ann, "Annie").await;
    let sent = eventually("it is tried", async || offers(&pair.network, "alpha", "beta").pop()).await;
    let members: Vec<&str> = sent.payload.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(members, ["channel_id", "id", "users"]);
    assert_eq!(pair.beta.user(&pair.ann.user.id).await, None, "beta wants nobody");
    turn(&pair.beta, discovers);
    pair.alpha.stop().await;
    pair.alpha.start().await;
    turn(&pair.alpha, discovers);
    let ann = pair.alpha.again(&pair.ann).await;
    rename(&pair.alpha, &ann, "Anna").await;
    called(&pair.beta, &ann.user.id, "Anna").await;
    assert!(knows(&pair.beta, &pair.alpha.admin.user.id).await.remote_id.is_some());
}
