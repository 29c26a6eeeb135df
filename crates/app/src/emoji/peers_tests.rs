//! Emoji of peers: theirs alone, beside ours, within bounds.

use bytes::Bytes;
use futures_util::stream;
use image::ImageFormat;
use rialto_model::emoji::MAX_BYTES;
use rialto_model::{DomainEvent, UserId};
use sha2::{Digest, Sha256};

use super::peers::{Announced, Refusal, announce, image, of_channel, receive, removed};
use super::picture::sample;
use crate::sharing_scene::{Peer, Scene, id};
use crate::testing::events_of;
use crate::{App, Denied};

fn square(shade: u8) -> Vec<u8> {
    sample(ImageFormat::Png, 50, [shade, 0, 0])
}

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn announced(name: &str, creator: UserId, bytes: &[u8]) -> Announced {
    Announced {
        file_id: id(77),
        creator,
        name: name.to_owned(),
        size: i64::try_from(bytes.len()).unwrap(),
        sha256: hash(bytes),
    }
}

async fn bring(app: &App, peer: &Peer, new: Announced, bytes: &[u8]) -> Result<bool, Refusal> {
    app.clock.advance(1);
    let (upload, _) = announce(app, &peer.actor, new).await?;
    let content = stream::iter([Ok::<_, std::convert::Infallible>(Bytes::copy_from_slice(bytes))]);
    receive(app, &peer.actor, &upload, content).await
}

fn switch(app: &App, on: bool) {
    let mut settings = (*app.settings.get()).clone();
    settings.workspaces.enable_shared_channels = true;
    settings.workspaces.emoji_sync = on;
    app.settings.set(settings);
}

async fn scene(db: rialto_store::Db) -> (Scene, Peer, Peer) {
    let scene = Scene::new(db).await;
    switch(&scene.app, true);
    let (globex, initech) = (scene.peer("globex").await, scene.peer("initech").await);
    scene.share(&globex).await;
    (scene, globex, initech)
}

async fn seen(scene: &Scene) -> Vec<(String, String)> {
    let list = of_channel(&scene.app, &scene.ann.actor, &scene.channel).await.unwrap();
    list.into_iter().map(|(emoji, remote)| (emoji.name, remote.name)).collect()
}

/// E-149, ruling 8.8: a peer's emoji stands beside ours of the same name and never in its place; the latest wins; gone
/// when the peer says so.
#[tokio::test]
async fn a_peers_emoji_stand_beside_ours() {
    rialto_store::testing::both(async |db| {
        let (scene, globex, _) = scene(db).await;
        let app = &scene.app;
        let content = stream::iter([Ok::<_, std::convert::Infallible>(Bytes::from(square(9)))]);
        let ours = super::create(app, &scene.ann.actor, "puffin", content).await.unwrap();
        for (name, shade) in [("puffin", 100), ("heron", 50), ("puffin", 200)] {
            let bytes = square(shade);
            assert!(bring(app, &globex, announced(name, id(900), &bytes), &bytes).await.unwrap());
        }
        assert_eq!(
            super::by_names(app, ["puffin", "heron"]).await.unwrap(),
            std::slice::from_ref(&ours),
            "no list of ours has theirs"
        );
        assert!(super::search(app, "heron", true).await.unwrap().is_empty());
        let both = [("heron".to_owned(), "globex".to_owned()), ("puffin".to_owned(), "globex".to_owned())];
        assert_eq!(seen(&scene).await, both);
        let list = of_channel(app, &scene.ann.actor, &scene.channel).await.unwrap();
        let (theirs, _) = &list[1];
        let (_, picture) = image(app, &scene.ann.actor, &scene.channel, &theirs.id).await.unwrap();
        let read = ::image::load_from_memory(&picture).unwrap().into_rgb8();
        assert_eq!(read.get_pixel(5, 5).0[0], 200, "the latest");
        assert_eq!(super::image(app, &ours.id).await.unwrap().1, {
            let kept = app.disk.emoji(&ours.id).await.unwrap();
            kept.unwrap()
        });
        // The same again is known: nothing is to be sent.
        let bytes = square(200);
        let (upload, received) = announce(app, &globex.actor, announced("puffin", id(900), &bytes)).await.unwrap();
        assert!(upload.is_done && received == upload.size);
        let stranger = scene.stranger("stranger", "system_user").await;
        let denied = of_channel(app, &stranger.actor, &scene.channel).await;
        assert!(matches!(denied, Err(Denied::Forbidden(_))), "for those who may read the channel");

        removed(app, &globex.actor, "puffin").await.unwrap();
        removed(app, &globex.actor, "puffin").await.unwrap();
        removed(app, &globex.actor, "never").await.unwrap();
        assert_eq!(seen(&scene).await, both[..1]);
        assert_eq!(app.disk.emoji(&theirs.id).await.unwrap(), None);
        assert_eq!(super::get(app, &ours.id).await.unwrap(), ours, "ours stays");
        let told =
            events_of(app).await.into_iter().filter(|event| matches!(event, DomainEvent::PeerEmojiChanged { .. }));
        assert_eq!(told.count(), 4, "three came, one went");
        let bytes = square(1);
        assert!(bring(app, &globex, announced("puffin", id(900), &bytes), &bytes).await.unwrap(), "and comes again");
        switch(app, false);
        assert_eq!(seen(&scene).await, []);
    })
    .await;
}

/// G-50: names that are built in or have other characters, creators of others, too many bytes, no picture, other bytes
/// than announced, nothing shared, switched off: refused, and nothing of it stays.
#[tokio::test]
async fn hostile_emoji_are_refused() {
    rialto_store::testing::both(async |db| {
        let (scene, globex, initech) = scene(db).await;
        let app = &scene.app;
        let bytes = square(1);
        let good = || announced("puffin", id(900), &bytes);
        for name in ["rocket", "ROCKET", "a b", "../../etc", "", "ü"] {
            let refused = bring(app, &globex, announced(name, id(900), &bytes), &bytes).await;
            assert!(matches!(refused, Err(Refusal::Name)), "{name}: {refused:?}");
        }
        let another = scene.peer("umbrella").await;
        scene.share(&another).await;
        let ula = scene.guest(&another, 901).await;
        for creator in [scene.ann.id, ula] {
            let refused = bring(app, &globex, announced("puffin", creator, &bytes), &bytes).await;
            assert!(matches!(refused, Err(Refusal::NotOwner)), "{creator}: {refused:?}");
        }
        let large = Announced { size: MAX_BYTES + 1, ..good() };
        assert!(matches!(bring(app, &globex, large, &bytes).await, Err(Refusal::TooLarge)));
        for odd in [Announced { size: 0, ..good() }, Announced { sha256: String::new(), ..good() }] {
            assert!(matches!(bring(app, &globex, odd, &bytes).await, Err(Refusal::Picture)));
        }
        assert!(matches!(bring(app, &globex, good(), &square(2)).await, Err(Refusal::Hash)));
        let svg = b"<svg onload='alert(1)'/>";
        assert!(matches!(bring(app, &globex, announced("puffin", id(900), svg), svg).await, Err(Refusal::Picture)));
        assert!(matches!(bring(app, &initech, good(), &bytes).await, Err(Refusal::NotShared)));
        // An upload belongs to the connection that announced it.
        let (upload, _) = announce(app, &globex.actor, good()).await.unwrap();
        assert!(matches!(super::peers::find(app, &initech.actor, &upload.id).await, Err(Refusal::Unknown)));
        assert_eq!(seen(&scene).await, []);
        switch(app, false);
        let content = stream::iter([Ok::<_, std::convert::Infallible>(Bytes::from(bytes.clone()))]);
        assert!(matches!(receive(app, &globex.actor, &upload, content).await, Err(Refusal::Off)));
        assert!(matches!(announce(app, &globex.actor, good()).await, Err(Refusal::Off)));
        let told =
            events_of(app).await.into_iter().filter(|event| matches!(event, DomainEvent::PeerEmojiChanged { .. }));
        assert_eq!(told.count(), 0);
    })
    .await;
}
