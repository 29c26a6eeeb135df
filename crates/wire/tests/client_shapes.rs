//! Answers the official web app was seen to start with have the shape of ours: read into our types, which demand every
//! key, and written again, they are the same.

#[cfg(test)]
mod client_shapes {
    use std::collections::BTreeSet;

    use rialto_wire::v4::channels::{ChannelMemberWithTeam, ChannelStats, ChannelViewed};
    use rialto_wire::v4::system::{ClientConfigInput, client_config_full, client_config_limited, client_license};
    use rialto_wire::v4::users::TeamUnread;
    use rialto_wire::v4::*;
    use serde::Serialize;
    use serde::de::DeserializeOwned;
    use serde_json::{Value, json};

    fn data() -> Value {
        serde_json::from_str(include_str!("data/client-shapes.json")).unwrap()
    }

    #[track_caller]
    fn same<T: Serialize + DeserializeOwned>(name: &str, sample: &Value) {
        let read: T = serde_json::from_value(sample.clone()).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(serde_json::to_value(read).unwrap(), *sample, "{name}");
    }

    #[test]
    fn shapes_are_the_same() {
        let data = data();
        let mut own = data["own user"].clone();
        // Left out when empty.
        own.as_object_mut().unwrap().remove("props");
        same::<User>("own user", &own);
        same::<User>("other user", &data["other user"]);
        same::<Team>("team", &data["team"]);
        same::<TeamMember>("team member", &data["team member"]);
        same::<TeamUnread>("team unread", &data["team unread"]);
        same::<system::Limits>("limits", &data["limits"]);
        same::<Channel>("channel", &data["channel"]);
        same::<Channel>("shared channel", &data["shared channel"]);
        same::<ChannelMember>("channel member", &data["channel member"]);
        same::<ChannelMemberWithTeam>("channel member with team", &data["channel member with team"]);
        same::<Status>("status", &data["status"]);
        same::<Categories>("categories", &data["categories"]);
        same::<ChannelStats>("channel stats", &data["channel stats"]);
        same::<PostList>("post list", &data["post list"]);
        same::<ChannelViewed>("channel viewed", &data["channel viewed"]);
        same::<ConnectionInfo>("connection info", &data["connection info"]);
        same::<Preference>("preference", &data["preference"]);
        same::<Role>("role", &data["role"]);
    }

    fn key_set(keys: &Value) -> BTreeSet<&str> {
        keys.as_array().unwrap().iter().map(|key| key.as_str().unwrap()).collect()
    }

    #[test]
    fn flat_maps_have_every_key_clients_look_for() {
        let input = ClientConfigInput {
            site_name: "Rialto".into(),
            site_url: String::new(),
            websocket_url: String::new(),
            default_locale: "en".into(),
            no_accounts: true,
            enable_user_creation: true,
            enable_open_server: true,
            password_minimum_length: 8,
            password_lowercase: false,
            password_uppercase: false,
            password_number: false,
            password_symbol: false,
            enable_user_statuses: true,
            enable_custom_statuses: true,
            enable_typing: true,
            enable_file_attachments: true,
            max_file_size: 1,
            max_post_size: 1,
            max_notifications_per_channel: 1,
            incoming_webhooks: true,
            outgoing_webhooks: true,
            commands: true,
            username_override: false,
            icon_override: false,
            bots: false,
            access_tokens: false,
            reminders: true,
            reminder_minutes: 5,
            reminder_times: 6,
            reminder_people: 5,
            enable_link_previews: true,
            post_edit_time_limit: -1,
            enable_custom_emoji: true,
            synced_drafts: true,
            scheduled_posts: true,
            reaction_limit: 50,
            collapsed_threads: "disabled".into(),
            teammate_name_display: "username".into(),
            restrict_direct_message: "any".into(),
            show_email_address: true,
            show_full_name: true,
            enable_shared_channels: true,
            shared_direct_messages: true,
            member_sync: true,
            discovery: false,
            installed_at: rialto_model::Millis(1),
            sql_driver: "postgres".into(),
        };
        let data = data();
        let license = client_license("id", 1);
        assert_eq!(license.keys().map(String::as_str).collect::<BTreeSet<_>>(), key_set(&data["license keys"]));
        let limited = client_config_limited(&input);
        let keys: BTreeSet<&str> = limited.keys().map(String::as_str).collect();
        assert_eq!(keys, key_set(&data["limited configuration keys"]));
        let full = client_config_full(&input);
        let keys: BTreeSet<&str> = full.keys().map(String::as_str).collect();
        assert!(keys.is_superset(&key_set(&data["full configuration keys"])));
    }

    #[test]
    fn the_socket_says_what_clients_wait_for() {
        let data = data();
        let hello = &data["websocket hello"];
        let user = rialto_model::UserId::parse(hello["broadcast"]["user_id"].as_str().unwrap()).unwrap();
        let connection = rialto_model::ConnectionId::parse(hello["data"]["connection_id"].as_str().unwrap()).unwrap();
        let frame = rialto_wire::ws::hello(user, connection, &system::version_id("<hash>"), "host");
        let text = rialto_wire::ws::with_seq(&frame.prefix(), 0);
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), *hello);
        let pong = rialto_wire::ws::Response::pong(1, rialto_model::Millis(1_790_000_000_000)).to_json();
        assert_eq!(serde_json::from_str::<Value>(&pong).unwrap(), data["websocket pong"]);
        assert_eq!(json!(hello["seq"]), 0);
    }
}
