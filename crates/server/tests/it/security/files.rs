//! Files: what kind, whose, where to and under which name (security 1.3, last two).

use rialto_testkit::client::{Answer, text};
use rialto_testkit::ids::fresh;
use serde_json::{Value, json};

use super::case::{Record, case, fail, http};
use super::rig::{CANARY, Rig};

fn session(rig: &Rig) -> Value {
    json!({"id": fresh(), "type": "attachment", "create_at": 0, "user_id": rig.mallory,
        "channel_id": rig.channels.shared, "filename": format!("{CANARY}.txt"), "file_size": 5, "file_offset": 0,
        "remote_id": rig.remote_id, "req_file_id": fresh()})
}

async fn announce(rig: &Rig, session: Value) -> Answer {
    rig.evil.frame(&rig.remote_id, "sharedchannel_upload", session).await
}

/// The session as answered.
async fn announced(rig: &Rig, session: Value) -> Value {
    let answer = announce(rig, session).await;
    assert_eq!((answer.status, &answer.body["status"]), (200, &json!("OK")), "{answer}");
    answer.body["payload"].clone()
}

/// Bytes in the server's data folder but its database and log.
fn stored(rig: &Rig) -> Vec<(String, u64)> {
    let mut found = Vec::new();
    let mut folders = vec![rig.hub.server.data().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let name = entry.path().strip_prefix(rig.hub.server.data()).unwrap().display().to_string();
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else if !name.contains(".db") && !name.contains("sqlite") && !name.ends_with(".log") {
                found.push((name, entry.metadata().unwrap().len()));
            }
        }
    }
    found.sort();
    found
}

/// T-49222, SC-012: only attachments, only B's, only where B may write, and no byte more than announced.
#[tokio::test]
async fn t_49222_uploads_that_are_no_attachments_of_the_peer() {
    case("T-49222", async |case| {
        for kind in ["import", "", "emoji", "plugin", "ATTACHMENT"] {
            case.refused(
                &format!("announcement of type {}", if kind.is_empty() { "nothing" } else { kind }),
                // Emoji are asked for by a setting.
                Record::Frame(if kind == "emoji" { "disabled" } else { "invalid" }),
                async |rig| {
                    let mut session = session(rig);
                    session["type"] = json!(kind);
                    fail(&announce(rig, session).await)
                },
            )
            .await;
        }
        for (who, user) in [("a local person", case.rig.anna.id.clone()), ("C's person", case.rig.carl.clone())] {
            case.refused(&format!("announcement of a file of {who}"), Record::Frame("not_owner"), async |rig| {
                let mut session = session(rig);
                session["user_id"] = json!(user);
                fail(&announce(rig, session).await)
            })
            .await;
        }
        let read_only = case.rig.channels.read_only.clone();
        case.refused("announcement where B may only read", Record::Frame("read_only"), async |rig| {
            let mut session = session(rig);
            session["channel_id"] = json!(read_only);
            fail(&announce(rig, session).await)
        })
        .await;
        for size in [-1, 0, 1_i64 << 40] {
            let code = if size > 0 { "too_large" } else { "invalid" };
            case.refused(&format!("announcement of {size} bytes"), Record::Frame(code), async |rig| {
                let mut session = session(rig);
                session["file_size"] = json!(size);
                fail(&announce(rig, session).await)
            })
            .await;
        }
        // A file of ours, and one of C's.
        let anna = case.rig.anna.clone();
        let shared = case.rig.channels.shared.clone();
        let file = anna.upload(&shared, "ours.txt", b"Anna's own".to_vec()).await.ok();
        let ours = text(&file["file_infos"][0]["id"]);
        let carls = json!({"id": fresh(), "type": "attachment", "create_at": 0, "user_id": case.rig.carl,
            "channel_id": shared, "filename": "c.txt", "file_size": 5, "file_offset": 0, "remote_id": "",
            "req_file_id": fresh()});
        let rig = &case.rig;
        let open = rig.honest.frame(&rig.honest_id, "sharedchannel_upload", carls.clone()).await;
        assert_eq!(open.body["status"], "OK", "{open}");
        let carls_upload = text(&open.body["payload"]["id"]);
        case.rig.restart_silence().await;
        case.refused("announcement under the id of our file", Record::Frame("not_owner"), async |rig| {
            let mut session = session(rig);
            session["req_file_id"] = json!(ours);
            fail(&announce(rig, session).await)
        })
        .await;
        case.refused("announcement under the id of C's file", Record::Frame("not_owner"), async |rig| {
            let mut session = session(rig);
            session["req_file_id"] = carls["req_file_id"].clone();
            fail(&announce(rig, session).await)
        })
        .await;
        case.refused("announcement under the id of C's upload", Record::Frame("not_owner"), async |rig| {
            let mut session = session(rig);
            session["id"] = json!(carls_upload);
            fail(&announce(rig, session).await)
        })
        .await;
        case.refused("bytes for C's upload", Record::Frame("not_owner"), async |rig| {
            http(&rig.raw(&format!("/upload/{carls_upload}"), b"12345".to_vec()).await, 401)
        })
        .await;
        case.refused("bytes for no upload", Record::Frame("invalid"), async |rig| {
            http(&rig.raw(&format!("/upload/{}", fresh()), b"12345".to_vec()).await, 404)
        })
        .await;
        let mut upload = String::new();
        case.allowed("announcement with offset, time and another connection preset", async |rig| {
            let mut session = session(rig);
            session["file_offset"] = json!(4);
            session["create_at"] = json!(1);
            session["remote_id"] = json!(rig.honest_id);
            session["path"] = json!("../../etc/passwd");
            let answer = announced(rig, session).await;
            assert_eq!((&answer["file_offset"], &answer["remote_id"]), (&json!(0), &json!(rig.remote_id)), "{answer}");
            assert!(answer["create_at"].as_i64().unwrap() > 1, "{answer}");
            upload = text(&answer["id"]);
            "OK: all three are ours to say".to_owned()
        })
        .await;
        let before = stored(&case.rig);
        case.refused("more bytes than announced", Record::Frame("invalid"), async |rig| {
            http(&rig.raw(&format!("/upload/{upload}"), b"123456".to_vec()).await, 400)
        })
        .await;
        case.refused("the first part of two, of three bytes", Record::Frame("invalid"), async |rig| {
            http(&rig.raw(&format!("/upload/{upload}"), b"123".to_vec()).await, 400)
        })
        .await;
        let empty = |files: Vec<(String, u64)>| files.into_iter().filter(|(_, size)| *size > 0).collect::<Vec<_>>();
        assert_eq!(empty(stored(&case.rig)), empty(before), "refused bytes are not kept");
        case.allowed("exactly the announced bytes, twice at once", async |rig| {
            let path = format!("/upload/{upload}");
            let (one, two) = tokio::join!(rig.raw(&path, b"12345".to_vec()), rig.raw(&path, b"12345".to_vec()));
            let taken = [one.status, two.status].into_iter().filter(|status| *status == 200).count();
            assert!(
                taken >= 1 && [one.status, two.status].iter().all(|status| matches!(status, 200 | 400)),
                "{one} {two}"
            );
            "200: one file".to_owned()
        })
        .await;
        let mallory = case.rig.mallory.clone();
        case.allowed("a post of B's that names Anna's and C's files", async |rig| {
            let mut post = rig.post(&shared, &mallory);
            post["message"] = json!("with others' files");
            post["file_ids"] = json!([ours, carls["req_file_id"]]);
            rig.sync(&shared, json!({"posts": [post]})).await.ok();
            let seen = rig.anna.see(&shared, "with others' files").await;
            assert!(!seen["metadata"]["files"].to_string().contains("ours.txt"), "{seen}");
            let info = rig.anna.get(&format!("/files/{ours}/info")).await.ok();
            assert_eq!(info["post_id"].as_str().unwrap_or_default(), "", "Anna's file stays hers: {info}");
            let by_others = rig.otto.get(&format!("/files/{ours}")).await;
            assert!(matches!(by_others.status, 403 | 404), "unread by others: {by_others}");
            "OK: the files are not attached".to_owned()
        })
        .await;
    })
    .await;
}

/// T-6957, G-13: a name is a label; nothing is ever stored, listed or downloaded under a path from it.
#[tokio::test]
async fn t_6957_names_that_are_paths() {
    case("T-6957", async |case| {
        let (shared, mallory) = (case.rig.channels.shared.clone(), case.rig.mallory.clone());
        let long = format!("{}.txt", "n".repeat(4096));
        let names = [
            "../../x",
            "..\\..\\x",
            "/etc/passwd",
            "C:\\x",
            "a/b",
            ".",
            "..",
            "",
            "nul\0name",
            &long,
            "\u{202e}fdp.exe",
            "con",
            "dots...",
            "é.txt",
            "e\u{301}.txt",
            "%2e%2e%2f",
            "line\nbreak",
            "\u{1b}[31m.txt",
        ];
        for (number, name) in names.iter().enumerate() {
            let shown = match *name {
                "" => "nothing".to_owned(),
                name if name.len() > 100 => "4 kB".to_owned(),
                name => name.escape_debug().to_string(),
            };
            case.allowed(&format!("a file named {shown}"), async |rig| {
                let mut session = session(rig);
                session["filename"] = json!(name);
                let answer = announce(rig, session.clone()).await;
                if answer.body["status"] == "FAIL" {
                    return fail(&answer);
                }
                let upload = text(&answer.body["payload"]["id"]);
                let taken = rig.raw(&format!("/upload/{upload}"), b"12345".to_vec()).await.ok();
                let message = format!("file {number}");
                let mut post = rig.post(&shared, &mallory);
                post["message"] = json!(message);
                post["file_ids"] = json!([taken["id"]]);
                rig.sync(&shared, json!({"posts": [post]})).await.ok();
                rig.anna.see(&shared, &message).await;
                let id = text(&taken["id"]);
                assert_eq!(id, text(&session["req_file_id"]));
                let info = rig.anna.get(&format!("/files/{id}/info")).await.ok();
                let label = text(&info["name"]);
                let bad = |c: char| {
                    c.is_control() || matches!(c, '/' | '\\' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
                };
                assert!(!label.is_empty() && label.len() <= 255 && !label.contains(bad), "{label:?}");
                assert!(label != "." && label != "..", "{label:?}");
                let file = rig.anna.get(&format!("/files/{id}")).await;
                assert_eq!((file.status, file.bytes.as_slice()), (200, &b"12345"[..]), "{file}");
                let disposition = file.header("content-disposition").to_owned();
                assert!(disposition.starts_with("attachment") || disposition.starts_with("inline"), "{disposition}");
                assert!(!disposition.contains("../") && !disposition.contains("..\\"), "{disposition}");
                "OK: a clean label".to_owned()
            })
            .await;
        }
        for (path, _) in stored(&case.rig).into_iter().filter(|(path, _)| path.starts_with("files/")) {
            // By ids alone: `files/ab/abc…`.
            let name = path.rsplit('/').next().unwrap_or_default();
            assert!(rialto_model::id::is_valid(name), "stored under a name: {path}");
        }
        assert!(!case.rig.hub.server.data().join("../x").exists());
    })
    .await;
}
