//! People: whose they are, and what their server may say of them (security 1.2).

use rialto_testkit::Socket;
use rialto_testkit::client::{Client, PASSWORD, text};
use rialto_testkit::ids::{fresh, now_ms};
use rialto_testkit::peer::author::user_object;
use serde_json::{Value, json};

use super::case::{Record, case, http, in_silence, listed};
use super::rig::{CANARY, Rig};

async fn tell(rig: &Rig, id: &str, user: Value) -> rialto_testkit::client::Answer {
    rig.sync(&rig.channels.shared, json!({"users": {id: user}})).await
}

/// T-36492, SC-099, INV-4: nobody's record but the peer's own changes, and sessions go on.
#[tokio::test]
async fn t_36492_records_of_people_who_are_not_the_peers() {
    case("T-36492", async |case| {
        let gone = case.rig.hub.member("gone").await;
        case.rig.hub.admin.delete(&format!("/users/{}", gone.id)).await.ok();
        case.rig.restart_silence().await;
        let people = [
            ("the administrator", case.rig.hub.admin.id.clone()),
            ("a local person", case.rig.anna.id.clone()),
            ("a deactivated person", gone.id.clone()),
            ("C's person", case.rig.carl.clone()),
        ];
        for (name, id) in &people {
            for (what, username, members) in [
                ("a new name", "renamed", json!({})),
                ("the same name", "anna", json!({})),
                ("roles and a password", "renamed", json!({"roles": "system_admin", "password": CANARY})),
                ("a deactivation", "renamed", json!({"delete_at": now_ms()})),
                ("B's own remote_id", "renamed", json!({"remote_id": case.rig.remote_id})),
            ] {
                case.refused(&format!("{name} with {what}"), Record::Items("user not_owner 1"), async |rig| {
                    let mut user = rig.person(id, username);
                    user.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
                    let answer = tell(rig, id, user).await;
                    assert_eq!(answer.body["payload"]["users_syncd"], json!([]), "{answer}");
                    listed(&answer, "user_errors", &[id])
                })
                .await;
            }
        }
        assert_eq!(case.rig.anna.get("/users/me").await.ok()["username"], "anna", "the session is valid");
        Client::sign_in(&case.rig.hub.server.url(), "anna", PASSWORD).await;
    })
    .await;
}

/// T-41926, INV-1, G-16: whose a person is comes from the credential; and only what is public is taken at all.
#[tokio::test]
async fn t_41926_people_who_claim_to_be_somebody_elses() {
    case("T-41926", async |case| {
        let honest = case.rig.honest_id.clone();
        let long = "r".repeat(300);
        let claims = [
            ("C's", json!(honest)),
            ("A's own, empty", json!("")),
            ("null", Value::Null),
            ("300 characters", json!(long)),
            ("a number", json!(7)),
            ("B's", json!(case.rig.remote_id)),
        ];
        for (number, (name, claim)) in claims.into_iter().enumerate() {
            let id = fresh();
            case.allowed(
                &format!("a new person with remote_id {name}, roles, password, auth, mfa, e-mail and props"),
                async |rig| {
                    let username = format!("nora{number}");
                    let mut user = user_object(&id, &username);
                    let stolen = json!({"remote_id": claim, "roles": "system_admin system_user",
                    "password": "$2a$10$abcdefghijklmnopqrstuv", "auth_service": "ldap", "auth_data": "nora",
                    "mfa_secret": "SECRET", "mfa_active": true, "email": "admin@example.com", "email_verified": true,
                    "props": {"RemoteUsername": "admin", "RemoteEmail": "admin@example.com", "OriginalRemoteId": honest,
                        "remote_id": "", "evil": CANARY}, "notify_props": {"email": "true"}});
                    user.as_object_mut().unwrap().extend(stolen.as_object().unwrap().clone());
                    let answer = tell(rig, &id, user).await;
                    assert_eq!(answer.body["payload"]["users_syncd"], json!([id]), "{answer}");
                    let stored = rig.hub.admin.get(&format!("/users/{id}")).await.ok();
                    assert_eq!(stored["remote_id"], rig.remote_id.as_str(), "{stored}");
                    assert_eq!(
                        (&stored["roles"], &stored["username"]),
                        (&json!("system_user"), &json!(format!("{username}:evil")))
                    );
                    assert_eq!(stored["props"], json!({"RemoteUsername": username}), "{stored}");
                    assert_eq!(
                        (&stored["auth_service"], stored["email"] == "admin@example.com"),
                        (&json!(""), false),
                        "{stored}"
                    );
                    "OK: B's, with name and display name alone".to_owned()
                },
            )
            .await;
        }
        // The names that are taken stay with whom they belong to.
        let twin = fresh();
        case.allowed("a second person of the same name", async |rig| {
            let answer = tell(rig, &twin, user_object(&twin, "nora0")).await;
            assert_eq!(answer.body["payload"]["users_syncd"], json!([twin]));
            let twin = rig.hub.admin.get(&format!("/users/{twin}")).await.ok();
            assert_eq!(twin["username"], "nora0-2:evil");
            "OK: nora0-2:evil".to_owned()
        })
        .await;
    })
    .await;
}

/// T-39839, ruling 55: what is shown of another server's person is derived here.
#[tokio::test]
async fn t_39839_properties_that_tell_of_another_server() {
    case("T-39839", async |case| {
        let (anna, mallory) = (case.rig.anna.clone(), case.rig.mallory.clone());
        let reserved = json!({"RemoteUsername": "admin", "RemoteEmail": "admin@example.com",
            "OriginalRemoteId": case.rig.honest_id, "OriginalUserId": case.rig.hub.admin.id});
        let shown = async |rig: &Rig, id: &str| rig.hub.admin.get(&format!("/users/{id}")).await.ok()["props"].clone();
        case.allowed("a local person sets every reserved property by PUT and by patch", async |rig| {
            let mut profile = anna.get("/users/me").await.ok();
            profile["props"] = reserved.clone();
            anna.put(&format!("/users/{}", anna.id), profile).await;
            anna.put(&format!("/users/{}/patch", anna.id), json!({"props": reserved})).await;
            let props = shown(rig, &anna.id).await;
            for key in reserved.as_object().unwrap().keys() {
                assert!(props.get(key).is_none(), "{props}");
            }
            "not kept".to_owned()
        })
        .await;
        case.allowed("a new local account brings them", async |rig| {
            let body =
                json!({"username": "props", "email": "props@example.com", "password": PASSWORD, "props": reserved});
            let made = rig.hub.admin.post("/users", body).await;
            if made.status == 201 {
                let props = shown(rig, &text(&made.body["id"])).await;
                for key in reserved.as_object().unwrap().keys() {
                    assert!(props.get(key).is_none(), "{props}");
                }
            }
            assert!(matches!(made.status, 201 | 400), "{made}");
            "not kept".to_owned()
        })
        .await;
        case.allowed("B's person brings them in an update", async |rig| {
            let mut user = rig.person(&mallory, "mallory");
            user["props"] = reserved.clone();
            tell(rig, &mallory, user).await.ok();
            assert_eq!(shown(rig, &mallory).await, json!({"RemoteUsername": "mallory"}));
            "OK: RemoteUsername is the name B uses".to_owned()
        })
        .await;
        case.refused("an administrator's patch of B's person", Record::Stranger, async |rig| {
            let patch = json!({"props": reserved, "username": "admin2"});
            let answer = rig.hub.admin.put(&format!("/users/{mallory}/patch"), patch).await;
            assert!((400..500).contains(&answer.status), "{answer}");
            answer.status.to_string()
        })
        .await;
    })
    .await;
}

/// T-39836: nobody of another server signs in here, in any way.
#[tokio::test]
async fn t_39836_people_of_other_servers_are_no_accounts() {
    case("T-39836", async |case| {
        let mallory = case.rig.mallory.clone();
        let stored = case.rig.hub.admin.get(&format!("/users/{mallory}")).await.ok();
        let email = text(&stored["email"]);
        assert!(
            stored["email"].as_str().is_none_or(|email| email.ends_with("@remote.invalid") || email.is_empty()),
            "{stored}"
        );
        let names = [
            ("its name", "mallory:evil".to_owned()),
            ("its name there", "mallory".to_owned()),
            ("its address there", "mallory@peer.example".to_owned()),
            ("its address here", format!("{mallory}@remote.invalid")),
            ("its id", mallory.clone()),
        ];
        let mut tries: Vec<(String, &str, String, Value)> = Vec::new();
        for (name, login) in &names {
            for password in ["", PASSWORD, "$2a$10$abcdefghijklmnopqrstuv"] {
                let body = json!({"login_id": login, "password": password});
                tries.push((format!("sign-in by {name}"), "POST", "/users/login".to_owned(), body));
            }
        }
        for (_, login) in &names {
            let body = json!({"email": login});
            tries.push(("a password reset".to_owned(), "POST", "/users/password/reset/send".to_owned(), body.clone()));
            tries.push(("a verification mail".to_owned(), "POST", "/users/email/verify/send".to_owned(), body));
        }
        let user = format!("/users/{mallory}");
        tries.push((
            "an address set by the administrator".into(),
            "PUT",
            format!("{user}/patch"),
            json!({"email": "m@example.com"}),
        ));
        tries.push((
            "a password set by the administrator".into(),
            "PUT",
            format!("{user}/password"),
            json!({"new_password": PASSWORD}),
        ));
        tries.push((
            "a second factor".into(),
            "PUT",
            format!("{user}/mfa"),
            json!({"activate": true, "code": "123456"}),
        ));
        tries.push(("a personal access token".into(), "POST", format!("{user}/tokens"), json!({"description": "x"})));
        tries.push(("roles".into(), "PUT", format!("{user}/roles"), json!({"roles": "system_admin system_user"})));
        let admin = case.rig.hub.admin.clone();
        let _ = email;
        for (what, method, path, body) in tries {
            case.refused(&format!("{what} of B's person"), Record::Stranger, async |rig| {
                let method = rialto_testkit::Method::from_bytes(method.as_bytes()).unwrap();
                let answer = admin.call(method, &path, Some(&body)).await;
                let harmless = answer.status == 200 && path.ends_with("/send");
                assert!((400..502).contains(&answer.status) || harmless, "{answer}");
                let sessions = rialto_testkit::digest::rows(&rig.hub.server, "sessions").await;
                assert!(!sessions.iter().any(|row| row["user_id"].contains(&mallory)), "a session of theirs");
                if harmless { "200, as for anybody".to_owned() } else { answer.status.to_string() }
            })
            .await;
        }
    })
    .await;
}

/// T-32939, SC-099: the address a person has on their own server is shown to nobody here.
#[tokio::test]
async fn t_32939_addresses_of_people_of_other_servers() {
    case("T-32939", async |case| {
        let gus = case.rig.hub.member_of(&case.rig.channels.shared, "gus").await;
        case.rig.restart_silence().await;
        let id = fresh();
        let mut socket = None;
        case.allowed(
            "B's person with an address in email, props and notify_props, then every listing of people",
            async |rig| {
                socket = Some(Socket::connect(&gus.url, &gus.token).await);
                let mut user = user_object(&id, "vera");
                user["email"] = json!("vera@canary.example");
                user["props"] = json!({"RemoteEmail": "vera@canary.example"});
                user["notify_props"] = json!({"mention_keys": "vera@canary.example"});
                assert_eq!(tell(rig, &id, user).await.body["payload"]["users_syncd"], json!([id]));
                rig.wait_member(&rig.channels.shared, &id).await;
                let (team, channel) = (&rig.hub.team, &rig.channels.shared);
                let places = [
                    format!("/users/{id}"),
                    "/users/username/vera:evil".to_owned(),
                    "/users?page=0&per_page=200".to_owned(),
                    format!("/users?in_channel={channel}"),
                    format!("/users?in_team={team}"),
                    format!("/users/autocomplete?in_team={team}&in_channel={channel}&name=vera"),
                    format!("/channels/{channel}/members"),
                    format!("/teams/{team}/members"),
                    format!("/sharedchannels/{team}?page=0&per_page=50"),
                ];
                for person in [&gus, &rig.hub.admin] {
                    for place in &places {
                        let answer = person.get(place).await;
                        assert!(!answer.text().contains("canary.example"), "{answer}");
                    }
                    for (path, body) in [
                        ("/users/ids", json!([id])),
                        ("/users/usernames", json!(["vera:evil"])),
                        ("/users/search", json!({"term": "vera"})),
                        ("/users/search", json!({"term": "canary.example"})),
                    ] {
                        let answer = person.post(path, body).await;
                        assert!(!answer.text().contains("canary.example"), "{answer}");
                    }
                }
                let seen = gus.get(&format!("/users/{id}")).await;
                assert_eq!(seen.status, 200, "the crawl looked at the right person: {seen}");
                "OK: no answer and no event holds it".to_owned()
            },
        )
        .await;
        let heard = socket.unwrap().events();
        assert!(heard.iter().any(|event| event.to_string().contains(&id)), "the socket heard of the person");
        assert!(!heard.iter().any(|event| event.to_string().contains("canary.example")), "{heard:?}");
        for row in rialto_testkit::digest::rows(&case.rig.hub.server, "users").await {
            assert!(!row.values().any(|value| value.contains("canary.example")), "stored: {row:?}");
        }
    })
    .await;
}

/// T-36257, R-19: a picture comes only from the person's own server.
#[tokio::test]
async fn t_36257_pictures_of_people_who_are_not_the_peers() {
    case("T-36257", async |case| {
        let picture = png();
        for (name, id, status) in [
            ("C's person", case.rig.carl.clone(), 400),
            ("a local person", case.rig.anna.id.clone(), 400),
            ("nobody", fresh(), 400),
        ] {
            let picture = picture.clone();
            case.refused(&format!("picture of {name}"), Record::Frame("not_owner"), async |rig| {
                http(&rig.evil.send_picture(&rig.remote_id, &id, picture).await, status)
            })
            .await;
        }
        let mallory = case.rig.mallory.clone();
        case.allowed("picture of B's own person", async |rig| {
            let before = rig.anna.get(&format!("/users/{mallory}/image")).await.bytes;
            let answer = rig.evil.send_picture(&rig.remote_id, &mallory, picture.clone()).await;
            assert_eq!((answer.status, &answer.body["status"]), (200, &json!("OK")), "{answer}");
            assert_ne!(rig.anna.get(&format!("/users/{mallory}/image")).await.bytes, before);
            "200".to_owned()
        })
        .await;
    })
    .await;
}

/// A picture of one pixel.
fn png() -> Vec<u8> {
    const PIXEL: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\0\0\0\rIDATx\x9cc\xf8\xcf\xc0\xf0\x1f\0\x05\0\x01\xff\x89\x99=\x1d\0\0\0\0IEND\xaeB`\x82";
    PIXEL.to_vec()
}

/// T-9076, INV-5: what leaves is built from a list of what may. Every text column of a person holds a canary.
#[tokio::test]
async fn t_9076_frames_hold_nothing_private() {
    case("T-9076", async |case| {
        let vera = case.rig.hub.member_of(&case.rig.channels.shared, "vera").await;
        case.rig.restart_silence().await;
        case.allowed("everything a person can set about themselves, then a post, an edit, a reaction and a file", async |rig| {
            let canary = |name: &str| format!("canary-{name}");
            let patch = json!({"email": "canary-email@example.com", "password": PASSWORD,
                "props": {"canary-key": "canary-prop", "customStatus": json!({"text": "gone fishing", "emoji": "fish"}).to_string()},
                "notify_props": {"mention_keys": canary("keys"), "auto_responder_message": canary("away")},
                "timezone": {"useAutomaticTimezone": "false", "manualTimezone": "Europe/Berlin", "automaticTimezone": ""}});
            vera.put(&format!("/users/{}/patch", vera.id), patch).await.ok();
            let written = vera.write(&rig.channels.shared, "a post to carry its author").await;
            let id = text(&written["id"]);
            vera.edit(&id, "a post to carry its author, edited").await;
            vera.react(&id, "tada").await;
            let file = vera.upload(&rig.channels.shared, "a.txt", b"words".to_vec()).await.ok();
            let body = json!({"channel_id": rig.channels.shared, "message": "with a file",
                "file_ids": [file["file_infos"][0]["id"]]});
            vera.post("/posts", body).await.ok();
            rig.evil.see("with a file").await;
            rig.evil.see("a post to carry its author, edited").await;
            rig.evil.wait_world("the reaction", |world| !world.reactions(&id).is_empty()).await;
            let mut topics = std::collections::BTreeSet::new();
            for request in rig.evil.requests() {
                topics.insert(request.topic().to_owned());
                let frame = String::from_utf8_lossy(&request.body).into_owned();
                assert!(!frame.contains("canary-"), "{}: {frame}", request.path);
                let lower = frame.to_lowercase();
                for word in ["password", "auth_data", "mfa", "notify_props", "session", "last_login"] {
                    assert!(!lower.contains(&format!("\"{word}")) || request.topic() == "invitation", "{word} in {frame}");
                }
                for user in request.payload()["users"].as_object().into_iter().flatten() {
                    assert!(user.1["email"].as_str().is_none_or(str::is_empty), "{}", user.1);
                    assert_eq!(user.1["roles"], "system_user");
                    assert!(user.1.get("last_activity_at").is_none(), "{}", user.1);
                    for key in user.1["props"].as_object().into_iter().flatten() {
                        assert_eq!(key.0, "customStatus");
                    }
                }
            }
            for topic in ["sharedchannel_invite", "sharedchannel_sync", "sharedchannel_upload"] {
                assert!(topics.contains(topic), "{topics:?}");
            }
            "invitations, posts, people, reactions and files leave without any of it".to_owned()
        })
        .await;
    })
    .await;
}

/// T-6428: who makes an account does not choose its id, its owner or its rights.
#[tokio::test]
async fn t_6428_accounts_with_a_chosen_id() {
    case("T-6428", async |case| {
        let wanted = fresh();
        let admin = case.rig.hub.admin.clone();
        let mut stranger = admin.clone();
        stranger.token.clear();
        for (number, (name, client)) in [("nobody signed in", stranger), ("a member", case.rig.anna.clone()), ("the administrator", admin)]
            .into_iter()
            .enumerate()
        {
            let extras = [
                ("id", json!(wanted)),
                ("remote_id", json!(case.rig.remote_id)),
                ("create_at", json!(1)),
                ("update_at", json!(1)),
                ("delete_at", json!(1)),
                ("roles", json!("system_admin system_user")),
                ("auth_service", json!("ldap")),
                ("auth_data", json!("x")),
                ("props", json!({"RemoteUsername": "admin", "OriginalRemoteId": "x"})),
                ("last_password_update", json!(1)),
                ("last_activity_at", json!(1)),
                ("mfa_active", json!(true)),
                ("email_verified", json!(true)),
            ];
            case.allowed(&format!("POST /users by {name}, with id, remote_id, times, roles, auth, props one by one"), async |rig| {
                for (index, (member, value)) in extras.into_iter().enumerate() {
                    let username = format!("made-{number}-{index}");
                    let mut body = json!({"username": username, "email": format!("{username}@example.com"), "password": PASSWORD});
                    body[member] = value;
                    let answer = client.post("/users", body).await;
                    if answer.status != 201 {
                        http(&answer, 400);
                        continue;
                    }
                    let stored = rig.hub.admin.get(&format!("/users/{}", text(&answer.body["id"]))).await.ok();
                    assert_ne!(stored["id"], wanted.as_str());
                    assert_eq!(stored["roles"], "system_user", "{member}: {stored}");
                    assert!(stored["create_at"].as_i64().unwrap() > 1_600_000_000_000, "{member}: {stored}");
                    assert_eq!(stored["delete_at"], 0, "{member}: {stored}");
                    assert!(stored["remote_id"].is_null() || stored["remote_id"] == "", "{member}: {stored}");
                    assert!(stored["auth_service"] == "" || stored["auth_service"].is_null(), "{member}: {stored}");
                    assert!(stored["props"].get("RemoteUsername").is_none(), "{member}: {stored}");
                    Client::sign_in(&rig.hub.server.url(), &username, PASSWORD).await;
                }
                "ignored, or 400".to_owned()
            })
            .await;
        }
    })
    .await;
}

/// T-27769: presence comes only from the person's own server.
#[tokio::test]
async fn t_27769_presence_of_people_who_are_not_the_peers() {
    case("T-27769", async |case| {
        let now = now_ms();
        let status = |user: &str, word: &str, at: i64| {
            json!({"user_id": user, "status": word, "manual": true, "last_activity_at": at, "dnd_end_time": 0})
        };
        for (name, id) in [("a local person", case.rig.anna.id.clone()), ("C's person", case.rig.carl.clone()), ("nobody", fresh())] {
            for word in ["dnd", "offline"] {
                case.refused(&format!("{word} for {name}"), Record::Items("status no_user 1"), async |rig| {
                    let shown = rig.anna.get(&format!("/users/{id}/status")).await.body["status"].clone();
                    let answer = rig.sync(&rig.channels.shared, json!({"statuses": [status(&id, word, now)]})).await;
                    assert_eq!(rig.anna.get(&format!("/users/{id}/status")).await.body["status"], shown);
                    listed(&answer, "status_errors", &[&id])
                })
                .await;
            }
        }
        let mallory = case.rig.mallory.clone();
        for (name, odd) in [
            ("an unknown word", status(&mallory, "asleep", now)),
            ("a word of 1 MB", status(&mallory, &"x".repeat(1 << 20), now)),
        ] {
            case.refused(&format!("B's person with {name}"), Record::Items("status invalid 1"), async |rig| {
                let answer = rig.sync(&rig.channels.shared, json!({"statuses": [odd]})).await;
                listed(&answer, "status_errors", &[&mallory])
            })
            .await;
        }
        case.allowed("dnd for B's own person, active in the year 2999", async |rig| {
            let odd = status(&mallory, "dnd", 32_472_144_000_000);
            in_silence(&rig.sync(&rig.channels.shared, json!({"statuses": [odd]})).await);
            let shown = rig.anna.get(&format!("/users/{mallory}/status")).await.ok();
            assert_eq!(shown["status"], "dnd");
            assert!(shown["last_activity_at"].as_i64().unwrap() <= now_ms(), "{shown}");
            "OK: dnd, not in the future".to_owned()
        })
        .await;
    })
    .await;
}
