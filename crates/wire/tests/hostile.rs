//! Whatever a peer or a person sends, reading it never panics and what is read keeps its bounds.

#[cfg(test)]
mod hostile {
    use proptest::prelude::*;
    use rialto_model::UserId;
    use rialto_wire::federation::extension::{ConnectionNote, ShareTopic};
    use rialto_wire::federation::frame::{Answer, Frame};
    use rialto_wire::federation::invite::ChannelInvitation;
    use rialto_wire::federation::ping::Ping;
    use rialto_wire::federation::result::SyncResult;
    use rialto_wire::federation::sync::SyncMessage;
    use rialto_wire::federation::upload::UploadSession;
    use rialto_wire::federation::{bounds, confirm, mentions, permalinks, username};
    use rialto_wire::invitation::{clean_code, open};
    use rialto_wire::site_url::SiteUrl;
    use rialto_wire::ws;
    use serde_json::value::RawValue;
    use serde_json::{Map, Value};

    const ID: &str = "utark8ucdibiumjsazbgp6uyhh";

    /// Members that mean something to one decoder or another.
    const MEMBERS: &[&str] = &[
        "id",
        "remote_id",
        "msg",
        "topic",
        "payload",
        "create_at",
        "update_at",
        "delete_at",
        "edit_at",
        "channel_id",
        "user_id",
        "post_id",
        "users",
        "posts",
        "reactions",
        "statuses",
        "membership_changes",
        "acknowledgements",
        "mention_transforms",
        "rialto",
        "username",
        "nickname",
        "props",
        "timezone",
        "message",
        "root_id",
        "file_ids",
        "metadata",
        "type",
        "emoji_name",
        "status",
        "err",
        "team_id",
        "read_only",
        "direct_participants",
        "op",
        "at",
        "token",
        "site_url",
        "version",
        "seq",
        "items",
        "pins",
        "check",
        "organisations",
        "action",
        "data",
        "filename",
        "file_size",
        "req_file_id",
        "attachments",
        "caps",
        "limits",
        "sent_at",
        "recv_at",
    ];

    fn leaf() -> impl Strategy<Value = Value> {
        prop_oneof![
            3 => Just(Value::from(ID)),
            1 => Just(Value::Null),
            1 => any::<bool>().prop_map(Value::from),
            2 => any::<i64>().prop_map(Value::from),
            1 => any::<f64>().prop_map(Value::from),
            1 => (0i64..2_000_000_000_000).prop_map(Value::from),
            2 => any::<String>().prop_map(Value::from),
            1 => "[a-z]{1,8}(:[a-z]{1,8})?".prop_map(Value::from),
            1 => Just(Value::from("removed")),
        ]
    }

    fn value() -> impl Strategy<Value = Value> {
        leaf().prop_recursive(5, 64, 8, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::vec((prop::sample::select(MEMBERS), inner), 0..8).prop_map(|members| {
                    Value::Object(members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
                }),
            ]
        })
    }

    fn raw(value: &Value) -> Box<RawValue> {
        serde_json::from_str(&value.to_string()).unwrap()
    }

    /// A text in which marks that mean something are frequent.
    fn text() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            Just("@alice".to_owned()),
            Just("@alice:acme".to_owned()),
            Just("```\n".to_owned()),
            Just("`".to_owned()),
            Just("~~~".to_owned()),
            Just("\n".to_owned()),
            Just("    ".to_owned()),
            Just("](".to_owned()),
            Just("http://a.example/t/pl/wqeczdwbsbgszezpo8teoya34w".to_owned()),
            Just("https://a.example/t/plshared/".to_owned()),
            any::<String>(),
        ];
        prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn decoders_never_panic(value in value()) {
            let payload = raw(&value);
            let _ = Ping::decode(&payload);
            let _ = confirm::decode(&payload).map(|confirm| confirm.check());
            let _ = ChannelInvitation::decode(&payload);
            let _ = UploadSession::decode(&payload);
            let _ = ConnectionNote::decode(&payload);
            let _ = ShareTopic::decode(&payload);
            let _ = SyncResult::decode(&payload);
            let body = value.to_string();
            let _ = Frame::decode(body.as_bytes());
            let _ = Answer::decode(body.as_bytes());
            let _ = ws::Request::decode(&body);
        }

        #[test]
        fn frames_of_any_bytes_never_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Frame::decode(&body);
            let _ = Answer::decode(&body);
            let _ = Ping::decode_answer(&body);
        }

        #[test]
        fn every_item_is_read_or_refused(
            posts in prop::collection::vec(value(), 0..6),
            users in prop::collection::btree_map(any::<String>(), value(), 0..6),
            reactions in prop::collection::vec(value(), 0..6),
            extension in value(),
        ) {
            let given = posts.len() + users.len() + reactions.len();
            let mut message = Map::new();
            message.insert("posts".to_owned(), posts.into());
            message.insert("users".to_owned(), Value::Object(users.into_iter().collect()));
            message.insert("reactions".to_owned(), reactions.into());
            message.insert("rialto".to_owned(), extension);
            let read = SyncMessage::decode(&raw(&Value::Object(message))).unwrap();
            prop_assert_eq!(read.posts.len() + read.users.len() + read.reactions.len() + read.refused.len(), given);
            for post in &read.posts {
                prop_assert!(post.message.chars().count() <= bounds::MESSAGE && !post.message.contains('\0'));
                prop_assert!((0..=bounds::TIME).contains(&post.update_at.0));
            }
            for user in &read.users {
                prop_assert!(user.username.len() <= bounds::USERNAME_BYTES);
            }
        }

        #[test]
        fn texts_without_matches_stay(text in text()) {
            prop_assert_eq!(mentions::rewrite(&text, |_| None), text.clone());
            let (own, peer) = (SiteUrl::parse("https://own.example").unwrap(), SiteUrl::parse("http://a.example").unwrap());
            prop_assert_eq!(permalinks::incoming(&text, &peer, &own, |_| None), text.clone());
            prop_assert_eq!(permalinks::outgoing(&text, &own, |_| permalinks::Target::Shared).text, text);
        }

        #[test]
        fn rewriting_keeps_everything_but_the_words(text in text()) {
            // Each word grows by exactly one character; nothing else may change.
            let words = mentions::ranges(&text).len();
            let longer = mentions::rewrite(&text, |name| Some(format!("{name}x")));
            prop_assert_eq!(longer.len(), text.len() + words);
            let transforms = [("alice".to_owned(), UserId::parse(ID).unwrap())].into();
            let incoming = mentions::incoming(&text, &transforms, "acme", |_| Some("alice".to_owned()));
            prop_assert_eq!(incoming.text.len(), text.len());
        }

        /// AT-18.
        #[test]
        fn stand_ins_fit(received in any::<String>(), handle in any::<String>(), attempt in any::<u32>(), other: bool) {
            prop_assert!(username::stand_in(&received, &handle, attempt, |_| other).len() <= 64);
        }

        #[test]
        fn cleaning_is_done_in_one_go(code in any::<String>()) {
            let clean = clean_code(&code);
            prop_assert!(!clean.contains(char::is_whitespace));
            prop_assert_eq!(clean_code(&clean.replace('-', "+").replace('_', "/")), clean);
        }

        #[test]
        fn site_urls_are_normal_once_parsed(text in "[a-zA-Z]{3,5}://[a-zA-Z0-9.:@?#/\\[\\]-]{0,40}") {
            if let Ok(url) = SiteUrl::parse(&text) {
                prop_assert_eq!(SiteUrl::parse(url.as_str()), Ok(url.clone()));
                prop_assert!(!url.as_str().ends_with('/'));
                prop_assert_eq!(format!("{}://{}{}", url.scheme(), url.authority(), url.sub_path()), url.as_str());
            }
        }
    }

    proptest! {
        // Codes that are long enough cost two key derivations each.
        #![proptest_config(ProptestConfig::with_cases(16))]

        #[test]
        fn opening_never_panics(code in prop_oneof![any::<String>(), "[A-Za-z0-9_+/=-]{0,90}", "[A-Za-z0-9_-]{62,90}"], password in any::<String>()) {
            prop_assert!(open(&code, &password).is_err());
        }
    }
}
