//! Pictures people set here.

use bytes::Bytes;
use futures_util::stream;
use rialto_model::{DomainEvent, Millis};

use super::pictures::{Error, open, remove, set};
use crate::files::portraits::nobody;
use crate::testing::{both, events_of, join};
use crate::{App, SessionUser};

async fn put(app: &App, actor: &SessionUser, user: &rialto_model::UserId, bytes: Vec<u8>) -> Result<(), Error> {
    app.clock.advance(1);
    let content = stream::iter([Ok::<_, std::convert::Infallible>(Bytes::from(bytes))]);
    set(app, actor, user, content).await
}

/// SC-009, E-098: one's own picture is set, replaced and taken away, each a new version everybody hears of; of others only
/// by whoever may edit them; what is refused changes nothing and leaves no bytes.
#[tokio::test]
async fn people_set_replace_and_take_away_their_picture() {
    both(|app| async move {
        let (admin, admins) = join(&app, "admin").await;
        let (bob, bobs) = join(&app, "bob").await;
        let user = async || crate::users::get(&app, &admins, &bob.id).await.unwrap();
        assert_eq!(open(&app, &user().await).await.unwrap(), None);
        let before = events_of(&app).await.len();
        put(&app, &bobs, &bob.id, nobody().unwrap()).await.unwrap();
        let first = user().await;
        assert_eq!(open(&app, &first).await.unwrap(), Some(nobody().unwrap()));
        assert!(first.update_at > bob.update_at);
        put(&app, &admins, &bob.id, nobody().unwrap()).await.unwrap();
        let second = user().await;
        assert!(second.picture_at > first.picture_at && open(&app, &second).await.unwrap().is_some());
        assert_eq!(open(&app, &first).await.unwrap(), None, "old bytes go");

        assert!(matches!(put(&app, &bobs, &admin.id, nobody().unwrap()).await, Err(Error::User(_))));
        assert!(matches!(put(&app, &bobs, &bob.id, b"no picture".to_vec()).await, Err(Error::NoPicture)));
        let mut settings = (*app.settings.get()).clone();
        settings.files.max_bytes = 10;
        app.settings.set(settings);
        assert!(matches!(put(&app, &bobs, &bob.id, nobody().unwrap()).await, Err(Error::TooLarge { max: 10 })));
        assert_eq!(user().await, second);
        let future = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1 << 40);
        assert_eq!(app.disk.sweep(future).await.unwrap(), 0, "no bytes are left behind");

        app.clock.advance(1);
        remove(&app, &bobs, &bob.id).await.unwrap();
        let none = user().await;
        assert!(none.picture_at > second.picture_at && open(&app, &none).await.unwrap().is_none());
        remove(&app, &admins, &admin.id).await.unwrap();
        assert_eq!(crate::users::get(&app, &admins, &admin.id).await.unwrap().picture_at, Millis(0));
        let updated = DomainEvent::UserUpdated { user: bob.id };
        assert_eq!(events_of(&app).await[before..], [updated.clone(), updated.clone(), updated]);
    })
    .await;
}
