//! How messages fared: never better than what is known, for whom it is meant, and from the home alone.

use rialto_model::{ChannelId, PostId, RemoteId};
use rialto_store::Db;
use rialto_store::testing::both;

use crate::apply::IncomingItems;
use crate::connections::{self, Contact};
use crate::delivery_states::{Deliveries, Delivery, Receipt, State, list};
use crate::outbox::{self, Decision, Delivered, ITEMS, Item, Wanted, What, Which};
use crate::sharing_scene::{Peer, Person, Scene, id, incoming_post, with_posts};

async fn of(scene: &Scene, who: &Person, post: &PostId) -> Vec<(String, State, String)> {
    let found = list(&scene.app, &who.actor, &[*post]).await.unwrap();
    found.into_iter().flat_map(|one| one.list).map(|one| (one.organisation, one.state, one.code)).collect()
}

async fn answers(scene: &Scene, peer: &RemoteId, channel: &ChannelId, said: Delivered) {
    outbox::delivered(&scene.app, peer, channel, &said).await.unwrap();
}

fn refused(post: PostId, code: &'static str) -> Delivered {
    Delivered { refused_for: vec![(Item::Post(post), code)], ..Delivered::default() }
}

async fn says_items(scene: &Scene, peer: &mut Peer) {
    let contact = Contact { pinged: true, caps: Some(ITEMS.to_owned()), ..Contact::default() };
    connections::note_contact(&scene.app, &peer.id, contact).await.unwrap();
    peer.actor = connections::authenticate(&scene.app, peer.id.as_str(), &peer.token).await.unwrap().unwrap();
}

/// Behaviour 8.3, E-031, M-18: a message waits until the organisation answers for it, is refused by its word, stays so
/// when it is discarded, and is stored when it says so.
#[tokio::test]
async fn a_state_is_what_the_organisation_has_said() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let acme = scene.peer("acme").await;
        let before = scene.post(&scene.ann, "before the share").await;
        scene.share(&acme).await;
        let said = scene.post(&scene.ann, "hello").await;
        assert_eq!(of(&scene, &scene.ann, &before.id).await, []);
        let is = |state, code: &str| vec![("acme".to_owned(), state, code.to_owned())];
        assert_eq!(of(&scene, &scene.ann, &said.id).await, is(State::Waiting, ""));
        let parked = Delivered { parked: vec![said.id], ..Delivered::default() };
        answers(&scene, &acme.id, &scene.channel, parked).await;
        assert_eq!(of(&scene, &scene.ann, &said.id).await, is(State::Sent, ""));
        // One that may be taken the next time is not given up.
        answers(&scene, &acme.id, &scene.channel, refused(said.id, "storage")).await;
        assert_eq!(of(&scene, &scene.ann, &said.id).await, is(State::Sent, "storage"));
        answers(&scene, &acme.id, &scene.channel, refused(said.id, "read_only")).await;
        assert_eq!(of(&scene, &scene.ann, &said.id).await, is(State::Refused, "read_only"));
        let which = Which::One { kind: "post".to_owned(), key: said.id.to_string() };
        let decide =
            async |decision| outbox::decide(&scene.app, &scene.admin.actor, &acme.id, &which, decision).await.unwrap();
        assert_eq!(decide(Decision::Retry).await, 1);
        assert_eq!(of(&scene, &scene.ann, &said.id).await, is(State::Sent, "read_only"));
        answers(&scene, &acme.id, &scene.channel, refused(said.id, "read_only")).await;
        assert_eq!(decide(Decision::Discard).await, 1);
        assert_eq!(of(&scene, &scene.ann, &said.id).await, is(State::Refused, "read_only"));
        let taken = Delivered { taken: vec![said.id], ..Delivered::default() };
        answers(&scene, &acme.id, &scene.channel, taken).await;
        assert_eq!(of(&scene, &scene.ann, &said.id).await, is(State::Stored, ""));
    })
    .await;
}

/// Behaviour 8.3: for the author alone, and for members where that is set; nobody where it is off.
#[tokio::test]
async fn states_are_for_their_author() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let acme = scene.peer("acme").await;
        scene.share(&acme).await;
        let said = scene.post(&scene.ann, "hello").await;
        let outsider = scene.stranger("eve", "system_user").await;
        let number = async |who: &Person| of(&scene, who, &said.id).await.len();
        assert_eq!((number(&scene.ann).await, number(&scene.bob).await, number(&outsider).await), (1, 0, 0));
        let set = |change: fn(&mut crate::Settings)| {
            let mut settings = scene.app.settings.get().as_ref().clone();
            change(&mut settings);
            scene.app.settings.set(settings);
        };
        set(|settings| settings.workspaces.delivery_states_for_members = true);
        assert_eq!((number(&scene.ann).await, number(&scene.bob).await, number(&outsider).await), (1, 1, 0));
        set(|settings| settings.workspaces.delivery_states = false);
        assert_eq!((number(&scene.ann).await, number(&scene.bob).await), (0, 0));
    })
    .await;
}

/// Ruling 8.4 (`receipts`): the home tells an author's server, and nobody else, how a message fared beyond it.
#[tokio::test]
async fn the_home_tells_how_a_message_fared_beyond_it() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let (mut acme, beta) = (scene.peer("acme").await, scene.peer("beta").await);
        says_items(&scene, &mut acme).await;
        scene.share(&acme).await;
        scene.share(&beta).await;
        scene.guest(&acme, 1).await;
        scene.take(&acme, with_posts([incoming_post(7, 1)])).await;
        let start = scene.head().await;
        answers(&scene, &beta.id, &scene.channel, Delivered { taken: vec![id(7)], ..Delivered::default() }).await;
        let told =
            async |peer: &Peer| scene.changes(peer, start).await.into_iter().map(|(_, what)| what).collect::<Vec<_>>();
        assert_eq!(told(&acme).await, [What::Receipts(beta.id, vec![id(7)])]);
        assert_eq!(told(&beta).await, []);
        let load = async |peer: &Peer, third: RemoteId| {
            let wanted = Wanted { receipts: vec![(third, id(7))], ..Wanted::default() };
            outbox::load(&scene.app, &peer.id, &scene.channel, &wanted).await.unwrap().unwrap().receipts
        };
        let stored =
            Receipt { post: id(7), organisation: "beta".to_owned(), state: State::Stored, code: String::new() };
        assert_eq!(load(&acme, beta.id).await, std::slice::from_ref(&stored));
        assert_eq!(load(&beta, acme.id).await, [], "it is not the author's server");
        answers(&scene, &beta.id, &scene.channel, refused(id(7), "read_only")).await;
        let refused = Receipt { state: State::Refused, code: "read_only".to_owned(), ..stored };
        assert_eq!(load(&acme, beta.id).await, [refused]);
    })
    .await;
}

/// Ruling 8.4, INV-3: receipts count from the home of the channel, for messages of ours in it, in words we know.
#[tokio::test]
async fn receipts_count_from_the_home_alone() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let (home, guest) = (scene.peer("home").await, scene.peer("guest").await);
        scene.share(&guest).await;
        let copy = scene.copy(&home, id(900), false).await.id;
        let (ours, elsewhere) =
            (scene.write(&scene.ann, &copy, "hello", None).await.id, scene.post(&scene.ann, "hello").await.id);
        let receipt = |post: PostId, organisation: &str, state, code: &str| Receipt {
            post,
            organisation: organisation.to_owned(),
            state,
            code: code.to_owned(),
        };
        let with = |receipts: Vec<Receipt>| IncomingItems { receipts, ..IncomingItems::default() };
        let list = vec![
            receipt(ours, "Globex", State::Stored, ""),
            receipt(ours, "Initech", State::Refused, "made up"),
            receipt(ours, "  ", State::Stored, ""),
            receipt(elsewhere, "Globex", State::Stored, ""),
        ];
        scene.take_in(&home, &copy, with(list)).await.unwrap();
        scene.take(&guest, with(vec![receipt(elsewhere, "Globex", State::Stored, "")])).await;
        let here = |word: &str, state| (word.to_owned(), state, String::new());
        assert_eq!(
            of(&scene, &scene.ann, &ours).await,
            [here("home", State::Waiting), here("Globex", State::Stored), here("Initech", State::Refused)]
        );
        assert_eq!(of(&scene, &scene.ann, &elsewhere).await, [here("guest", State::Waiting)]);
        // However many names the home makes up, what is kept of them ends somewhere.
        let many = (0..300).map(|n| receipt(ours, &format!("org {n}"), State::Stored, "")).collect();
        scene.take_in(&home, &copy, with(many)).await.unwrap();
        assert!(of(&scene, &scene.ann, &ours).await.len() <= 202);
    })
    .await;
}

/// Behaviour 8.3: two ticks for everybody, one for everybody who can be reached, none otherwise.
#[test]
fn ticks_promise_no_more_than_is_known() {
    let one = |state, online| Delivery {
        organisation: String::new(),
        state,
        code: String::new(),
        reason: String::new(),
        online,
    };
    for (list, ticks) in [
        (vec![], 0),
        (vec![one(State::Stored, true)], 2),
        (vec![one(State::Stored, false)], 2),
        (vec![one(State::Stored, true), one(State::Waiting, false)], 1),
        (vec![one(State::Stored, true), one(State::Sent, true)], 0),
        (vec![one(State::Waiting, false)], 0),
        (vec![one(State::Stored, false), one(State::Waiting, false)], 0),
        (vec![one(State::Stored, true), one(State::Refused, true)], 0),
        (vec![one(State::Stored, true), one(State::Refused, false)], 1),
    ] {
        assert_eq!(Deliveries { post: id(1), list: list.clone() }.ticks(), ticks, "{list:?}");
    }
}
