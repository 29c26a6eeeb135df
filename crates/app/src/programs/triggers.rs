//! Trigger ids: the proof that somebody has just done something a program was told of, by which it may open a dialog for
//! them. Nothing is stored: a trigger id holds who and when, sealed with a mark of the server's key. Source: client-api 7.4.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rialto_model::{Millis, UserId};
use subtle::ConstantTimeEq;

use crate::App;

/// What the mark is for.
const PURPOSE: &str = "trigger id";

fn mark(app: &App, user: &str, at: &str, random: &str) -> String {
    app.keys.derive_token(PURPOSE, &[user, at, random])
}

/// One for what somebody does now.
pub fn make(app: &App, user: &UserId) -> String {
    let (at, random) = (app.clock.now().0.to_string(), app.ids.token());
    let mark = mark(app, user.as_str(), &at, &random);
    URL_SAFE_NO_PAD.encode(format!("{random}:{user}:{at}:{mark}"))
}

/// Whose it is; None if it is not ours, or of longer ago than programs may take to answer.
pub fn user(app: &App, trigger: &str) -> Option<UserId> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(trigger).ok()?).ok()?;
    let [random, user, at, given] = text.split(':').collect::<Vec<_>>().try_into().ok()?;
    let age = app.clock.now().since(Millis(at.parse().ok()?));
    let fresh = (0..=app.settings.get().programs.timeout_ms).contains(&age);
    let ours: bool = mark(app, user, at, random).as_bytes().ct_eq(given.as_bytes()).into();
    (fresh && ours).then(|| user.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::both;

    #[tokio::test]
    async fn a_trigger_is_its_person_s_for_a_short_while() {
        both(async |app: App| {
            let user = app.ids.id(UserId::from_random);
            let made = make(&app, &user);
            assert_eq!(super::user(&app, &made), Some(user));
            assert_ne!(make(&app, &user), made);
            let decoded = String::from_utf8(URL_SAFE_NO_PAD.decode(&made).unwrap()).unwrap();
            let other = app.ids.id(UserId::from_random);
            let forged = decoded.replace(user.as_str(), other.as_str());
            assert_eq!(super::user(&app, &URL_SAFE_NO_PAD.encode(forged)), None);
            assert_eq!(super::user(&app, "nonsense"), None);
            app.clock.advance(app.settings.get().programs.timeout_ms + 1);
            assert_eq!(super::user(&app, &made), None);
        })
        .await;
    }
}
