//! Emoji people here make.

use bytes::Bytes;
use futures_util::stream;
use image::ImageFormat;
use rialto_model::DomainEvent;

use super::picture::sample;
use super::{Error, by_names, create, delete, get, image, list, search};
use crate::testing::{both, events_of, join};
use crate::{App, SessionUser};

async fn put(app: &App, actor: &SessionUser, name: &str, bytes: Vec<u8>) -> Result<rialto_model::CustomEmoji, Error> {
    app.clock.advance(1);
    create(app, actor, name, stream::iter([Ok::<_, std::convert::Infallible>(Bytes::from(bytes))])).await
}

fn square() -> Vec<u8> {
    sample(ImageFormat::Png, 200, [9, 99, 200])
}

fn names(list: Vec<rialto_model::CustomEmoji>) -> Vec<String> {
    list.into_iter().map(|emoji| emoji.name).collect()
}

/// SC-090: a picture gets a name, is found by it, and loses it again; others' only by those who may.
#[tokio::test]
async fn emoji_are_made_found_and_taken_away() {
    both(|app| async move {
        let (_, admin) = join(&app, "admin").await;
        let (_, bob) = join(&app, "bob").await;
        let (_, eve) = join(&app, "eve").await;
        let parrot = put(&app, &bob, "party_parrot", square()).await.unwrap();
        let zebra = put(&app, &eve, "Aardvark", square()).await.unwrap();
        assert_eq!(names(list(&app, false, 0, 10).await.unwrap()), ["party_parrot", "Aardvark"]);
        assert_eq!(names(list(&app, true, 0, 10).await.unwrap()), ["Aardvark", "party_parrot"]);
        assert_eq!(names(by_names(&app, ["party_parrot", "none"]).await.unwrap()), ["party_parrot"]);
        assert_eq!(names(search(&app, "Y_PA", false).await.unwrap()), ["party_parrot"]);
        assert!(search(&app, "puffin", true).await.unwrap().is_empty());
        assert!(search(&app, "%", false).await.unwrap().is_empty(), "what was typed is no pattern");
        assert_eq!(names(search(&app, "aard", true).await.unwrap()), ["Aardvark"]);
        let (kind, bytes) = image(&app, &parrot.id).await.unwrap();
        assert!(kind == "image/png" && bytes.starts_with(b"\x89PNG"));

        assert!(matches!(put(&app, &eve, "party_parrot", square()).await, Err(Error::Taken)));
        assert!(matches!(delete(&app, &eve, &parrot.id).await, Err(Error::Denied(_))));
        delete(&app, &bob, &parrot.id).await.unwrap();
        assert!(matches!(get(&app, &parrot.id).await, Err(Error::Denied(_))));
        assert!(matches!(image(&app, &parrot.id).await, Err(Error::Denied(_))));
        assert_eq!(app.disk.emoji(&parrot.id).await.unwrap(), None, "its bytes go too");
        delete(&app, &admin, &zebra.id).await.unwrap();
        let again = put(&app, &eve, "party_parrot", square()).await.unwrap();
        assert_ne!(again.id, parrot.id);
        let told: Vec<&str> = events_of(&app)
            .await
            .iter()
            .filter_map(|event| match event {
                DomainEvent::EmojiAdded(_) => Some("added"),
                DomainEvent::EmojiRemoved(_) => Some("removed"),
                _ => None,
            })
            .collect();
        assert_eq!(told, ["added", "added", "removed", "removed", "added"]);
    })
    .await;
}

/// Client-api 10, G-50: what is no emoji, or too much of one, is refused and leaves no bytes.
#[tokio::test]
async fn what_is_no_emoji_is_refused() {
    both(|app| async move {
        let (_, bob) = join(&app, "bob").await;
        for name in ["rocket", "a b", "", "thumbsup"] {
            assert!(matches!(put(&app, &bob, name, square()).await, Err(Error::Name(_))), "{name}");
        }
        let wide = sample(ImageFormat::Png, 1_029, [0; 3]);
        assert!(matches!(put(&app, &bob, "puffin", wide).await, Err(Error::TooWide)));
        assert!(matches!(put(&app, &bob, "puffin", b"<svg/>".to_vec()).await, Err(Error::NoPicture)));
        assert!(matches!(put(&app, &bob, "puffin", vec![0; (512 << 10) + 1]).await, Err(Error::TooLarge)));
        let mut settings = (*app.settings.get()).clone();
        settings.custom_emoji = false;
        app.settings.set(settings);
        assert!(matches!(put(&app, &bob, "puffin", square()).await, Err(Error::Off)));
        assert!(matches!(list(&app, false, 0, 10).await, Err(Error::Off)));
        let future = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1 << 40);
        assert_eq!(app.disk.sweep(future).await.unwrap(), 0, "no bytes are left behind");
        assert!(!events_of(&app).await.iter().any(|event| matches!(event, DomainEvent::EmojiAdded(_))));
    })
    .await;
}
