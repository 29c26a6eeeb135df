//! Traffic of real servers reads, and what we send has the shape of theirs.

#[cfg(test)]
mod recorded {
    use std::collections::{BTreeMap, BTreeSet};

    use rialto_model::{Millis, Post, Reaction, User};
    use rialto_wire::federation::confirm;
    use rialto_wire::federation::frame::{Answer, Envelope, Frame};
    use rialto_wire::federation::invite::{ChannelInvitation, OutboundChannelInvitation};
    use rialto_wire::federation::ping::Ping;
    use rialto_wire::federation::post::{InboundPost, OutboundPost};
    use rialto_wire::federation::reaction::{InboundReaction, OutboundReaction};
    use rialto_wire::federation::result::SyncResult;
    use rialto_wire::federation::sync::SyncMessage;
    use rialto_wire::federation::topic;
    use rialto_wire::federation::upload::{FileInfo, UploadSession};
    use rialto_wire::federation::user::{InboundUser, OutboundUser};
    use rialto_wire::invitation::{Invitation, Kdf, OpenError, open, seal};
    use rialto_wire::v4::AppError;
    use serde::Serialize;
    use serde_json::Value;

    fn load(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    fn json<T: Serialize>(value: &T) -> Value {
        serde_json::to_value(value).unwrap()
    }

    fn keys(value: &Value) -> BTreeSet<&str> {
        value.as_object().unwrap().keys().map(String::as_str).collect()
    }

    fn bytes<const N: usize>(hex: &Value) -> [u8; N] {
        let hex = hex.as_str().unwrap();
        let bytes: Vec<u8> =
            (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect();
        bytes.try_into().unwrap()
    }

    /// SC-025, SC-040.
    #[test]
    fn every_code_opens_and_seals_to_the_same_bytes() {
        let data = load(include_str!("data/invites.json"));
        let vectors = data["vectors"].as_array().unwrap();
        assert_eq!(vectors.len(), 11);
        for vector in vectors {
            let name = vector["name"].as_str().unwrap();
            let (code, password) = (vector["code"].as_str().unwrap(), vector["password"].as_str().unwrap());
            let plain = vector["plaintext"].as_str().unwrap();
            let expected: Invitation = serde_json::from_str(plain).unwrap();
            assert_eq!(open(code, password).as_ref(), Ok(&expected), "{name}");
            // One has a query in its site URL, to show how that is escaped.
            assert_eq!(expected.check().is_ok(), name != "v5.37 escaped JSON", "{name}");
            if name == "minimal fields, scrypt" {
                continue; // We always write the team.
            }
            assert_eq!(expected.to_json(), plain, "{name}");
            let kdf = if vector["kdf"] == "scrypt" { Kdf::Scrypt } else { Kdf::Pbkdf2 };
            let sealed = seal(&expected, password, kdf, bytes(&vector["salt_hex"]), bytes(&vector["nonce_hex"]));
            assert_eq!(sealed.as_deref(), Ok(code), "{name}");
        }
    }

    /// SC-025, SC-034.
    #[test]
    fn damaged_codes_are_refused_and_mangled_ones_open() {
        let data = load(include_str!("data/invites.json"));
        for vector in data["negative"].as_array().unwrap() {
            let name = vector["name"].as_str().unwrap();
            let result = open(vector["code"].as_str().unwrap(), vector["password"].as_str().unwrap());
            match vector["expect"].as_str().unwrap() {
                "authentication failure" => assert_eq!(result, Err(OpenError::CannotDecrypt), "{name}"),
                "too short" => assert!(matches!(result, Err(OpenError::TooShort { .. })), "{name}: {result:?}"),
                // SC-036: both alphabets, with or without padding.
                "base64 failure" => assert!(result.is_ok(), "{name}: {result:?}"),
                other => panic!("{other}"),
            }
        }
    }

    fn entries() -> Vec<Value> {
        let data = load(include_str!("data/frames-5.37.json"));
        let entries = data["entries"].as_array().unwrap().clone();
        assert_eq!(entries.len(), 33);
        entries
    }

    fn frame(request: &Value) -> Frame {
        Frame::decode(request.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn every_recorded_request_reads() {
        let mut seen = BTreeMap::new();
        for entry in entries() {
            let name = entry["name"].as_str().unwrap();
            let Some(request) = entry.get("request") else { continue };
            let frame = frame(request);
            assert_eq!(json(&frame), *request, "{name}: a frame read and written again is the same");
            *seen.entry(frame.msg.topic.clone()).or_insert(0) += 1;
            let payload = &frame.msg.payload;
            match frame.msg.topic.as_str() {
                topic::PING => assert_eq!(json(&Ping::decode(payload).unwrap()), request["msg"]["payload"]),
                topic::CONFIRM => {
                    let confirm = confirm::decode(payload).unwrap();
                    assert!(!confirm.rotates() && confirm.check().is_ok());
                    assert_eq!(json(&confirm), request["msg"]["payload"]);
                }
                topic::CHANNEL_INVITE => {
                    let invitation = ChannelInvitation::decode(payload).unwrap();
                    assert!(invitation.kind.is_some());
                }
                topic::SYNC => {
                    let message = SyncMessage::decode(payload).unwrap();
                    let count = |key: &str| match &request["msg"]["payload"][key] {
                        Value::Array(items) => items.len(),
                        Value::Object(items) => items.len(),
                        _ => 0,
                    };
                    assert_eq!(message.refused, [], "{name}");
                    assert_eq!(message.users.len(), count("users"), "{name}");
                    assert_eq!(message.posts.len(), count("posts"), "{name}");
                    assert_eq!(message.reactions.len(), count("reactions"), "{name}");
                }
                topic::UPLOAD => {
                    let session = UploadSession::decode(payload).unwrap();
                    assert_eq!(session.remote_id, None);
                    let written = UploadSession { remote_id: Some(frame.remote_id), ..session };
                    assert_eq!(json(&written), request["msg"]["payload"]);
                }
                "some_future_topic" | "x" => {}
                other => panic!("{other}"),
            }
        }
        assert_eq!(seen.get(topic::SYNC), Some(&18));
    }

    #[test]
    fn every_recorded_answer_reads() {
        for entry in entries() {
            let name = entry["name"].as_str().unwrap();
            let path = entry["path"].as_str().unwrap();
            let Some(answer) = entry.get("answer").or(entry.get("our_answer")) else { continue };
            let body = answer.to_string();
            if entry.get("status").is_some_and(|status| *status != 200) {
                let error: AppError = serde_json::from_value(answer.clone()).unwrap();
                assert_eq!(json(&error), *answer);
            } else if path.ends_with("/ping") {
                assert!(Ping::decode_answer(body.as_bytes()).unwrap().recv_at > 0);
            } else if path.ends_with("/confirm_invite") {
                assert!(confirm::ConfirmAnswer::decode(body.as_bytes()).is_ok());
            } else if path.contains("/upload/") {
                let info = FileInfo::decode(body.as_bytes()).unwrap();
                assert_eq!(json(&info), *answer);
            } else if path.ends_with("/msg") {
                let read = Answer::decode(body.as_bytes()).unwrap();
                assert_eq!(read.ok, answer["status"] == "OK", "{name}");
                assert_eq!(keys(&json(&Envelope::ok_null())), keys(answer));
                let payload = read.payload.unwrap();
                if answer["payload"].get("users_syncd").is_some() {
                    let result = SyncResult::decode(&payload).unwrap();
                    assert_eq!(json(&result.users_syncd), answer["payload"]["users_syncd"]);
                    assert_eq!(json(&result.post_errors), answer["payload"]["post_errors"]);
                    assert!(keys(&json(&result)).is_superset(&keys(&answer["payload"])));
                }
            }
        }
    }

    /// What 5.37 sends of every item, by member.
    fn sent_items(member: &str) -> Vec<Value> {
        entries()
            .iter()
            .filter(|entry| entry["direction"] == "from mattermost 5.37")
            .filter_map(|entry| entry["request"]["msg"]["payload"].get(member).cloned())
            .flat_map(|items| match items {
                Value::Array(items) => items,
                Value::Object(items) => items.into_iter().map(|(_, item)| item).collect(),
                _ => Vec::new(),
            })
            .collect()
    }

    fn raw(value: &Value) -> Box<serde_json::value::RawValue> {
        serde_json::from_str(&value.to_string()).unwrap()
    }

    #[test]
    fn our_posts_look_like_recorded_ones() {
        let posts = sent_items("posts");
        assert_eq!(posts.len(), 12);
        for recorded in posts {
            let read = InboundPost::decode(&raw(&recorded)).unwrap();
            let has_reactions = recorded.get("has_reactions").is_some();
            let stored = Post {
                id: read.id,
                channel_id: read.channel_id,
                user_id: read.user_id,
                root_id: read.root_id,
                create_at: read.create_at,
                update_at: read.update_at,
                edit_at: read.edit_at,
                delete_at: read.delete_at,
                hidden_at: None,
                is_pinned: read.is_pinned,
                kind: read.kind.clone(),
                message: read.message.clone(),
                props: read.props.clone(),
                hashtags: String::new(),
                file_ids: Vec::new(),
                remote_id: None,
                remote_update_at: Millis(0),
                reply_count: 3,
                last_reply_at: Millis(4),
                has_reactions,
            };
            let mut post = OutboundPost::from(&stored);
            post.file_ids.clone_from(&read.file_ids);
            let written = json(&post);
            assert_eq!(keys(&written), keys(&recorded));
            if read.delete_at.is_none() {
                assert_eq!(written, recorded);
            } else {
                assert_eq!((&written["message"], &written["props"]), (&Value::from(""), &serde_json::json!({})));
            }
        }
    }

    /// T-9076.
    #[test]
    fn our_users_look_like_recorded_ones_without_their_secrets() {
        let users = sent_items("users");
        assert_eq!(users.len(), 3);
        for recorded in users {
            let read = InboundUser::decode(&raw(&recorded)).unwrap();
            let secret = |key: &&str| matches!(*key, "password" | "notify_props" | "last_password_update");
            let stored = User {
                id: read.id,
                create_at: read.create_at,
                update_at: read.update_at,
                delete_at: read.delete_at,
                username: read.username,
                email: "canary@one.example".into(),
                email_verified: true,
                nickname: read.nickname,
                first_name: read.first_name,
                last_name: read.last_name,
                position: read.position,
                roles: "system_admin canary".into(),
                locale: read.locale,
                timezone: read.timezone,
                props: [("secret".to_owned(), "canary".to_owned())].into(),
                notify_props: [("secret".to_owned(), "canary".to_owned())].into(),
                remote_id: None,
                remote_username: "canary".into(),
                remote_update_at: Millis(0),
                is_bot: false,
                bot_description: String::new(),
                last_password_update: Millis(1),
                picture_at: Millis(0),
            };
            let written = json(&OutboundUser::from(&stored));
            let expected: BTreeSet<&str> = keys(&recorded).into_iter().filter(|key| !secret(key)).collect();
            assert_eq!(keys(&written), expected);
            assert!(!written.to_string().contains("canary"), "{written}");
            for key in expected.iter().filter(|key| !matches!(**key, "email" | "roles")) {
                assert_eq!(written[key], recorded[key], "{key}");
            }
        }
    }

    #[test]
    fn our_reactions_look_like_recorded_ones() {
        let reactions = sent_items("reactions");
        assert_eq!(reactions.len(), 2);
        for recorded in reactions {
            let read = InboundReaction::decode(&raw(&recorded)).unwrap();
            let stored = Reaction {
                user_id: read.user_id,
                post_id: read.post_id,
                channel_id: rialto_model::ChannelId::from_random([1; 16]),
                emoji_name: read.emoji_name,
                create_at: read.create_at,
                update_at: read.update_at,
                delete_at: read.delete_at,
                remote_id: None,
            };
            assert_eq!(json(&OutboundReaction::from(&stored)), recorded);
        }
    }

    #[test]
    fn our_channel_invitations_have_what_both_servers_read() {
        let recorded = entries()
            .into_iter()
            .find(|entry| entry["request"]["msg"]["topic"] == topic::CHANNEL_INVITE)
            .map(|entry| entry["request"]["msg"]["payload"].clone())
            .unwrap();
        let read = ChannelInvitation::decode(&raw(&recorded)).unwrap();
        let channel = rialto_model::Channel {
            id: read.channel_id,
            create_at: Millis(1),
            update_at: Millis(2),
            delete_at: None,
            team_id: None,
            kind: read.kind.unwrap(),
            name: read.name,
            display_name: read.display_name,
            header: read.header,
            purpose: read.purpose,
            creator_id: None,
            origin: None,
            shared: true,
            last_post_at: Millis(0),
            total_msg_count: 0,
            total_msg_count_root: 0,
        };
        let team = read.team_id.unwrap().to_string();
        let mut written = json(&OutboundChannelInvitation::new(&channel, &team, read.read_only));
        let members = written.as_object_mut().unwrap();
        assert_eq!(members.remove("creator_id"), Some("".into()));
        assert_eq!(members.remove("direct_participants"), Some(Value::Null));
        assert_eq!(written, recorded);
    }

    #[test]
    fn requests_off_the_wire_read() {
        let data = load(include_str!("data/http-requests.json"));
        let mut topics = Vec::new();
        for request in data["requests"].as_array().unwrap() {
            let is_json = request["headers"].to_string().contains("application/json");
            let (Some(body), true) = (request["body_utf8"].as_str(), is_json) else { continue };
            let frame = Frame::decode(body.as_bytes()).unwrap();
            let in_header = request["headers"].as_array().unwrap().iter().find(|h| h[0] == "X-Remotecluster-Id");
            assert_eq!(frame.remote_id.as_str(), in_header.unwrap()[1]);
            assert_eq!(frame.to_json(), body);
            topics.push(frame.msg.topic);
        }
        assert_eq!(topics, [topic::SYNC, topic::PING, topic::CONFIRM]);
    }
}
