//! Files of this server's people, on both databases.

use bytes::Bytes;
use futures_util::stream;
use rialto_model::FileInfo;
use rialto_store::Db;
use rialto_store::testing::both;
use tokio::io::AsyncReadExt;

use super::{Error, NewUpload, Progress, pictures};
use crate::posts::{self, NewPost, PostPatch};
use crate::sharing_scene::{Person, Scene, id};
use crate::{Denied, Settings, files};

fn parts(texts: &[&'static str]) -> impl futures_util::Stream<Item = Result<Bytes, std::convert::Infallible>> + use<> {
    stream::iter(texts.iter().map(|text| Ok(Bytes::from_static(text.as_bytes()))).collect::<Vec<_>>())
}

async fn take(scene: &Scene, who: &Person, name: &str, text: &'static str) -> FileInfo {
    files::take(&scene.app, &who.actor, &scene.channel, name, parts(&[text])).await.unwrap()
}

async fn content(scene: &Scene, who: &Person, file: &FileInfo) -> String {
    let (_, mut open) = files::open(&scene.app, &who.actor, &file.id).await.unwrap();
    let mut text = String::new();
    open.read_to_string(&mut text).await.unwrap();
    text
}

fn with(files: &[&FileInfo]) -> NewPost {
    NewPost { file_ids: files.iter().map(|file| file.id).collect(), ..NewPost::default() }
}

#[tokio::test]
async fn a_file_is_its_uploaders_until_it_is_posted_and_the_channels_after() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let file = take(&scene, &scene.ann, "../plan \u{202e}.TXT", "our plan").await;
        assert_eq!((file.name.as_str(), file.extension.as_str(), file.size), ("plan .TXT", "txt", 8));
        assert_eq!((file.mime_type.as_str(), file.has_preview()), ("text/plain", false));
        assert!(matches!(
            files::info(&scene.app, &scene.bob.actor, &file.id).await.unwrap_err(),
            Error::Denied(Denied::Absent(_))
        ));
        // Nobody posts somebody else's file.
        let stolen = posts::create(&scene.app, &scene.bob.actor, &scene.channel, with(&[&file])).await.unwrap_err();
        assert!(matches!(stolen, posts::Error::Empty));
        let post = posts::create(&scene.app, &scene.ann.actor, &scene.channel, with(&[&file])).await.unwrap();
        assert_eq!(post.file_ids, [file.id]);
        assert_eq!(content(&scene, &scene.bob, &file).await, "our plan");
        // One file, one post.
        let again = posts::create(&scene.app, &scene.ann.actor, &scene.channel, with(&[&file])).await.unwrap_err();
        assert!(matches!(again, posts::Error::Empty));
        let outsider = scene.person("olga").await;
        let channel = scene.new_channel("elsewhere").await;
        let elsewhere = posts::create(&scene.app, &scene.admin.actor, &channel, with(&[&file])).await.unwrap_err();
        assert!(matches!(elsewhere, posts::Error::Empty));
        assert!(files::info(&scene.app, &outsider.actor, &file.id).await.is_ok(), "the channel is public");
        scene.tick();
        posts::delete(&scene.app, &scene.ann.actor, &post.id).await.unwrap();
        assert!(files::info(&scene.app, &scene.ann.actor, &file.id).await.is_err());
    })
    .await;
}

#[tokio::test]
async fn a_post_sent_twice_keeps_its_files() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let file = take(&scene, &scene.ann, "a.txt", "a").await;
        let new = NewPost { pending_post_id: "mine:1".to_owned(), ..with(&[&file]) };
        let first = posts::create(&scene.app, &scene.ann.actor, &scene.channel, new.clone()).await.unwrap();
        let second = posts::create(&scene.app, &scene.ann.actor, &scene.channel, new).await.unwrap();
        assert_eq!((second.id, second.file_ids), (first.id, vec![file.id]));
    })
    .await;
}

/// E-146.
#[tokio::test]
async fn an_edit_adds_files_and_takes_them_out() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let (one, two) = (take(&scene, &scene.ann, "1.txt", "1").await, take(&scene, &scene.ann, "2.txt", "2").await);
        let post = posts::create(&scene.app, &scene.ann.actor, &scene.channel, with(&[&one])).await.unwrap();
        scene.tick();
        let patch = PostPatch { file_ids: Some(vec![two.id, id(9)]), ..PostPatch::default() };
        let edited = posts::edit(&scene.app, &scene.ann.actor, &post.id, patch).await.unwrap();
        assert_eq!(edited.file_ids, [two.id], "what is no file of the author's is left out");
        assert!(edited.edit_at.is_some());
        assert!(files::info(&scene.app, &scene.bob.actor, &one.id).await.is_err());
        assert_eq!(content(&scene, &scene.bob, &two).await, "2");
        let listed = files::of_post(&scene.app, &scene.bob.actor, &post.id).await.unwrap();
        assert_eq!(listed.iter().map(|file| file.id).collect::<Vec<_>>(), [two.id]);
    })
    .await;
}

#[tokio::test]
async fn an_upload_in_parts_goes_on_where_it_ended() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let new = NewUpload { channel: scene.channel, name: "long.bin".to_owned(), size: 10 };
        let upload = files::begin(&scene.app, &scene.ann.actor, new).await.unwrap();
        let receive = async |who: &Person, texts: &[&'static str]| {
            files::receive(&scene.app, &who.actor, &upload.id, parts(texts)).await
        };
        assert!(matches!(receive(&scene.bob, &["x"]).await.unwrap_err(), Error::Denied(Denied::Absent(_))));
        assert!(matches!(receive(&scene.ann, &["0123"]).await.unwrap(), Progress::At(4)));
        assert_eq!(files::uploads(&scene.app, &scene.ann.actor).await.unwrap()[0].1, 4);
        let Progress::Done(file) = receive(&scene.ann, &["45", "6789"]).await.unwrap() else {
            panic!("it is complete")
        };
        assert_eq!((file.id, content(&scene, &scene.ann, &file).await.as_str()), (upload.file_id, "0123456789"));
        assert!(files::uploads(&scene.app, &scene.ann.actor).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn what_the_settings_or_the_channel_do_not_allow_is_refused_and_leaves_nothing() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let mut settings = Settings::clone(&scene.app.settings.get());
        settings.files.max_bytes = 4;
        scene.app.settings.set(settings.clone());
        let take = async |texts: &[&'static str]| {
            files::take(&scene.app, &scene.ann.actor, &scene.channel, "a.txt", parts(texts)).await
        };
        assert!(matches!(take(&["12", "345"]).await.unwrap_err(), Error::TooLarge { max: 4 }));
        assert!(matches!(take(&[]).await.unwrap_err(), Error::Empty));
        let nameless = files::take(&scene.app, &scene.ann.actor, &scene.channel, "/", parts(&["1"])).await;
        assert!(matches!(nameless.unwrap_err(), Error::Name));
        let outsider = scene.person("olga").await;
        let foreign = files::take(&scene.app, &outsider.actor, &scene.channel, "a", parts(&["1"])).await;
        assert!(matches!(foreign.unwrap_err(), Error::Denied(Denied::Forbidden(_))));
        let far = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1 << 40);
        settings.files.enabled = false;
        scene.app.settings.set(settings);
        assert!(matches!(take(&["1"]).await.unwrap_err(), Error::Off));
        assert_eq!(scene.app.disk.sweep(far).await.unwrap(), 0, "no bytes are left behind");
    })
    .await;
}

#[tokio::test]
async fn pictures_are_known_by_their_bytes_and_shown_small() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let mut png = std::io::Cursor::new(Vec::new());
        image::RgbaImage::from_pixel(400, 200, image::Rgba([200, 0, 0, 128]))
            .write_to(&mut png, image::ImageFormat::Png)
            .unwrap();
        let bytes = Bytes::from(png.into_inner());
        let whole = stream::iter([Ok::<_, std::convert::Infallible>(bytes)]);
        let file = files::take(&scene.app, &scene.ann.actor, &scene.channel, "red.jpg", whole).await.unwrap();
        assert_eq!((file.mime_type.as_str(), file.width, file.height), ("image/png", 400, 200));
        for (size, bounds) in [(pictures::Size::Thumbnail, (120, 60)), (pictures::Size::Preview, (400, 200))] {
            let mut open = pictures::open(&scene.app, &scene.ann.actor, &file.id, size).await.unwrap();
            let mut jpeg = Vec::new();
            open.read_to_end(&mut jpeg).await.unwrap();
            let picture = image::load_from_memory(&jpeg).unwrap();
            assert_eq!((picture.width(), picture.height()), bounds);
        }
        let fake = take(&scene, &scene.ann, "fake.png", "<script>").await;
        assert_eq!((fake.mime_type.as_str(), fake.has_preview()), ("application/octet-stream", false));
        let none = pictures::open(&scene.app, &scene.ann.actor, &fake.id, pictures::Size::Preview).await;
        assert!(matches!(none.unwrap_err(), Error::NoPicture));
    })
    .await;
}
