//! Posts, reactions and memberships where and by whom they may not be (security 1.3).

use rialto_testkit::client::text;
use rialto_testkit::ids::{fresh, now_ms};
use rialto_testkit::peer::author::{reaction_object, user_object};
use serde_json::{Value, json};

use super::case::{Record, case, http, in_silence, listed, not_shared};
use super::rig::{CANARY, PROFILE, Rig};

/// Channels that B takes no part in, and what they are called in the document.
pub fn closed(rig: &Rig) -> Vec<(&'static str, String)> {
    let c = &rig.channels;
    vec![
        ("a private channel", c.private.clone()),
        ("the partner's channel", c.partner.clone()),
        ("a channel shared once", c.ended.clone()),
        ("town-square", rig.hub.town.clone()),
        ("another team's channel", c.other_team.clone()),
        ("a direct channel", c.direct.clone()),
        ("an unknown channel", fresh()),
    ]
}

/// T-39274, INV-9, ruling 29: every channel that is not shared with B looks alike, and takes nobody in.
#[tokio::test]
async fn t_39274_people_and_posts_for_channels_that_are_not_shared() {
    case("T-39274", async |case| {
        let mallory = case.rig.mallory.clone();
        for (name, channel) in closed(&case.rig) {
            let newcomer = fresh();
            case.refused(&format!("people for {name}"), Record::Frame("not_shared"), async |rig| {
                let users =
                    json!({&mallory: rig.person(&mallory, "mallory"), &newcomer: user_object(&newcomer, CANARY)});
                not_shared(&rig.sync(&channel, json!({"users": users})).await, &channel)
            })
            .await;
            case.refused(
                &format!("people, a post, a reaction and a join for {name}"),
                Record::Frame("not_shared"),
                async |rig| {
                    let content = json!({"users": {&mallory: rig.person(&mallory, "mallory")},
                    "posts": [rig.post(&channel, &mallory)],
                    "reactions": [reaction_object(&rig.posts.private, &mallory, "tada", true, PROFILE)],
                    "membership_changes": [join(&channel, &mallory, true)]});
                    not_shared(&rig.sync(&channel, content).await, &channel)
                },
            )
            .await;
            case.refused(&format!("a file for {name}"), Record::Frame("not_shared"), async |rig| {
                let session = json!({"id": fresh(), "type": "attachment", "create_at": 0, "user_id": mallory,
                    "channel_id": channel, "filename": "a.txt", "file_size": 3, "file_offset": 0,
                    "remote_id": rig.remote_id, "req_file_id": fresh()});
                super::case::fail(&rig.evil.frame(&rig.remote_id, "sharedchannel_upload", session).await)
            })
            .await;
        }
        // Ruling 28: this one may come back, so B is asked to wait.
        let archived = case.rig.channels.archived.clone();
        case.refused("people and a post for an archived channel", Record::Nothing, async |rig| {
            let content =
                json!({"users": {&mallory: rig.person(&mallory, "mallory")}, "posts": [rig.post(&archived, &mallory)]});
            let answer = rig.sync(&archived, content).await;
            assert!(!answer.header("retry-after").is_empty(), "{answer}");
            http(&answer, 503)
        })
        .await;
        let no_channel = fresh();
        case.refused("people for no channel at all", Record::Nothing, async |rig| {
            let answer = rig.sync("", json!({"users": {&no_channel: user_object(&no_channel, "nobody")}})).await;
            assert_eq!(answer.body, json!({"status": "OK", "err": "", "payload": null}));
            "OK, ignored".to_owned()
        })
        .await;
    })
    .await;
}

/// T-41144, R-01, INV-2, INV-3: {new, existing here, in a private, in the partner's channel} × author × what is done.
#[tokio::test]
async fn t_41144_posts_of_others_and_elsewhere() {
    case("T-41144", async |case| {
        let rig = &case.rig;
        let (shared, mallory) = (rig.channels.shared.clone(), rig.mallory.clone());
        let authors = [
            ("B's person", mallory.clone()),
            ("C's person", rig.carl.clone()),
            ("a local person", rig.anna.id.clone()),
            ("the administrator", rig.hub.admin.id.clone()),
        ];
        let rows = [
            ("Anna's post here", rig.posts.annas.clone()),
            ("Carl's post here", rig.posts.carls.clone()),
            ("a post of a private channel", rig.posts.private.clone()),
            ("a post of the partner's channel", rig.posts.partner.clone()),
            ("C's post of the partner's channel", rig.posts.carls_partner.clone()),
            ("a post of B's own channel", rig.posts.theirs.clone()),
            ("a post of a channel shared once", rig.posts.ended.clone()),
        ];
        for (author_name, author) in &authors[1..] {
            case.refused(&format!("a new post by {author_name}"), Record::Items("post not_owner 1"), async |rig| {
                let post = rig.post(&shared, author);
                listed(
                    &rig.sync(&shared, json!({"posts": [post]})).await,
                    "post_errors",
                    &[post["id"].as_str().unwrap()],
                )
            })
            .await;
        }
        for (row_name, row) in &rows {
            for (author_name, author) in &authors {
                for (deed, members) in [
                    ("edited", json!({})),
                    ("deleted", json!({"delete_at": now_ms() + 90_000, "props": {"deleteBy": mallory}})),
                    ("pinned", json!({"is_pinned": true})),
                    ("given props", json!({"props": {"from_webhook": "true", "override_username": CANARY}})),
                ] {
                    let what = format!("{row_name} {deed}, by {author_name}");
                    case.refused(&what, Record::Items("post not_owner 1"), async |rig| {
                        let mut post = rig.edit(row, &shared, author);
                        post.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
                        listed(&rig.sync(&shared, json!({"posts": [post]})).await, "post_errors", &[row])
                    })
                    .await;
                }
            }
        }
        for (name, channel) in closed(&case.rig) {
            case.refused(
                &format!("a post naming {name} in a message for the shared one"),
                Record::Items("post not_owner 1"),
                async |rig| {
                    let post = rig.post(&channel, &mallory);
                    let id = text(&post["id"]);
                    listed(&rig.sync(&shared, json!({"posts": [post]})).await, "post_errors", &[&id])
                },
            )
            .await;
        }
        for (name, root) in [
            ("a private channel", case.rig.posts.private.clone()),
            ("the partner's channel", case.rig.posts.partner.clone()),
            ("B's own channel", case.rig.posts.theirs.clone()),
        ] {
            case.refused(&format!("a reply to a post of {name}"), Record::Items("post no_root 1"), async |rig| {
                let mut post = rig.post(&shared, &mallory);
                post["root_id"] = json!(root);
                let id = text(&post["id"]);
                listed(&rig.sync(&shared, json!({"posts": [post]})).await, "post_errors", &[&id])
            })
            .await;
        }
        let read_only = case.rig.channels.read_only.clone();
        case.refused("a new post where B may only read (G-48)", Record::Items("post read_only 1"), async |rig| {
            let post = rig.post(&read_only, &mallory);
            let id = text(&post["id"]);
            listed(&rig.sync(&read_only, json!({"posts": [post]})).await, "post_errors", &[&id])
        })
        .await;
        case.refused("a system message", Record::Nothing, async |rig| {
            let mut post = rig.post(&shared, &mallory);
            post["type"] = json!("system_join_channel");
            in_silence(&rig.sync(&shared, json!({"posts": [post]})).await)
        })
        .await;
        let mine = case.rig.posts.mallorys.clone();
        case.allowed("B's own post, edited and pinned by its author", async |rig| {
            let mut post = rig.edit(&mine, &shared, &mallory);
            post["message"] = json!("good day, edited");
            post["is_pinned"] = json!(true);
            in_silence(&rig.sync(&shared, json!({"posts": [post]})).await);
            let seen = rig.anna.see(&shared, "good day, edited").await;
            assert_eq!((&seen["is_pinned"], &seen["user_id"]), (&json!(true), &json!(mallory)));
            rig.honest.see("good day, edited").await;
            "OK: changed, and passed on to C".to_owned()
        })
        .await;
        case.allowed("B's own post, edited in the name of others", async |rig| {
            for author in [&rig.anna.id, &rig.carl, &rig.hub.admin.id] {
                let mut post = rig.edit(&mine, &shared, author);
                post["message"] = json!(format!("as {author}"));
                post["update_at"] = json!(now_ms() + 120_000);
                in_silence(&rig.sync(&shared, json!({"posts": [post]})).await);
                let stored = rig.anna.get(&format!("/posts/{mine}")).await.ok();
                assert_eq!(stored["user_id"], mallory.as_str(), "the author never changes: {stored}");
            }
            "OK: the author stays".to_owned()
        })
        .await;
    })
    .await;
}

/// T-29977, G-48: reactions only by B's people, on what they can see.
#[tokio::test]
async fn t_29977_reactions_of_others_and_elsewhere() {
    case("T-29977", async |case| {
        let rig = &case.rig;
        let (shared, mallory) = (rig.channels.shared.clone(), rig.mallory.clone());
        for (row_name, row) in [
            ("a post of a private channel", rig.posts.private.clone()),
            ("a post of the partner's channel", rig.posts.partner.clone()),
            ("a direct message", rig.posts.direct.clone()),
            ("a post of B's own channel", rig.posts.theirs.clone()),
        ] {
            for present in [true, false] {
                let what = format!("{} on {row_name}", if present { "a reaction" } else { "a removal" });
                case.refused(&what, Record::Items("reaction no_post 1"), async |rig| {
                    let reaction = reaction_object(&row, &rig.mallory, "rocket", present, PROFILE);
                    listed(&rig.sync(&shared, json!({"reactions": [reaction]})).await, "reaction_errors", &[&row])
                })
                .await;
            }
        }
        for (who, user, post, emoji) in [
            ("a local person", case.rig.anna.id.clone(), case.rig.posts.carls.clone(), "tada"),
            ("C's person", case.rig.carl.clone(), case.rig.posts.annas.clone(), "heart"),
        ] {
            for (deed, name, present) in
                [("a reaction", "rocket", true), ("a removal of the one that is there", emoji, false)]
            {
                case.refused(&format!("{deed} as {who}"), Record::Items("reaction not_owner 1"), async |rig| {
                    let mut reaction = reaction_object(&post, &user, name, present, PROFILE);
                    reaction["update_at"] = json!(now_ms() + 60_000);
                    listed(&rig.sync(&shared, json!({"reactions": [reaction]})).await, "reaction_errors", &[&post])
                })
                .await;
            }
        }
        let annas = case.rig.posts.annas.clone();
        for (name, emoji) in [
            ("of 10 kB", "x".repeat(10_000)),
            ("with control characters", "ta\u{1b}[31mda".to_owned()),
            ("that is empty", String::new()),
            ("with a line break", "ta\nda".to_owned()),
            ("of another alphabet and a slash", "ta/../da".to_owned()),
        ] {
            case.refused(&format!("a reaction with a name {name}"), Record::Items("reaction invalid 1"), async |rig| {
                let reaction = reaction_object(&annas, &mallory, &emoji, true, PROFILE);
                listed(&rig.sync(&shared, json!({"reactions": [reaction]})).await, "reaction_errors", &[&annas])
            })
            .await;
        }
        let read_only = case.rig.channels.read_only.clone();
        case.refused("a reaction where B may only read", Record::Items("reaction read_only 1"), async |rig| {
            let reaction = reaction_object(&rig.posts.read_only, &mallory, "tada", true, PROFILE);
            let answer = rig.sync(&read_only, json!({"reactions": [reaction]})).await;
            assert_eq!((answer.status, &answer.body["status"]), (200, &json!("OK")), "{answer}");
            "OK, without effect".to_owned()
        })
        .await;
        let gone = text(&case.rig.anna.write(&shared, "soon gone").await["id"]);
        for peer in [&case.rig.evil, &case.rig.honest] {
            peer.see("soon gone").await;
        }
        case.rig.anna.remove(&gone).await;
        for peer in [&case.rig.evil, &case.rig.honest] {
            peer.wait_world("the deletion", |world| world.posts[&gone].deleted).await;
        }
        case.rig.restart_silence().await;
        case.refused("a reaction on a deleted post", Record::Nothing, async |rig| {
            let reaction = reaction_object(&gone, &mallory, "tada", true, PROFILE);
            in_silence(&rig.sync(&shared, json!({"reactions": [reaction]})).await)
        })
        .await;
        case.allowed("600 different emoji on one post", async |rig| {
            let many: Vec<Value> = (0..600)
                .map(|number| reaction_object(&annas, &mallory, &format!("emoji_{number}"), true, PROFILE))
                .collect();
            let answer = rig.sync(&shared, json!({"reactions": many})).await;
            assert_eq!(answer.body["status"], "OK", "{answer}");
            let kept = rig.anna.reactions(&annas).await.len();
            assert!(kept <= 502, "{kept} kept");
            assert_eq!(answer.body["payload"]["reaction_errors"].as_array().unwrap().len() + kept, 602, "{kept} kept");
            // Each goes to C alone (ruling 38).
            let reached = async || (rig.honest.world().reactions(&annas).len() + 2 >= kept).then_some(());
            rialto_testkit::wait_for("C to hold them", rialto_testkit::LONG, reached).await;
            "OK: 500 kept, the others in reaction_errors".to_owned()
        })
        .await;
    })
    .await;
}

/// T-39361: who writes a post does not choose its id, its author, its time or its kind.
#[tokio::test]
async fn t_39361_posts_with_a_chosen_id() {
    case("T-39361", async |case| {
        let wanted = fresh();
        let anna = case.rig.anna.clone();
        let shared = case.rig.channels.shared.clone();
        for (member, value) in [
            ("id", json!(wanted)),
            ("id", json!(case.rig.posts.carls)),
            ("remote_id", json!(case.rig.remote_id)),
            ("create_at", json!(1)),
            ("update_at", json!(1)),
            ("edit_at", json!(1)),
            ("delete_at", json!(1)),
            ("user_id", json!(case.rig.hub.admin.id)),
            ("type", json!("system_join_channel")),
            ("type", json!("system_generic")),
            ("metadata", json!({"embeds": [{"type": "permalink", "data": {"post_id": case.rig.posts.private}}]})),
            ("is_pinned", json!(true)),
            ("reply_count", json!(7)),
            ("original_id", json!(case.rig.posts.carls)),
            ("hashtags", json!("#forged")),
        ] {
            case.allowed(&format!("POST /posts with {member}"), async |rig| {
                let mut body = json!({"channel_id": shared, "message": format!("with {member}")});
                body[member] = value.clone();
                let answer = anna.post("/posts", body).await;
                if answer.status != 201 {
                    assert!((400..500).contains(&answer.status), "{answer}");
                    return answer.status.to_string();
                }
                let stored = rig.hub.admin.get(&format!("/posts/{}", text(&answer.body["id"]))).await.ok();
                assert!(stored["id"] != wanted.as_str() && stored["id"] != rig.posts.carls.as_str(), "{stored}");
                assert_eq!(stored["user_id"], anna.id.as_str(), "{stored}");
                assert_eq!(
                    (&stored["type"], &stored["delete_at"], &stored["edit_at"]),
                    (&json!(""), &json!(0), &json!(0))
                );
                assert!(stored["create_at"].as_i64().unwrap() > now_ms() - 60_000, "{stored}");
                assert!(stored["remote_id"].is_null() || stored["remote_id"] == "", "{stored}");
                assert!(!stored["metadata"].to_string().contains(&rig.posts.private), "{stored}");
                assert!(
                    stored["hashtags"] == "" && stored["reply_count"] == 0 && stored["original_id"] == "",
                    "{stored}"
                );
                "201: the server's own".to_owned()
            })
            .await;
        }
    })
    .await;
}

/// T-28759, INV-3: each membership is checked for its own channel and person.
#[tokio::test]
async fn t_28759_members_of_other_channels_and_servers() {
    case("T-28759", async |case| {
        let (shared, mallory) = (case.rig.channels.shared.clone(), case.rig.mallory.clone());
        for (name, channel) in closed(&case.rig) {
            for is_add in [true, false] {
                for (who, user) in [("B's", mallory.clone()), ("a local", case.rig.anna.id.clone())] {
                    let what =
                        format!("{} of {who} person, item for {name}", if is_add { "a join" } else { "a leave" });
                    case.refused(&what, Record::Items("user not_owner 1"), async |rig| {
                        let content = json!({"membership_changes": [join(&channel, &user, is_add)]});
                        in_silence(&rig.sync(&shared, content).await)
                    })
                    .await;
                }
            }
        }
        case.refused("a leave without a channel", Record::Items("user invalid 1"), async |rig| {
            let mut change = join(&shared, &mallory, false);
            change.as_object_mut().unwrap().remove("channel_id");
            in_silence(&rig.sync(&shared, json!({"membership_changes": [change]})).await)
        })
        .await;
        for (who, user) in [
            ("a local person", case.rig.anna.id.clone()),
            ("the administrator", case.rig.hub.admin.id.clone()),
            ("C's person", case.rig.carl.clone()),
            ("nobody", fresh()),
        ] {
            for is_add in [true, false] {
                let what = format!("{} of {who} in the shared channel", if is_add { "a join" } else { "a leave" });
                case.refused(&what, Record::Items("user no_user 1"), async |rig| {
                    let content = json!({"membership_changes": [join(&shared, &user, is_add)]});
                    let answer = rig.sync(&shared, content).await;
                    assert_eq!((answer.status, &answer.body["status"]), (200, &json!("OK")), "{answer}");
                    "OK, without effect".to_owned()
                })
                .await;
            }
        }
        let private = case.rig.channels.private.clone();
        // 5 000 of a kind are read, as many again are named as refused; the rest is not looked at.
        for (what, channel, number, record) in [
            (
                "20 000 leaves of local people from a private channel",
                &private,
                20_000,
                "user not_owner 5000, user invalid 5000",
            ),
            ("500 leaves of local people from the shared channel", &shared, 500, "user no_user 500"),
        ] {
            case.refused(&format!("{what}, in one message"), Record::Items(record), async |rig| {
                let many: Vec<Value> = (0..number).map(|_| join(channel, &rig.anna.id, false)).collect();
                let answer = rig.sync(&shared, json!({"membership_changes": many})).await;
                assert_eq!((answer.status, &answer.body["status"]), (200, &json!("OK")), "{answer}");
                "OK, without effect".to_owned()
            })
            .await;
        }
        case.allowed("a leave of B's own person", async |rig| {
            rig.sync(&shared, json!({"membership_changes": [join(&shared, &mallory, false)]})).await.ok();
            let path = format!("/channels/{shared}/members/{mallory}");
            assert_eq!(rig.hub.admin.get(&path).await.status, 404);
            "OK: gone".to_owned()
        })
        .await;
    })
    .await;
}

fn join(channel: &str, user: &str, is_add: bool) -> Value {
    json!({"channel_id": channel, "user_id": user, "is_add": is_add, "remote_id": "", "change_time": now_ms() + 60_000})
}
