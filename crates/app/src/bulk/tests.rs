//! Moving installations, on both databases.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Write};

use rialto_model::{DomainEvent, FileInfo, ItemId, Job, JobKind, JobStatus, Millis, Post, User};
use rialto_store::{Db, channel_members, channels, emoji, files, jobs as rows, posts, teams, users};
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use super::shelves::Shelf;
use crate::testing::{both, events_of, join, open};
use crate::{App, jobs, sessions};

/// One line of each type, and of what hangs on messages all there is.
const EVERYTHING: &[&str] = &[
    r##"{"type":"version","version":1,"info":{"generator":"other","version":"1"}}"##,
    r##"{"type":"role","role":{"name":"x"}}"##,
    r##"{"type":"emoji","emoji":{"name":"party_parrot","image":"pictures/parrot.png"}}"##,
    r##"{"type":"emoji","emoji":{"name":"rocket","image":"pictures/parrot.png"}}"##,
    r##"{"type":"team","team":{"name":"crew","display_name":"The Crew","type":"I","description":"us","allow_open_invite":true}}"##,
    r##"{"type":"channel","channel":{"team":"crew","name":"town-square","display_name":"Square","type":"O"}}"##,
    r##"{"type":"channel","channel":{"team":"crew","name":"deck","display_name":"The Deck","type":"P","header":"ahoy","purpose":"work"}}"##,
    r##"{"type":"channel","channel":{"team":"crew","name":"old","display_name":"Old","type":"O","deleted_at":1600000000000}}"##,
    r##"{"type":"user","user":{"username":"Ann","email":"ann@ship.example","nickname":"A","first_name":"Ann","last_name":"Bonny","position":"pirate","roles":"system_user system_admin no_such_role","locale":"en","password":"correct horse","profile_image":"pictures/parrot.png","notify_props":{"desktop":"all","mobile":"all","mobile_push_status":"away"},"theme":"{}","military_time":"true","tutorial_step":"999","custom_status":{"emoji":"ship","text":"at sea"},"teams":[{"name":"crew","roles":"team_user team_admin","theme":"{\"a\":1}","channels":[{"name":"town-square","roles":"channel_user"},{"name":"deck","roles":"channel_user channel_admin","favorite":true,"msg_count":2,"msg_count_root":1,"mention_count":1,"last_viewed_at":1600000001500,"notify_props":{"mobile":"mention","mark_unread":"mention"}}]}]}}"##,
    r##"{"type":"user","user":{"username":"bob","email":"bob@ship.example","teams":[{"name":"crew","channels":[{"name":"deck"},{"name":"nowhere"}]}]}}"##,
    r##"{"type":"user","user":{"username":"carl","email":"carl@ship.example","delete_at":1600000000000,"teams":null}}"##,
    r##"{"type":"bot","bot":{"username":"robot","owner":"ann","display_name":"Robot","description":"beeps"}}"##,
    r##"{"type":"post","post":{"team":"crew","channel":"deck","user":"ann","message":"hello #sea","create_at":1600000001000,"props":{"a":{"b":1}},"edit_at":1600000001100,"is_pinned":true,"flagged_by":["bob"],"reactions":[{"user":"bob","emoji_name":"tada","create_at":1600000001200}],"attachments":[{"path":"files/log.txt"}],"replies":[{"user":"bob","message":"@ann hi","create_at":1600000002000,"flagged_by":["ann"]},{"user":"bob","message":"again","create_at":1600000003000,"attachments":[{"path":"files/log.txt"},{"path":"pictures/parrot.png"}]}],"thread_followers":[{"user":"ann","last_viewed":1600000001500,"unread_mentions":1},{"user":"bob","last_viewed":1600000003000}]}}"##,
    r##"{"type":"post","post":{"team":"crew","channel":"deck","user":"carl","message":"bye","create_at":1600000004000,"type":"me"}}"##,
    r##"{"type":"post","post":{"team":"crew","channel":"deck","user":"bob","message":"bob joined","create_at":1600000000500,"type":"system_join_channel"}}"##,
    r##"{"type":"post","post":{"team":"crew","channel":"town-square","user":"robot","message":"beep","create_at":1600000000700}}"##,
    r##"{"type":"direct_channel","direct_channel":{"members":["ann","bob"],"participants":[{"username":"ann","msg_count":0,"last_viewed_at":7},{"username":"bob","msg_count":1,"last_viewed_at":1600000005000}],"favorited_by":["ann"],"shown_by":["bob"],"header":"us two"}}"##,
    r##"{"type":"direct_channel","direct_channel":{"members":["ann","bob","carl"],"shown_by":["ann"]}}"##,
    r##"{"type":"direct_post","direct_post":{"channel_members":["bob","ann"],"user":"bob","message":"psst","create_at":1600000005000}}"##,
    r##"{"type":"direct_post","direct_post":{"channel_members":["ann","bob","carl"],"user":"ann","message":"all","create_at":1600000006000}}"##,
];

fn parrot() -> Vec<u8> {
    crate::emoji::picture::sample(image::ImageFormat::Png, 64, [10, 200, 30])
}

/// Puts an archive of these lines on the shelf.
async fn shelve(app: &App, name: &str, lines: &str) {
    let folder = app.disk.make_shelf(Shelf::Import).await.unwrap();
    let mut zip = ZipWriter::new(File::create(folder.join(name)).unwrap());
    let parts = [
        ("import.jsonl", lines.as_bytes().to_vec()),
        ("data/files/log.txt", b"a log".to_vec()),
        ("data/pictures/parrot.png", parrot()),
    ];
    for (name, bytes) in parts {
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        zip.write_all(&bytes).unwrap();
    }
    zip.finish().unwrap();
}

fn lines(list: &[&str]) -> String {
    list.iter().map(|line| format!("{line}\n")).collect()
}

fn job(app: &App, kind: JobKind, data: &[(&str, &str)]) -> Job {
    Job {
        id: app.ids.id(ItemId::from_random),
        kind,
        user_id: None,
        create_at: app.clock.now(),
        start_at: None,
        last_activity_at: app.clock.now(),
        status: JobStatus::Pending,
        progress: 0,
        data: data.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
        position: 0,
    }
}

async fn ask(app: &App, job: &Job) {
    let mut tx = app.db.begin(app.clock.now()).await.unwrap();
    rows::insert(&mut tx, job).await.unwrap();
    tx.commit().await.unwrap();
}

async fn state(app: &App, job: &Job) -> Job {
    rows::get(&mut app.db.read(app.clock.now()).await.unwrap(), &job.id).await.unwrap().unwrap()
}

async fn run(app: &App, job: Job) -> Job {
    ask(app, &job).await;
    assert_eq!(jobs::do_next(app, "one").await.unwrap(), Some(true));
    state(app, &job).await
}

async fn import(app: &App, list: &[&str]) -> Job {
    shelve(app, "x.zip", &lines(list)).await;
    run(app, job(app, JobKind::Import, &[("import_file", "x.zip")])).await
}

const ALL: &[(&str, &str)] = &[("include_attachments", "true"), ("include_profile_pictures", "true")];

/// The lines and the names of the files of an export.
async fn export(app: &App, data: &[(&str, &str)]) -> (String, Vec<String>, String) {
    let done = run(app, job(app, JobKind::Export, data)).await;
    assert_eq!(done.status, JobStatus::Success, "{:?}", done.data);
    assert_eq!(done.progress, 100);
    let name = done.data.get("export_file").unwrap().clone();
    let mut zip = ZipArchive::new(File::open(app.disk.shelf_path(Shelf::Export, &name)).unwrap()).unwrap();
    let mut names: Vec<String> = zip.file_names().map(|name| name.unwrap().into_owned()).collect();
    names.sort();
    let mut text = String::new();
    zip.by_name("import.jsonl").unwrap().read_to_string(&mut text).unwrap();
    (text, names, name)
}

/// Takes the file of an export of `from` over into `to`.
async fn move_over(from: &App, name: &str, to: &App) -> Job {
    let folder = to.disk.make_shelf(Shelf::Import).await.unwrap();
    std::fs::copy(from.disk.shelf_path(Shelf::Export, name), folder.join(name)).unwrap();
    run(to, job(to, JobKind::Import, &[("import_file", name)])).await
}

async fn user(app: &App, name: &str) -> User {
    users::get_by_username(&mut app.db.read(app.clock.now()).await.unwrap(), name).await.unwrap().unwrap()
}

async fn posts_of(app: &App, team: &str, channel: &str) -> Vec<Post> {
    let mut view = app.db.read(app.clock.now()).await.unwrap();
    let team = teams::get_by_name(&mut view, team).await.unwrap().unwrap();
    let channel = channels::get_by_name(&mut view, Some(&team.id), channel).await.unwrap().unwrap();
    let mut all = posts::page(&mut view, &channel.id, true, 0, 100_000).await.unwrap();
    all.reverse();
    all
}

/// Client-api 7.7: each type comes over, with all that hangs on it.
#[tokio::test]
async fn everything_in_a_file_comes_over() {
    both(|app: App| async move {
        let done = import(&app, EVERYTHING).await;
        assert_eq!((done.status, done.progress), (JobStatus::Warning, 100), "{:?}", done.data);
        assert_eq!(done.data.get("line_number").map(String::as_str), Some("20"));
        let warnings = done.data.get("first_warnings").unwrap();
        for part in ["line 2: a role", "line 4: the emoji \"rocket\"", "line 9: there is no role", "line 10: a place"] {
            assert!(warnings.contains(part), "{warnings}");
        }
        assert_eq!(done.data.get("warnings").map(String::as_str), Some("4"));

        let (ann, bob, carl) = (user(&app, "ann").await, user(&app, "bob").await, user(&app, "carl").await);
        assert_eq!((ann.last_name.as_str(), ann.roles.as_str()), ("Bonny", "system_user system_admin"));
        assert_eq!(ann.notify_props.get("push").map(String::as_str), Some("all"));
        assert_eq!(ann.notify_props.get("push_status").map(String::as_str), Some("away"));
        assert!(ann.picture_at > Millis(0) && app.disk.portrait(&ann.id, ann.picture_at).await.unwrap().is_some());
        assert_eq!((bob.delete_at, carl.delete_at), (None, Some(Millis(1_600_000_000_000))));
        let mut view = app.db.read(app.clock.now()).await.unwrap();
        let robot = rialto_store::bots::get(&mut view, &user(&app, "robot").await.id).await.unwrap().unwrap();
        assert_eq!((robot.owner_id, robot.user.bot_description.as_str()), (ann.id, "beeps"));
        drop(view);
        let sign_in = |login: &str, password: &str| sessions::SignIn {
            login: login.to_owned(),
            password: password.to_owned(),
            device_id: String::new(),
        };
        assert!(sessions::sign_in(&app, sign_in("ann", "correct horse")).await.is_ok());
        for guess in ["", "correct horse"] {
            assert!(sessions::sign_in(&app, sign_in("bob", guess)).await.is_err(), "nobody knows his password");
        }

        let mut view = app.db.read(app.clock.now()).await.unwrap();
        assert_eq!(emoji::by_names(&mut view, ["party_parrot", "rocket"]).await.unwrap().len(), 1);
        let team = teams::get_by_name(&mut view, "crew").await.unwrap().unwrap();
        assert_eq!((team.description.as_str(), team.kind.letter()), ("us", "I"));
        let deck = channels::get_by_name(&mut view, Some(&team.id), "deck").await.unwrap().unwrap();
        assert_eq!((deck.header.as_str(), deck.kind.letter()), ("ahoy", "P"));
        let old = channels::get_by_name(&mut view, Some(&team.id), "old").await.unwrap().unwrap();
        assert!(old.is_archived());
        // The system's message counts for nobody.
        assert_eq!((deck.total_msg_count, deck.total_msg_count_root), (4, 2));
        assert_eq!(deck.last_post_at, Millis(1_600_000_004_000));
        let member = channel_members::get(&mut view, &deck.id, &ann.id).await.unwrap().unwrap();
        assert!(member.scheme_admin);
        assert_eq!((member.msg_count, member.msg_count_root, member.mention_count), (2, 1, 1));
        assert_eq!(member.notify_props.get("push").map(String::as_str), Some("mention"));
        let member = channel_members::get(&mut view, &deck.id, &bob.id).await.unwrap().unwrap();
        assert_eq!((member.msg_count, member.msg_count_root), (4, 2), "he has read everything");

        let all = posts_of(&app, "crew", "deck").await;
        let said: Vec<&str> = all.iter().map(|post| post.message.as_str()).collect();
        assert_eq!(said, ["bob joined", "hello #sea", "@ann hi", "again", "bye"]);
        let root = &all[1];
        assert_eq!((root.reply_count, root.last_reply_at), (2, Millis(1_600_000_003_000)));
        assert!(root.is_pinned && root.has_reactions);
        assert_eq!((root.edit_at, root.hashtags.as_str()), (Some(Millis(1_600_000_001_100)), "#sea"));
        assert_eq!((all[2].root_id, all[4].kind.as_str()), (Some(root.id), "me"));
        assert_eq!((all[1].file_ids.len(), all[3].file_ids.len()), (1, 2));
        let held: FileInfo = files::get(&mut view, &all[3].file_ids[1]).await.unwrap().unwrap();
        assert_eq!((held.name.as_str(), held.width, held.post_id), ("parrot.png", 64, Some(all[3].id)));
        assert_eq!((held.user_id, held.channel_id), (bob.id, deck.id));
        let follows = rialto_store::threads::get(&mut view, &ann.id, &root.id).await.unwrap().unwrap();
        assert_eq!((follows.unread.replies, follows.unread.mentions), (2, 1));
        let saved = rialto_store::preferences::list(&mut view, &bob.id, Some("flagged_post")).await.unwrap();
        assert_eq!(saved.iter().map(|one| one.name.clone()).collect::<Vec<_>>(), [root.id.to_string()]);
    })
    .await;
}

/// Imported messages are an event for the index of words and for those who look, and for nobody else: they call nobody, and
/// no peer hears of them.
#[tokio::test]
async fn messages_that_come_over_are_nobodys_news() {
    both(|app: App| async move {
        import(&app, EVERYTHING).await;
        let events = events_of(&app).await;
        let kept = events.iter().filter(|event| matches!(event, DomainEvent::HistoryKept { .. })).count();
        let told = events.iter().filter(|event| matches!(event, DomainEvent::HistoryReceived { .. })).count();
        assert_eq!((kept, told), (8, 4));
        let news = |event: &&DomainEvent| {
            matches!(
                event,
                DomainEvent::PostCreated { .. }
                    | DomainEvent::ThreadChanged { .. }
                    | DomainEvent::ReactionAdded(_)
                    | DomainEvent::PinChanged { .. }
                    | DomainEvent::ReminderDue { .. }
            )
        };
        assert_eq!(events.iter().find(news), None);
    })
    .await;
}

/// The acceptance of the format: an import again changes nothing, and what is exported is what was imported.
#[tokio::test]
async fn what_was_exported_is_exported_again_alike_and_nothing_doubles() {
    let dir = tempfile::tempdir().unwrap();
    both(|app: App| {
        let dir = dir.path().join(if app.db.is_postgres() { "two.db" } else { "one.db" });
        async move {
            import(&app, EVERYTHING).await;
            let (first, names, file) = export(&app, ALL).await;
            let count = |kind: &str| first.matches(&format!("{{\"type\":\"{kind}\"")).count();
            let kinds = ["emoji", "team", "channel", "user", "bot", "post", "direct_channel", "direct_post"];
            assert_eq!(kinds.map(count), [1, 1, 2, 3, 1, 4, 2, 2]);
            assert_eq!(names.iter().filter(|name| name.starts_with("data/files/")).count(), 3, "{names:?}");
            assert!(names.contains(&"data/profile_pictures/ann.png".to_owned()), "{names:?}");
            assert!(!first.contains("correct horse") && !first.contains("argon2"));

            let again = import(&app, EVERYTHING).await;
            assert_eq!(again.status, JobStatus::Warning, "{:?}", again.data);
            assert_eq!(export(&app, ALL).await.0, first);

            // From either database into the embedded one.
            let other = open(Db::open_sqlite(&dir).unwrap()).await;
            let done = move_over(&app, &file, &other).await;
            assert_eq!(done.status, JobStatus::Success, "{:?}", done.data);
            let (second, moved, file) = export(&other, ALL).await;
            assert_eq!(second, first);
            assert_eq!(moved, names);
            let done = move_over(&other, &file, &other).await;
            assert_eq!(done.status, JobStatus::Success, "{:?}", done.data);
            assert_eq!(export(&other, ALL).await.0, first);

            let (with_archived, ..) = export(&other, &[("include_archived_channels", "true")]).await;
            assert!(!with_archived.contains("\"old\""), "it was not in the first export");
            let (with_archived, names, _) = export(&app, &[("include_archived_channels", "true")]).await;
            assert!(with_archived.contains("\"name\":\"old\"") && !with_archived.contains("attachments"));
            assert!(!names.iter().any(|name| name.starts_with("data/files/")));
        }
    })
    .await;
}

/// What people write here after an import stays when the same file comes again, and so does what they changed.
#[tokio::test]
async fn what_was_changed_here_stays() {
    both(|app: App| async move {
        import(&app, EVERYTHING).await;
        let all = posts_of(&app, "crew", "deck").await;
        let mut tx = app.db.begin(app.clock.now()).await.unwrap();
        let edited = Post { message: "changed".to_owned(), edit_at: Some(tx.now()), ..all[1].clone() };
        posts::update(&mut tx, &edited).await.unwrap();
        let gone = Post { message: String::new(), delete_at: Some(tx.now()), ..all[4].clone() };
        posts::update(&mut tx, &gone).await.unwrap();
        tx.commit().await.unwrap();
        let more = [
            EVERYTHING[0],
            EVERYTHING[12],
            EVERYTHING[13],
            r#"{"type":"post","post":{"team":"crew","channel":"deck","user":"ann","message":"other","create_at":1600000004000}}"#,
            r#"{"type":"post","post":{"team":"crew","channel":"deck","user":"ann","message":"same ms","create_at":1600000004000}}"#,
        ];
        for _ in 0..2 {
            let done = import(&app, &more).await;
            assert_eq!(done.status, JobStatus::Success, "{:?}", done.data);
            let said: Vec<String> = posts_of(&app, "crew", "deck").await.into_iter().map(|post| post.message).collect();
            assert_eq!(said.len(), 7, "{said:?}");
            assert!(said.contains(&"changed".to_owned()) && !said.contains(&"bye".to_owned()), "{said:?}");
        }
    })
    .await;
}

/// Members who are there have nothing unread by an import, and keep their account as it is.
#[tokio::test]
async fn who_is_here_keeps_what_they_have() {
    both(|app: App| async move {
        let (before, _) = join(&app, "ann").await;
        assert_eq!(before.roles, "system_admin system_user");
        import(&app, EVERYTHING).await;
        let after = user(&app, "ann").await;
        assert_eq!((after.id, after.roles.as_str()), (before.id, "system_admin system_user"));
        assert_eq!(after.nickname, "A");
        crate::testing::sign_in(&app, "ann").await;
        let more = [
            EVERYTHING[0],
            r#"{"type":"post","post":{"team":"crew","channel":"deck","user":"bob","message":"more","create_at":1600000009000}}"#,
        ];
        import(&app, &more).await;
        let mut view = app.db.read(app.clock.now()).await.unwrap();
        let team = teams::get_by_name(&mut view, "crew").await.unwrap().unwrap();
        let deck = channels::get_by_name(&mut view, Some(&team.id), "deck").await.unwrap().unwrap();
        let member = channel_members::get(&mut view, &deck.id, &after.id).await.unwrap().unwrap();
        assert_eq!((deck.total_msg_count, member.msg_count), (5, 3), "as much unread as before");
    })
    .await;
}

/// A bad line ends it with its number, and leaves nothing of itself; what stands before it is there.
#[tokio::test]
async fn a_bad_line_is_named_and_leaves_nothing() {
    both(|app: App| async move {
        import(&app, EVERYTHING).await;
        let (before, ..) = export(&app, ALL).await;
        let post = |rest: &str| format!(r#"{{"type":"post","post":{{"team":"crew","channel":"deck","user":"ann",{rest}}}}}"#);
        let bad = [
            "not json".to_owned(),
            r#"{"type":"playbook","playbook":{}}"#.to_owned(),
            r#"{"type":"team"}"#.to_owned(),
            r#"{"type":"version","version":1}"#.to_owned(),
            r#"{"type":"team","team":{"name":"A B","display_name":"x","type":"O"}}"#.to_owned(),
            r#"{"type":"team","team":{"name":"fine","display_name":"x","type":"X"}}"#.to_owned(),
            r#"{"type":"channel","channel":{"team":"none","name":"a","display_name":"x","type":"O"}}"#.to_owned(),
            r#"{"type":"channel","channel":{"team":"crew","name":"../x","display_name":"x","type":"O"}}"#.to_owned(),
            r#"{"type":"user","user":{"username":"a:b","email":"a@b.example"}}"#.to_owned(),
            r#"{"type":"user","user":{"username":"new","email":"ann@ship.example"}}"#.to_owned(),
            r#"{"type":"user","user":{"username":"new","email":"n@b.example","password":"x"}}"#.to_owned(),
            r#"{"type":"user","user":{"username":"system","email":"n@b.example"}}"#.to_owned(),
            r#"{"type":"user","user":{"username":"new","email":"n@b.example","profile_image":"../../etc/passwd"}}"#.to_owned(),
            r#"{"type":"user","user":{"username":"new","email":"n@b.example","profile_image":"files/log.txt"}}"#.to_owned(),
            r#"{"type":"emoji","emoji":{"name":"new_one","image":"files/log.txt"}}"#.to_owned(),
            r#"{"type":"direct_channel","direct_channel":{"members":["ann","nobody"]}}"#.to_owned(),
            r#"{"type":"direct_post","direct_post":{"user":"ann","message":"x","create_at":1600000000000}}"#.to_owned(),
            post(r#""message":"x""#),
            post(r#""message":"x","create_at":0"#),
            post(r#""message":"x","create_at":99999999999999"#),
            post(r#""message":"a\u0000b","create_at":1600000007000"#),
            post(r#""message":"x","create_at":1600000007000,"type":"<script>""#),
            post(r#""message":"x","create_at":1600000007000,"attachments":[{"path":"../x.zip"}]"#),
            post(r#""message":"x","create_at":1600000007000,"attachments":[{"path":"missing"}]"#),
            post(r#""message":"x","create_at":1600000007000,"reactions":[{"user":"ann","emoji_name":"a b","create_at":1}]"#),
            post(r#""message":"x","create_at":1600000007000,"replies":[{"user":"nobody","message":"y","create_at":1600000008000}]"#),
            post(r#""message":"x","create_at":1600000007000,"flagged_by":["nobody"]"#),
            post(&format!(r#""message":"{}","create_at":1600000007000"#, "x".repeat(70_000))),
        ];
        for line in &bad {
            let done = import(&app, &[EVERYTHING[0], EVERYTHING[12], line]).await;
            let short: String = line.chars().take(120).collect();
            assert_eq!(done.status, JobStatus::Error, "{short}");
            assert_eq!(done.data.get("line_number").map(String::as_str), Some("3"), "{short} {:?}", done.data);
            assert!(done.data.get("error").is_some_and(|why| !why.is_empty()), "{short}");
            assert_eq!(done.position, 2, "{short}");
        }
        for first in [EVERYTHING[4], r#"{"type":"version","version":2}"#] {
            let done = import(&app, &[first]).await;
            assert_eq!(done.data.get("line_number").map(String::as_str), Some("1"), "{first}");
        }
        assert_eq!(export(&app, ALL).await.0, before);
    })
    .await;
}

fn many(posts: usize) -> String {
    let mut text = lines(EVERYTHING);
    for n in 0..posts {
        let (at, by) = (1_650_000_000_000 + n, ["ann", "bob", "carl"][n % 3]);
        text.push_str(&format!(
            r#"{{"type":"post","post":{{"team":"crew","channel":"deck","user":"{by}","message":"message {n}","create_at":{at}}}}}"#
        ));
        text.push('\n');
    }
    text
}

/// Whatever ends it, it goes on behind the last line that is in force: neither twice nor not at all.
#[tokio::test]
async fn an_interrupted_import_goes_on_where_it_was() {
    both(|app: App| async move {
        shelve(&app, "x.zip", &many(3_000)).await;
        let asked = job(&app, JobKind::Import, &[("import_file", "x.zip")]);
        ask(&app, &asked).await;
        let (mut times, mut seen) = (0, 0);
        loop {
            let (one, place) = (app.clone(), seen);
            let work = tokio::spawn(async move { jobs::do_next(&one, "one").await });
            loop {
                let now = state(&app, &asked).await;
                // Killed as soon as it has come a little further, wherever it is then.
                if now.position > place || !now.status.is_open() {
                    seen = now.position;
                    break;
                }
                tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            }
            work.abort();
            let _ = work.await;
            times += 1;
            if !state(&app, &asked).await.status.is_open() {
                break;
            }
        }
        assert!(times > 2, "it was never interrupted");
        let done = state(&app, &asked).await;
        assert_eq!((done.status, done.position), (JobStatus::Warning, 3_020), "{:?}", done.data);
        let all = posts_of(&app, "crew", "deck").await;
        assert_eq!(all.len(), 3_005);
        let mut view = app.db.read(app.clock.now()).await.unwrap();
        let deck = channels::get(&mut view, &all[0].channel_id).await.unwrap().unwrap();
        assert_eq!((deck.total_msg_count, deck.total_msg_count_root), (3_004, 3_002));
    })
    .await;
}

/// Who stops an import has what came before, counted; it can be gone on with.
#[tokio::test]
async fn a_job_is_stopped_and_gone_on_with() {
    both(|app: App| async move {
        let (_, admin) = join(&app, "root").await;
        shelve(&app, "x.zip", &many(10)).await;
        let data =
            BTreeMap::from([("import_file".to_owned(), "x.zip".to_owned()), ("other".to_owned(), "x".to_owned())]);
        let asked = jobs::create(&app, &admin, "import_process", data).await.unwrap();
        assert_eq!(asked.data.len(), 1, "what is not asked for is not kept");
        jobs::cancel(&app, &admin, &asked.id).await.unwrap();
        assert_eq!(jobs::do_next(&app, "one").await.unwrap(), None);
        assert_eq!(state(&app, &asked).await.status, JobStatus::Canceled);
        assert!(matches!(jobs::cancel(&app, &admin, &asked.id).await, Err(jobs::Error::Status(_))));
        let begun = JobStatus::InProgress;
        jobs::set_status(&app, &admin, &asked.id, begun, true).await.unwrap();
        jobs::cancel(&app, &admin, &asked.id).await.unwrap();
        assert_eq!(state(&app, &asked).await.status, JobStatus::CancelRequested);
        assert_eq!(jobs::do_next(&app, "one").await.unwrap(), Some(true));
        let stopped = state(&app, &asked).await;
        assert_eq!((stopped.status, stopped.position), (JobStatus::Canceled, 0));
        jobs::set_status(&app, &admin, &asked.id, JobStatus::Pending, true).await.unwrap();
        assert_eq!(jobs::do_next(&app, "one").await.unwrap(), Some(true));
        assert_eq!(state(&app, &asked).await.position, 30);
    })
    .await;
}

/// One node at a time does jobs, and the file of a job is one of the shelf.
#[tokio::test]
async fn jobs_are_one_nodes_and_for_those_who_administer_the_system() {
    both(|app: App| async move {
        let (_, admin) = join(&app, "root").await;
        let (_, bob) = join(&app, "bob").await;
        shelve(&app, "x.zip", &lines(EVERYTHING)).await;
        let of = |file: &str| BTreeMap::from([("import_file".to_owned(), file.to_owned())]);
        assert!(matches!(
            jobs::create(&app, &bob, "export_process", BTreeMap::new()).await,
            Err(jobs::Error::Denied(_))
        ));
        assert!(matches!(jobs::list(&app, &bob, None, 0, 9).await, Err(jobs::Error::Denied(_))));
        for file in ["", "../x.zip", "y.zip", ".", "import/../x.zip"] {
            let refused = jobs::create(&app, &admin, "import_process", of(file)).await;
            assert!(matches!(refused, Err(jobs::Error::Data(_))), "{file}");
        }
        let refused = jobs::create(&app, &admin, "ldap_sync", of("x.zip")).await;
        assert!(matches!(refused, Err(jobs::Error::UnknownKind)));
        jobs::create(&app, &admin, "import_process", of("x.zip")).await.unwrap();
        assert!(crate::duty::take(&app, "jobs", "other").await.unwrap());
        assert_eq!(jobs::do_next(&app, "one").await.unwrap(), Some(false), "it is the other's turn");
        crate::duty::leave(&app, "jobs", "other").await.unwrap();
        assert_eq!(jobs::do_next(&app, "one").await.unwrap(), Some(true));
        assert_eq!(jobs::do_next(&app, "one").await.unwrap(), None);
        assert_eq!(jobs::list(&app, &admin, Some("import_process"), 0, 9).await.unwrap().len(), 1);
        assert_eq!(jobs::list(&app, &admin, Some("export_process"), 0, 9).await.unwrap().len(), 0);
    })
    .await;
}
