//! Names that must have a form: usernames, team and channel names, emoji, connection names. Source: client-api 10.

/// Why a name was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    /// Empty, or longer than `max` bytes.
    #[error("must have 1 to {max} characters")]
    Length {
        /// The limit in bytes.
        max: usize,
    },
    /// A character outside the allowed set.
    #[error("must not contain {0:?}")]
    Character(char),
    /// Spaces at an end, or two in a row.
    #[error("must not begin or end with a space or have two in a row")]
    Spacing,
    /// A word that is taken by the product.
    #[error("is a reserved name")]
    Reserved,
    /// Wrong in another way, such as beginning with a hyphen.
    #[error("has a form that is not allowed")]
    Form,
}

const RESERVED_USERNAMES: &[&str] = &["all", "channel", "here", "matterbot", "system"];
const RESERVED_TEAM_PREFIXES: &[&str] = &[
    "admin",
    "api",
    "channel",
    "claim",
    "error",
    "files",
    "help",
    "landing",
    "login",
    "mfa",
    "oauth",
    "plug",
    "plugins",
    "post",
    "signup",
    "boards",
    "playbooks",
];

fn first_foreign(text: &str, extra: &str) -> Option<char> {
    text.chars().find(|c| !(c.is_ascii_lowercase() || c.is_ascii_digit() || extra.contains(*c)))
}

/// Checks a local account's name, already in lower case. A colon is never allowed: it marks remote people (E-091).
///
/// # Errors
/// Says what is wrong with it.
pub fn check_username(name: &str) -> Result<(), InvalidName> {
    if name.is_empty() || name.len() > 64 {
        return Err(InvalidName::Length { max: 64 });
    }
    if let Some(c) = first_foreign(name, "._-") {
        return Err(InvalidName::Character(c));
    }
    if RESERVED_USERNAMES.contains(&name) {
        return Err(InvalidName::Reserved);
    }
    Ok(())
}

/// Checks the name of a team.
///
/// # Errors
/// Says what is wrong with it.
pub fn check_team_name(name: &str) -> Result<(), InvalidName> {
    if name.len() < 2 || name.len() > 64 {
        return Err(InvalidName::Length { max: 64 });
    }
    if let Some(c) = first_foreign(name, "-") {
        return Err(InvalidName::Character(c));
    }
    if name.starts_with('-') || name.ends_with('-') {
        return Err(InvalidName::Form);
    }
    if RESERVED_TEAM_PREFIXES.iter().any(|prefix| name.starts_with(prefix)) {
        return Err(InvalidName::Reserved);
    }
    Ok(())
}

/// Checks the name of a public or private channel.
///
/// # Errors
/// Says what is wrong with it.
pub fn check_channel_name(name: &str) -> Result<(), InvalidName> {
    if name.is_empty() || name.len() > 64 {
        return Err(InvalidName::Length { max: 64 });
    }
    if let Some(c) = first_foreign(name, "-_") {
        return Err(InvalidName::Character(c));
    }
    let looks_direct = name.len() == 54 && name.get(26..28) == Some("__");
    let looks_group = name.len() == 40 && name.chars().all(|c| c.is_ascii_hexdigit());
    if name.starts_with(['-', '_']) || looks_direct || looks_group {
        return Err(InvalidName::Form);
    }
    Ok(())
}

/// Checks the name of an emoji.
///
/// # Errors
/// Says what is wrong with it.
pub fn check_emoji_name(name: &str) -> Result<(), InvalidName> {
    if name.is_empty() || name.len() > 64 {
        return Err(InvalidName::Length { max: 64 });
    }
    match name.chars().find(|c| !(c.is_ascii_alphanumeric() || "_+-".contains(*c))) {
        Some(c) => Err(InvalidName::Character(c)),
        None => Ok(()),
    }
}

/// Checks the name of a connection and makes its handle: lower case, each space a hyphen (SC-087 to SC-089).
///
/// # Errors
/// Says what is wrong with it.
pub fn connection_handle(name: &str) -> Result<String, InvalidName> {
    if name.is_empty() || name.chars().count() > 64 {
        return Err(InvalidName::Length { max: 64 });
    }
    if let Some(c) = name.chars().find(|c| !(c.is_ascii_alphanumeric() || ".-_ ".contains(*c))) {
        return Err(InvalidName::Character(c));
    }
    if name.starts_with(' ') || name.ends_with(' ') || name.contains("  ") {
        return Err(InvalidName::Spacing);
    }
    Ok(name.to_ascii_lowercase().replace(' ', "-"))
}

/// The one spelling under which aliases of an emoji compare equal (ruling 75, E-150). Stored names stay as given.
pub fn canonical_emoji(name: &str) -> &str {
    match name {
        "thumbsup" => "+1",
        "thumbsdown" => "-1",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SC-087, SC-088, E-003.
    #[test]
    fn connection_names_become_handles() {
        assert_eq!(connection_handle("Acme US").as_deref(), Ok("acme-us"));
        assert_eq!(connection_handle("a.b-c_d").as_deref(), Ok("a.b-c_d"));
        for (name, error) in [
            ("Acme/US", InvalidName::Character('/')),
            ("Acme:US", InvalidName::Character(':')),
            ("Acmé", InvalidName::Character('é')),
            ("a\tb", InvalidName::Character('\t')),
            (" a", InvalidName::Spacing),
            ("a  b", InvalidName::Spacing),
            ("", InvalidName::Length { max: 64 }),
        ] {
            assert_eq!(connection_handle(name), Err(error), "{name}");
        }
    }

    /// E-091.
    #[test]
    fn local_usernames_have_no_colon_and_no_reserved_word() {
        assert!(check_username("a.b-c_9").is_ok());
        assert_eq!(check_username("john:acme"), Err(InvalidName::Character(':')));
        assert_eq!(check_username("here"), Err(InvalidName::Reserved));
    }

    #[test]
    fn channel_names_do_not_look_like_direct_ones() {
        assert!(check_channel_name("town-square").is_ok());
        assert_eq!(check_channel_name(&"a".repeat(40)), Err(InvalidName::Form));
        assert_eq!(check_channel_name("-a"), Err(InvalidName::Form));
    }
}
