//! People as servers tell each other about them. Source: wire 5.6 and 7.3, rulings 52 and 55, G-16.

use std::collections::BTreeMap;

use rialto_model::{Millis, User, UserId, names};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::{Refusal, bounds, length, time};
use crate::lenient::{self, is_zero, or_default};

/// The key of `props` that travels: a JSON object in a string (ruling 55).
pub const CUSTOM_STATUS: &str = "customStatus";

const TIMEZONE_KEYS: [&str; 3] = ["useAutomaticTimezone", "automaticTimezone", "manualTimezone"];

/// A person a peer told us about. Whose person it is follows from the connection, never from a member (INV-1);
/// password, roles, notification settings and the like are not even read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboundUser {
    /// The id on the wire; see ruling 52 for when it is not the id here.
    pub id: UserId,
    /// The sender's value; 0 if it sent none.
    pub create_at: Millis,
    /// The sender's version; 0 if it sent none.
    pub update_at: Millis,
    /// Deactivated at home; a Mattermost honours this on creation only.
    pub delete_at: Option<Millis>,
    /// In lower case: a local name, or `name:suffix` for somebody relayed. See [`super::username`].
    pub username: String,
    /// Without control and direction characters, like all names here.
    pub nickname: String,
    /// Given name.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
    /// Job title.
    pub position: String,
    /// Language tag, or empty.
    pub locale: String,
    /// Only the three known keys.
    pub timezone: BTreeMap<String, String>,
    /// A JSON object in text, or None.
    pub custom_status: Option<String>,
    /// The address, if it has the form of one. Kept only where both sides want it (ruling 55).
    pub email: Option<String>,
    /// An integration's account, where the sender says so.
    pub is_bot: bool,
}

#[derive(Deserialize)]
struct Raw {
    #[serde(default, deserialize_with = "or_default")]
    id: String,
    #[serde(default, deserialize_with = "or_default")]
    create_at: i64,
    #[serde(default, deserialize_with = "or_default")]
    update_at: i64,
    #[serde(default, deserialize_with = "or_default")]
    delete_at: i64,
    #[serde(default, deserialize_with = "or_default")]
    username: String,
    #[serde(default, deserialize_with = "or_default")]
    email: String,
    #[serde(default, deserialize_with = "or_default")]
    nickname: String,
    #[serde(default, deserialize_with = "or_default")]
    first_name: String,
    #[serde(default, deserialize_with = "or_default")]
    last_name: String,
    #[serde(default, deserialize_with = "or_default")]
    position: String,
    #[serde(default, deserialize_with = "or_default")]
    locale: String,
    #[serde(default, deserialize_with = "or_default")]
    props: BTreeMap<String, Value>,
    #[serde(default, deserialize_with = "or_default")]
    timezone: BTreeMap<String, Value>,
    #[serde(default, deserialize_with = "or_default")]
    is_bot: bool,
}

impl InboundUser {
    /// Reads one person.
    ///
    /// # Errors
    /// Says why this one is refused.
    pub fn decode(item: &RawValue) -> Result<InboundUser, Refusal> {
        let raw: Raw = lenient::object(item.get()).map_err(|_| Refusal::Shape)?;
        Ok(InboundUser {
            id: UserId::parse(&raw.id).map_err(|_| Refusal::Shape)?,
            create_at: time(raw.create_at, "create_at")?,
            update_at: time(raw.update_at, "update_at")?,
            delete_at: Millis::non_zero(time(raw.delete_at, "delete_at")?.0),
            username: username(&raw.username)?,
            nickname: shown(&raw.nickname, bounds::NAME, "nickname")?,
            first_name: shown(&raw.first_name, bounds::NAME, "first_name")?,
            last_name: shown(&raw.last_name, bounds::NAME, "last_name")?,
            position: shown(&raw.position, bounds::POSITION, "position")?,
            locale: if is_locale(&raw.locale) { raw.locale } else { String::new() },
            timezone: timezone(&raw.timezone),
            custom_status: raw.props.get(CUSTOM_STATUS).and_then(custom_status),
            email: is_email(&raw.email).then_some(raw.email),
            is_bot: raw.is_bot,
        })
    }
}

/// A name another server may give: `name`, or `name:suffix` for somebody it relays; never one of the words that are
/// taken (behaviour 4.6.4).
fn username(received: &str) -> Result<String, Refusal> {
    let name = received.to_ascii_lowercase();
    if name.len() > bounds::USERNAME_BYTES {
        return Err(Refusal::Bounds("username"));
    }
    let (local, suffix) = name.split_once(':').map_or((name.as_str(), None), |(local, suffix)| (local, Some(suffix)));
    let suffix_is_fine = suffix.is_none_or(|suffix| {
        let rest = suffix.replace(':', "");
        !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b))
    });
    match names::check_username(local) {
        Ok(()) if suffix_is_fine => Ok(name),
        _ => Err(Refusal::Value("username")),
    }
}

/// Takes out what could make a name look like another one: control characters, direction marks, zero-width spaces.
fn shown(text: &str, max: usize, name: &'static str) -> Result<String, Refusal> {
    let text: String = text
        .chars()
        .filter(|c| {
            !c.is_control()
                && !matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
        })
        .collect();
    let text = text.trim().to_owned();
    length(&text, max, name)?;
    Ok(text)
}

fn is_locale(text: &str) -> bool {
    (2..=5).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphabetic() || b == b'-')
}

fn timezone(given: &BTreeMap<String, Value>) -> BTreeMap<String, String> {
    let zone = |key: &str| given.get(key).and_then(Value::as_str).filter(|zone| zone.len() <= 64 && zone.is_ascii());
    TIMEZONE_KEYS.iter().filter_map(|key| zone(key).map(|zone| ((*key).to_owned(), zone.to_owned()))).collect()
}

fn custom_status(value: &Value) -> Option<String> {
    let text = value.as_str()?;
    let is_object = matches!(serde_json::from_str(text), Ok(Value::Object(_)));
    (is_object && text.len() <= bounds::CUSTOM_STATUS_BYTES).then(|| text.to_owned())
}

fn is_email(text: &str) -> bool {
    let plain = text.len() <= bounds::EMAIL_BYTES && text.bytes().all(|b| b.is_ascii_graphic());
    plain
        && text.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'))
}

/// A person as we tell a peer: the "always" list of wire 5.6, with nothing in it that is not public.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OutboundUser {
    /// The id on the wire.
    pub id: UserId,
    /// As stored.
    pub create_at: Millis,
    /// The home's version.
    pub update_at: Millis,
    /// 0 unless deactivated.
    pub delete_at: i64,
    /// As known here: plain for our own people, `name:suffix` for relayed ones.
    pub username: String,
    auth_service: &'static str,
    /// Empty unless `ShareEmailAddresses` is on (ruling 55).
    pub email: String,
    /// Nickname.
    pub nickname: String,
    /// Given name.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
    /// Job title.
    pub position: String,
    roles: &'static str,
    /// At most the custom status.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub props: BTreeMap<String, String>,
    /// Language tag.
    pub locale: String,
    /// The three known keys, or null.
    pub timezone: Option<BTreeMap<String, String>>,
    disable_welcome_email: bool,
    /// An integration's account; a Mattermost takes no notice.
    #[serde(skip_serializing_if = "is_zero")]
    is_bot: bool,
}

impl From<&User> for OutboundUser {
    /// Without an e-mail address; set it where policy says so. Roles are always those of an ordinary person.
    fn from(user: &User) -> Self {
        let keep = |map: &BTreeMap<String, String>, keys: &[&str]| -> BTreeMap<String, String> {
            map.iter().filter(|(key, _)| keys.contains(&key.as_str())).map(|(k, v)| (k.clone(), v.clone())).collect()
        };
        OutboundUser {
            id: user.id,
            create_at: user.create_at,
            update_at: if user.is_local() { user.update_at } else { user.remote_update_at },
            delete_at: Millis::or_zero(user.delete_at),
            username: user.username.clone(),
            auth_service: "",
            email: String::new(),
            nickname: user.nickname.clone(),
            first_name: user.first_name.clone(),
            last_name: user.last_name.clone(),
            position: user.position.clone(),
            roles: "system_user",
            props: keep(&user.props, &[CUSTOM_STATUS]),
            locale: user.locale.clone(),
            timezone: Some(keep(&user.timezone, &TIMEZONE_KEYS)).filter(|zone| !zone.is_empty()),
            disable_welcome_email: false,
            is_bot: user.is_bot,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "utark8ucdibiumjsazbgp6uyhh";

    fn decode(members: &str) -> Result<InboundUser, Refusal> {
        let text = format!(r#"{{"id":"{ID}","username":"alice"{members}}}"#);
        InboundUser::decode(&serde_json::from_str::<Box<RawValue>>(&text).unwrap())
    }

    #[test]
    fn id_and_username_are_enough_and_null_is_nothing() {
        let user =
            decode(r#","nickname":null,"timezone":null,"props":null,"create_at":null,"notify_props":5,"password":[1]"#)
                .unwrap();
        assert_eq!((user.username.as_str(), user.create_at, user.nickname.as_str()), ("alice", Millis(0), ""));
        assert_eq!(decode(r#","later":{"a":1}"#).unwrap().id.as_str(), ID);
    }

    /// T-39839.
    #[test]
    fn only_public_profile_is_kept() {
        let user = decode(
            r#","props":{"customStatus":"{\"text\":\"hi\"}","RemoteUsername":"admin","n":5},"locale":"en",
               "timezone":{"useAutomaticTimezone":"true","automaticTimezone":5,"evil":"x"},"email":"a@b.example""#,
        )
        .unwrap();
        assert_eq!(user.custom_status.as_deref(), Some(r#"{"text":"hi"}"#));
        assert_eq!(user.timezone.len(), 1);
        assert_eq!(user.email.as_deref(), Some("a@b.example"));
        assert_eq!(decode(r#","props":{"customStatus":"[]"},"email":"a b@c""#).unwrap().custom_status, None);
    }

    #[test]
    fn bounds_and_shapes_refuse_the_one_user() {
        let long = |n: usize| "é".repeat(n);
        assert!(decode(&format!(r#","nickname":"{}""#, long(64))).is_ok());
        assert_eq!(decode(&format!(r#","nickname":"{}""#, long(65))), Err(Refusal::Bounds("nickname")));
        assert_eq!(decode(&format!(r#","position":"{}""#, long(129))), Err(Refusal::Bounds("position")));
        assert_eq!(decode(r#","create_at":1.0"#), Err(Refusal::Shape));
        assert_eq!(decode(r#","update_at":"1""#), Err(Refusal::Shape));
        assert_eq!(decode(r#","update_at":-1"#), Err(Refusal::Bounds("update_at")));
        assert_eq!(decode(r#","update_at":9223372036854775807"#), Err(Refusal::Bounds("update_at")));
        assert_eq!(decode(r#","props":[]"#), Err(Refusal::Shape));
        assert_eq!(InboundUser::decode(&serde_json::from_str::<Box<RawValue>>("null").unwrap()), Err(Refusal::Shape));
    }

    #[test]
    fn names_do_not_pretend() {
        assert_eq!(decode(r#","nickname":" Ad\u202emin\u200b\u0000 ""#).unwrap().nickname, "Admin");
        for (name, ok) in [
            ("bob", true),
            ("Bob", true),
            ("bob:acme", true),
            ("bob:x:y", true),
            ("", false),
            ("bob smith", false),
            (":acme", false),
            ("bob:", false),
            ("channel", false),
            ("all:acme", false),
            ("bób", false),
        ] {
            assert_eq!(username(name).is_ok(), ok, "{name}");
        }
        assert_eq!(username("Bob").as_deref(), Ok("bob"));
        assert_eq!(username(&"a".repeat(65)), Err(Refusal::Bounds("username")));
    }
}
