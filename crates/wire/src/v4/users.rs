//! People as clients see them, and what clients ask about them. Source: client-api 2.1, 5.1 and 11.
#![expect(missing_docs, reason = "members are named and meant as in client-api 2.1")]

use std::collections::BTreeMap;

use rialto_model::{Millis, RemoteId, TeamId, UserId};
use serde::{Deserialize, Serialize};

use crate::lenient::{is_zero, or_default, well_formed};

/// Props of other people that clients may see; everything else in there is between a person and their own clients.
const PUBLIC_PROPS: [&str; 3] = ["customStatus", "show_last_active", "OriginalRemoteId"];

/// A person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct User {
    pub id: UserId,
    pub create_at: i64,
    pub update_at: i64,
    pub delete_at: i64,
    pub username: String,
    /// Always empty: passwords are the only way in.
    pub auth_data: String,
    pub auth_service: String,
    /// Empty where the viewer may not see it, and for remote people.
    pub email: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email_verified: Option<bool>,
    pub nickname: String,
    pub first_name: String,
    pub last_name: String,
    pub position: String,
    pub roles: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub props: BTreeMap<String, String>,
    /// Empty for other people.
    pub notify_props: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_password_update: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_picture_update: Option<i64>,
    pub locale: String,
    pub timezone: BTreeMap<String, String>,
    /// In every form of a remote person: clients drop the mark when a later object lacks it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_id: Option<RemoteId>,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub is_bot: bool,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub bot_description: String,
    pub disable_welcome_email: bool,
}

/// Who looks at a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserView {
    /// The person themself: everything.
    Own,
    /// A system administrator: everything but what only the person's own clients need.
    Admin,
    /// Anybody else, by the privacy settings `ShowEmailAddress` and `ShowFullName`.
    Other {
        /// Whether addresses are shown.
        show_email: bool,
        /// Whether first and last names are shown.
        show_full_name: bool,
    },
}

impl UserView {
    fn shows_email(self) -> bool {
        !matches!(self, UserView::Other { show_email: false, .. })
    }

    fn shows_full_name(self) -> bool {
        !matches!(self, UserView::Other { show_full_name: false, .. })
    }
}

impl User {
    /// The person as `view` may see them.
    pub fn new(user: &rialto_model::User, view: UserView) -> User {
        let is_own = view == UserView::Own;
        let full_name = |name: &str| if view.shows_full_name() { name.to_owned() } else { String::new() };
        // The address stored for a remote person is a stand-in that would only mislead (ruling 55).
        let has_email = user.is_local() && view.shows_email();
        User {
            id: user.id,
            create_at: user.create_at.0,
            update_at: user.update_at.0,
            delete_at: Millis::or_zero(user.delete_at),
            username: user.username.clone(),
            auth_data: String::new(),
            auth_service: String::new(),
            email: if has_email { user.email.clone() } else { String::new() },
            email_verified: is_own.then_some(user.email_verified),
            nickname: user.nickname.clone(),
            first_name: full_name(&user.first_name),
            last_name: full_name(&user.last_name),
            position: user.position.clone(),
            roles: user.system_roles().collect::<Vec<_>>().join(" "),
            props: props(user, view),
            notify_props: if is_own { user.notify_props.clone() } else { BTreeMap::new() },
            last_password_update: is_own.then_some(user.last_password_update.0),
            last_picture_update: Millis::non_zero(user.picture_at.0).map(|at| at.0),
            locale: user.locale.clone(),
            timezone: user.timezone.clone(),
            remote_id: user.remote_id,
            is_bot: user.is_bot,
            bot_description: user.bot_description.clone(),
            disable_welcome_email: false,
        }
    }
}

fn props(user: &rialto_model::User, view: UserView) -> BTreeMap<String, String> {
    let is_own = view == UserView::Own;
    let mut props: BTreeMap<String, String> = user
        .props
        .iter()
        .filter(|(key, _)| match key.as_str() {
            // Set from the record below, never by a person (T-39839).
            "RemoteUsername" => false,
            "RemoteEmail" => !user.is_local() && view.shows_email(),
            key => is_own || PUBLIC_PROPS.contains(&key),
        })
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    if !user.is_local() {
        props.insert("RemoteUsername".to_owned(), user.remote_username.clone());
    }
    props
}

/// `POST /users`. Ids, roles, owners and times are ours to give (T-6428), so they have no member here.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct NewUser {
    #[serde(deserialize_with = "or_default")]
    pub username: String,
    #[serde(deserialize_with = "or_default")]
    pub email: String,
    #[serde(deserialize_with = "or_default")]
    pub password: String,
    #[serde(deserialize_with = "or_default")]
    pub nickname: String,
    #[serde(deserialize_with = "or_default")]
    pub first_name: String,
    #[serde(deserialize_with = "or_default")]
    pub last_name: String,
    #[serde(deserialize_with = "or_default")]
    pub position: String,
    #[serde(deserialize_with = "or_default")]
    pub locale: String,
    #[serde(deserialize_with = "or_default")]
    pub timezone: BTreeMap<String, String>,
    #[serde(deserialize_with = "or_default")]
    pub notify_props: BTreeMap<String, String>,
}

/// `PUT /users/U/patch` and `PUT /users/U`: what is None stays.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct UserPatch {
    pub username: Option<String>,
    pub email: Option<String>,
    /// The current password, needed to change address or password.
    pub password: Option<String>,
    pub nickname: Option<String>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub position: Option<String>,
    pub locale: Option<String>,
    pub timezone: Option<BTreeMap<String, String>>,
    pub props: Option<BTreeMap<String, String>>,
    pub notify_props: Option<BTreeMap<String, String>>,
}

/// `POST /users/login`.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct Login {
    #[serde(deserialize_with = "or_default")]
    pub id: String,
    /// Username or address.
    #[serde(deserialize_with = "or_default")]
    pub login_id: String,
    #[serde(deserialize_with = "or_default")]
    pub password: String,
    #[serde(deserialize_with = "or_default")]
    pub device_id: String,
}

/// `PUT /users/U/roles` and its like: names separated by spaces.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct RolesUpdate {
    #[serde(deserialize_with = "or_default")]
    pub roles: String,
}

/// `PUT /users/U/active`.
#[derive(Debug, Clone, Deserialize)]
pub struct ActiveUpdate {
    pub active: bool,
}

/// `PUT /users/U/password`.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct PasswordUpdate {
    #[serde(deserialize_with = "or_default")]
    pub current_password: String,
    #[serde(deserialize_with = "or_default")]
    pub new_password: String,
}

/// `POST /users/search`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct UserSearch {
    #[serde(deserialize_with = "or_default")]
    pub term: String,
    #[serde(deserialize_with = "or_default")]
    pub team_id: String,
    #[serde(deserialize_with = "or_default")]
    pub not_in_team_id: String,
    #[serde(deserialize_with = "or_default")]
    pub in_channel_id: String,
    #[serde(deserialize_with = "or_default")]
    pub not_in_channel_id: String,
    #[serde(deserialize_with = "or_default")]
    pub allow_inactive: bool,
    #[serde(deserialize_with = "or_default")]
    pub without_team: bool,
    /// 0: the default.
    #[serde(deserialize_with = "or_default")]
    pub limit: i64,
    #[serde(deserialize_with = "or_default")]
    pub role: String,
    #[serde(deserialize_with = "well_formed")]
    pub roles: Vec<String>,
}

/// `GET /users/autocomplete`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Autocomplete {
    pub users: Vec<User>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub out_of_channel: Option<Vec<User>>,
}

/// `GET /users/stats`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserStats {
    pub total_users_count: i64,
}

/// `POST /users/U/typing`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Typing {
    #[serde(deserialize_with = "or_default")]
    pub channel_id: String,
    #[serde(deserialize_with = "or_default")]
    pub parent_id: String,
}

/// `GET /users/U/teams/T/unread` and `GET /users/me/teams/unread`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeamUnread {
    pub team_id: TeamId,
    pub msg_count: i64,
    pub mention_count: i64,
    pub mention_count_root: i64,
    pub msg_count_root: i64,
    pub thread_count: i64,
    pub thread_mention_count: i64,
    pub thread_urgent_mention_count: i64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lenient::to_text;

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    /// A canary in every member.
    fn sample() -> rialto_model::User {
        rialto_model::User {
            id: UserId::from_random([1; 16]),
            create_at: Millis(11),
            update_at: Millis(12),
            delete_at: Some(Millis(13)),
            username: "alice".into(),
            email: "alice@canary.example".into(),
            email_verified: true,
            nickname: "Nick".into(),
            first_name: "First".into(),
            last_name: "Last".into(),
            position: "Position".into(),
            roles: "system_user system_admin".into(),
            locale: "en".into(),
            timezone: map(&[("useAutomaticTimezone", "true")]),
            props: map(&[
                ("customStatus", "{}"),
                ("RemoteUsername", "forged"),
                ("RemoteEmail", "remote@canary.example"),
                ("last_search_pointer", "7"),
            ]),
            notify_props: map(&[("mention_keys", "canary")]),
            remote_id: None,
            remote_username: String::new(),
            remote_update_at: Millis(0),
            is_bot: false,
            bot_description: String::new(),
            last_password_update: Millis(14),
            picture_at: Millis(0),
        }
    }

    fn remote() -> rialto_model::User {
        rialto_model::User {
            remote_id: Some(RemoteId::from_random([2; 16])),
            remote_username: "alice".into(),
            username: "alice:acme".into(),
            ..sample()
        }
    }

    const STRANGER: UserView = UserView::Other { show_email: false, show_full_name: false };

    #[test]
    fn the_person_sees_everything() {
        let user = User::new(&sample(), UserView::Own);
        assert_eq!((user.email.as_str(), user.email_verified), ("alice@canary.example", Some(true)));
        assert_eq!((user.last_password_update, user.delete_at), (Some(14), 13));
        assert_eq!(user.notify_props.len(), 1);
        assert!(user.props.contains_key("last_search_pointer"));
        assert!(!user.props.contains_key("RemoteUsername") && !user.props.contains_key("RemoteEmail"));
    }

    #[test]
    fn strangers_see_no_address_and_no_settings() {
        let text = to_text(&User::new(&sample(), STRANGER));
        for canary in ["canary", "First", "Last", "email_verified", "last_password_update", "last_search_pointer"] {
            assert!(!text.contains(canary), "{canary} in {text}");
        }
        assert!(text.contains(r#""notify_props":{}"#) && text.contains(r#""email":"""#), "{text}");
        let shown = User::new(&sample(), UserView::Other { show_email: true, show_full_name: true });
        assert_eq!((shown.email.as_str(), shown.first_name.as_str()), ("alice@canary.example", "First"));
        assert!(shown.notify_props.is_empty());
    }

    #[test]
    fn administrators_see_names_and_addresses() {
        let user = User::new(&sample(), UserView::Admin);
        assert_eq!((user.email.as_str(), user.last_name.as_str()), ("alice@canary.example", "Last"));
        assert!(user.notify_props.is_empty() && user.last_password_update.is_none());
    }

    #[test]
    fn remote_people_carry_their_mark_in_every_view() {
        for view in [UserView::Own, UserView::Admin, STRANGER] {
            let user = User::new(&remote(), view);
            assert_eq!(user.remote_id, Some(RemoteId::from_random([2; 16])));
            assert_eq!(user.props.get("RemoteUsername").map(String::as_str), Some("alice"));
            assert_eq!((user.roles.as_str(), user.email.as_str()), ("system_user", ""));
            assert_eq!(user.props.contains_key("RemoteEmail"), view != STRANGER);
        }
    }

    #[test]
    fn requests_take_null_for_anything() {
        let text = r#"{"id":"x","username":"a","email":null,"password":"p","props":null,"timezone":null,
            "notify_props":null,"roles":"system_admin","create_at":0,"nickname":""}"#;
        let new: NewUser = serde_json::from_str(text).unwrap();
        assert_eq!((new.username.as_str(), new.email.as_str()), ("a", ""));
        let patch: UserPatch = serde_json::from_str(r#"{"nickname":"","props":null,"id":"x"}"#).unwrap();
        assert_eq!((patch.nickname.as_deref(), patch.props), (Some(""), None));
        let login: Login = serde_json::from_str(r#"{"login_id":"a","password":"b","token":"","deviceId":""}"#).unwrap();
        assert_eq!(login.login_id, "a");
    }
}
