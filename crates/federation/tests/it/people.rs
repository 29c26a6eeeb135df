//! People beyond their profiles: pictures, presence, acknowledgements, bots, guests, addresses.

use bytes::Bytes;
use futures_util::stream;
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use rialto_app::posts::NewPost;
use rialto_app::statuses::{self, Presence};
use rialto_app::users::{self, pictures};
use rialto_app::{acknowledgements, shown_posts};
use rialto_model::{ChannelId, Millis, PeerProfile, PostId, Priority, UserId};

use crate::harness::{Fault, Hub, Network, Pair, Person, Server, connect, eventually, settle, share};

async fn pair() -> Pair {
    Pair::new().await.settled().await
}

/// A picture of one colour, as somebody may upload it.
fn portrait(colour: [u8; 3]) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    DynamicImage::ImageRgb8(RgbImage::from_pixel(300, 200, Rgb(colour)))
        .write_to(&mut bytes, ImageFormat::Png)
        .unwrap();
    bytes.into_inner()
}

async fn set_picture(server: &Server, who: &Person, bytes: Vec<u8>) {
    server.tick();
    let content = stream::iter([Ok::<_, std::convert::Infallible>(Bytes::from(bytes))]);
    pictures::set(server.app(), &who.actor, &who.user.id, content).await.unwrap();
}

/// The colour in the middle of somebody's picture.
async fn shown(server: &Server, user: &UserId) -> Option<[u8; 3]> {
    let user = server.user(user).await?;
    let png = pictures::open(server.app(), &user).await.unwrap()?;
    let picture = image::load_from_memory(&png).unwrap().to_rgb8();
    assert_eq!(picture.dimensions(), (128, 128));
    Some(picture.get_pixel(64, 100).0)
}

async fn shows(server: &Server, user: &UserId, colour: [u8; 3]) {
    eventually("the picture arrives", async || (shown(server, user).await == Some(colour)).then_some(())).await;
}

/// Pictures that were offered from one server to another.
fn offered(network: &Network, from: &str, to: &str) -> usize {
    network.log().iter().filter(|sent| sent.topic == "image" && sent.from == from && sent.to == to).count()
}

const RED: [u8; 3] = [255, 0, 0];
const BLUE: [u8; 3] = [0, 0, 255];

/// AT-28, SC-009: a picture set before somebody is known, one set later, and its end follow; each once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pictures_follow_their_people() {
    let pair = Pair::unshared().await;
    set_picture(&pair.alpha, &pair.ann, portrait(RED)).await;
    let Pair { network, alpha, beta, channel, ann, .. } = pair.shared().await;
    shows(&beta, &ann.user.id, RED).await;
    let before = beta.user(&ann.user.id).await.unwrap();
    set_picture(&alpha, &ann, portrait(BLUE)).await;
    shows(&beta, &ann.user.id, BLUE).await;
    let after = beta.user(&ann.user.id).await.unwrap();
    assert!(after.picture_at > before.picture_at && after.update_at > before.update_at, "clients hear of it");
    settle(&[&alpha, &beta], &channel).await;
    assert_eq!(offered(&network, "alpha", "beta"), 2);
    assert_eq!(offered(&network, "beta", "alpha"), 0, "nothing returns");
    alpha.tick();
    pictures::remove(alpha.app(), &ann.actor, &ann.user.id).await.unwrap();
    eventually("the picture is gone there too", async || {
        shown(&beta, &ann.user.id).await.filter(|colour| *colour != BLUE)
    })
    .await;
}

/// E-097: a picture that cannot be delivered is repeated in its last version and holds up no message; one the peer
/// refuses is not offered again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pictures_survive_failures_and_hold_nothing_up() {
    let Pair { network, alpha, beta, channel, ann, bob, .. } = pair().await;
    network.fail(|sent| (sent.topic == "image").then_some(Fault::Status(500)));
    set_picture(&alpha, &ann, portrait(RED)).await;
    eventually("it was tried", async || (offered(&network, "alpha", "beta") > 0).then_some(())).await;
    let said = alpha.post(&ann, &channel, "whatever I look like").await;
    beta.arrives(&said.id).await;
    set_picture(&alpha, &ann, portrait(BLUE)).await;
    assert_eq!(shown(&beta, &ann.user.id).await, None);
    network.heal();
    shows(&beta, &ann.user.id, BLUE).await;

    network.fail(|sent| (sent.topic == "image").then_some(Fault::Status(413)));
    let tried = offered(&network, "beta", "alpha");
    set_picture(&beta, &bob, portrait(RED)).await;
    eventually("it was refused", async || (offered(&network, "beta", "alpha") > tried).then_some(())).await;
    network.heal();
    settle(&[&alpha, &beta], &channel).await;
    assert_eq!((offered(&network, "beta", "alpha"), shown(&alpha, &bob.user.id).await), (tried + 1, None));
    set_picture(&beta, &bob, portrait(BLUE)).await;
    shows(&alpha, &bob.user.id, BLUE).await;
}

async fn word(server: &Server, user: &UserId) -> String {
    statuses::get(server.app(), user).await.unwrap().status
}

async fn is(server: &Server, user: &UserId, expected: &str) {
    eventually("the presence arrives", async || {
        statuses::get(server.app(), user).await.ok().filter(|found| found.status == expected)
    })
    .await;
}

/// AT-19, E-107: presence follows, however it came about; a person who is first told of comes with it; of an offline
/// server's people nothing is known.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn presence_follows_people() {
    let Pair { network, alpha, beta, channel, ann, bob, .. } = pair().await;
    statuses::online(alpha.app(), &ann.user.id).await.unwrap();
    is(&beta, &ann.user.id, "online").await;
    statuses::set(beta.app(), &bob.actor, &bob.user.id, Presence::DoNotDisturb, 4_000_000_000).await.unwrap();
    is(&alpha, &bob.user.id, "dnd").await;
    let known = statuses::get(alpha.app(), &bob.user.id).await.unwrap();
    assert_eq!((known.manual, known.dnd_end_time), (true, 4_000_000_000));
    let carl = alpha.person("carl").await;
    statuses::set(alpha.app(), &carl.actor, &carl.user.id, Presence::Away, 0).await.unwrap();
    alpha.join(&carl, &channel).await;
    is(&beta, &carl.user.id, "away").await;

    settle(&[&alpha, &beta], &channel).await;
    let start = network.count();
    for _ in 0..3 {
        statuses::online(alpha.app(), &ann.user.id).await.unwrap();
        alpha.tick();
    }
    settle(&[&alpha, &beta], &channel).await;
    let told = network.content("alpha", "beta", start);
    let carries =
        |sent: &crate::harness::Sent| sent.payload["statuses"].as_array().is_some_and(|list| !list.is_empty());
    assert_eq!(told.iter().filter(|sent| carries(sent)).count(), 0, "a sign of life is no news");

    alpha.clock.advance(301_000);
    assert_eq!(word(&beta, &ann.user.id).await, "offline", "nothing is known of whose server is offline");
}

/// E-108, ruling 56: where presence is not exchanged, neither it nor custom statuses leave or are shown.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn presence_stays_where_it_is_not_exchanged() {
    let network = Network::new();
    let alpha = Server::with(&network, "alpha", 1, |settings| settings.workspaces.disable_status_sync = true).await;
    let beta = Server::new(&network, "beta", 2).await;
    let pair = Pair::of(network, alpha, beta).await.shared().await.settled().await;
    let Pair { network, alpha, beta, channel, ann, bob, .. } = pair;
    let lunch = |text: &str| users::CustomStatus { text: text.to_owned(), ..users::CustomStatus::default() };
    for (server, person) in [(&alpha, &ann), (&beta, &bob)] {
        server.tick();
        statuses::online(server.app(), &person.user.id).await.unwrap();
        users::set_custom_status(server.app(), &person.actor, &person.user.id, Some(lunch("soup"))).await.unwrap();
    }
    settle(&[&alpha, &beta], &channel).await;
    for sent in network.log() {
        assert!(sent.from != "alpha" || sent.payload.get("statuses").is_none(), "{:?}", sent.payload);
    }
    for (server, person) in [(&alpha, &bob), (&beta, &ann)] {
        assert_eq!(word(server, &person.user.id).await, "offline", "{}", server.name);
        let known = server.user(&person.user.id).await.unwrap();
        assert!(!known.props.contains_key("customStatus"), "{}", server.name);
    }
}

fn asks() -> Option<Priority> {
    Some(Priority { level: "urgent".to_owned(), requested_ack: true, persistent_notifications: false })
}

async fn write_urgent(server: &Server, author: &Person, channel: &ChannelId, text: &str) -> PostId {
    server.tick();
    let new = NewPost { message: text.to_owned(), priority: asks(), ..NewPost::default() };
    rialto_app::posts::create(server.app(), &author.actor, channel, new).await.unwrap().id
}

async fn acknowledgers(server: &Server, post: &PostId) -> Vec<UserId> {
    let row = server.post_row(post).await.unwrap();
    let shown = shown_posts::show(server.app(), vec![row]).await.unwrap().remove(0);
    assert_eq!(shown.priority, asks(), "{}", server.name);
    let mut list: Vec<_> = shown.acknowledgements.into_iter().map(|ack| ack.user_id).collect();
    list.sort();
    list
}

async fn agree(servers: &[&Server], post: &PostId, expected: &[UserId]) {
    let mut expected = expected.to_vec();
    expected.sort();
    for server in servers {
        eventually("everybody has the same list", async || {
            (acknowledgers(server, post).await == expected).then_some(())
        })
        .await;
    }
}

/// AT-24, E-148, SC-068: mark, list and its changes agree on both sides, also where guests may only read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn urgent_messages_are_acknowledged_across_servers() {
    for read_only in [false, true] {
        let pair = Pair::unshared().await;
        let pair = if read_only { pair.shared_read_only().await } else { pair.shared().await };
        let Pair { alpha, beta, channel, ann, bob, .. } = pair;
        let post = write_urgent(&alpha, &ann, &channel, "fire in the hold").await;
        beta.arrives(&post).await;
        let both = [&alpha, &beta];
        agree(&both, &post, &[]).await;
        beta.tick();
        acknowledgements::add(beta.app(), &bob.actor, &post).await.unwrap();
        agree(&both, &post, &[bob.user.id]).await;
        alpha.tick();
        acknowledgements::add(alpha.app(), &ann.actor, &post).await.unwrap();
        agree(&both, &post, &[ann.user.id, bob.user.id]).await;
        beta.tick();
        acknowledgements::remove(beta.app(), &bob.actor, &post).await.unwrap();
        agree(&both, &post, &[ann.user.id]).await;
        // An edit of the message leaves both as they are.
        alpha.edit(&ann, &post, "fire in the galley").await;
        beta.reads(&post, "fire in the galley").await;
        agree(&both, &post, &[ann.user.id]).await;
    }
}

/// Wire 9.1, 9.3: a server of 2021 is told of none of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_servers_are_told_nothing_they_do_not_know() {
    let Pair { network, alpha, beta, remote, channel, ann, .. } = pair().await;
    alpha.take_for(&remote, PeerProfile::Mattermost5).await;
    let start = network.count();
    statuses::online(alpha.app(), &ann.user.id).await.unwrap();
    let post = write_urgent(&alpha, &ann, &channel, "urgent").await;
    alpha.tick();
    acknowledgements::add(alpha.app(), &ann.actor, &post).await.unwrap();
    let last = alpha.post(&ann, &channel, "the end").await;
    beta.arrives(&last.id).await;
    let told = network.content("alpha", "beta", start);
    let texts: Vec<String> = told.iter().map(|sent| sent.payload.to_string()).collect();
    assert!(texts.iter().any(|text| text.contains("the end")));
    for text in texts {
        for word in ["priority", "acknowledgements", "statuses", "rialto", "metadata"] {
            assert!(!text.contains(word), "{word}: {text}");
        }
    }
}

/// SC-013, B-25, E-095: what a bot writes arrives with its author, marked; attachments come along, their buttons do
/// nothing; a name of its own is kept.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bots_are_heard_with_their_mark() {
    let Pair { alpha, beta, channel, .. } = pair().await;
    let robot = alpha.bot("robot").await;
    alpha.join(&robot, &channel).await;
    let props = r#"{"from_webhook":"true","override_username":"Build","override_icon_url":"https://ci.example/i.png",
        "attachments":[{"text":"failed","actions":[{"id":"1","name":"Again","integration":{"url":"http://inside"}}]}]}"#;
    alpha.tick();
    let new = NewPost { message: "build 7".to_owned(), props: props.to_owned(), ..NewPost::default() };
    let post = rialto_app::posts::create(alpha.app(), &robot.actor, &channel, new).await.unwrap();
    let heard = beta.arrives(&post.id).await;
    let author = beta.user(&heard.user_id).await.unwrap();
    assert_eq!((author.id, author.username.as_str(), author.is_bot), (robot.user.id, "robot:alpha", true));
    let props: serde_json::Value = serde_json::from_str(&heard.props).unwrap();
    assert_eq!((props["from_webhook"].as_str(), props["override_username"].as_str()), (Some("true"), Some("Build")));
    assert_eq!(props["override_icon_url"], "https://ci.example/i.png");
    assert_eq!(
        props["attachments"][0]["actions"][0],
        serde_json::json!({"id": "1", "name": "Again", "disabled": true})
    );
    assert!(!heard.props.contains("inside"));
    let system = alpha.app().system_user;
    settle(&[&alpha, &beta], &channel).await;
    assert_eq!(beta.user(&system).await, None, "the server's own account is nobody elsewhere");
}

/// E-094, E-093, E-096, E-109: a guest's mark comes, goes with a promotion; deactivation clears the custom status; addresses are
/// told where the home shares them, and make nobody the same person.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn marks_and_addresses_follow_the_home() {
    let network = Network::new();
    let alpha = Server::with(&network, "alpha", 1, |settings| settings.workspaces.share_email_addresses = true).await;
    let beta = Server::new(&network, "beta", 2).await;
    let (ann, twin) = (alpha.person("ann").await, beta.person("ann").await);
    let remote = connect(&alpha, &beta).await;
    let channel = alpha.channel("plans", &[&ann]).await;
    share(&alpha, &beta, &channel, &remote).await;
    beta.join(&twin, &channel).await;
    settle(&[&alpha, &beta], &channel).await;
    let there = async |what: &str, fits: &dyn Fn(&rialto_model::User) -> bool| {
        eventually(what, async || beta.user(&ann.user.id).await.filter(|user| fits(user))).await
    };
    let known = there("the address is told", &|user| user.props.contains_key("RemoteEmail")).await;
    assert_eq!((known.props["RemoteEmail"].as_str(), ann.user.email.as_str()), ("ann@example.org", "ann@example.org"));
    assert_eq!(twin.user.email, ann.user.email);
    assert_ne!((known.id, known.email.as_str()), (twin.user.id, twin.user.email.as_str()));
    let here = alpha.user(&twin.user.id).await.unwrap();
    assert!(!here.props.contains_key("RemoteEmail"), "beta does not share its own");
    assert_eq!(beta.user(&twin.user.id).await.unwrap().remote_id, None);

    let roles = async |names: &str| {
        alpha.tick();
        users::set_roles(alpha.app(), &alpha.admin.actor, &ann.user.id, names).await.unwrap();
    };
    roles("system_guest").await;
    there("the mark comes", &rialto_model::User::is_guest).await;
    roles("system_user").await;
    there("the mark goes", &|user| !user.is_guest()).await;

    alpha.tick();
    let status = users::CustomStatus { text: "soup".to_owned(), ..users::CustomStatus::default() };
    users::set_custom_status(alpha.app(), &ann.actor, &ann.user.id, Some(status)).await.unwrap();
    there("the custom status comes", &|user| user.props.contains_key("customStatus")).await;
    alpha.tick();
    users::set_active(alpha.app(), &alpha.admin.actor, &ann.user.id, false).await.unwrap();
    let gone = there("the deactivation comes", &|user| user.delete_at.is_some()).await;
    assert!(!gone.props.contains_key("customStatus"));
    alpha.tick();
    users::set_active(alpha.app(), &alpha.admin.actor, &ann.user.id, true).await.unwrap();
    there("the return comes", &|user| user.delete_at.is_none()).await;
}

/// Ruling 53, E-080: a home passes on what its guests' servers say of their people.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_home_passes_on_pictures_presence_and_acknowledgements() {
    let hub = Hub::new().await;
    hub.settle().await;
    let Hub { network, alpha, beta, gamma, channel, ann, gus, .. } = hub;
    set_picture(&alpha, &ann, portrait(RED)).await;
    shows(&beta, &ann.user.id, RED).await;
    shows(&gamma, &ann.user.id, RED).await;
    statuses::online(alpha.app(), &ann.user.id).await.unwrap();
    is(&gamma, &ann.user.id, "online").await;
    let post = write_urgent(&alpha, &ann, &channel, "to all").await;
    gamma.arrives(&post).await;
    gamma.tick();
    acknowledgements::add(gamma.app(), &gus.actor, &post).await.unwrap();
    agree(&[&alpha, &beta, &gamma], &post, &[gus.user.id]).await;
    settle(&[&alpha, &beta, &gamma], &channel).await;
    assert_eq!(offered(&network, "beta", "alpha"), 0);
    assert_eq!(offered(&network, "beta", "gamma"), 1);
    let own = alpha.user(&ann.user.id).await.unwrap();
    assert_ne!(own.picture_at, Millis(0));
    assert_eq!(own.remote_id, None);
}
