//! Passwords: what they must look like, and their hashes. Argon2id, parameters in the hash (G-30).

use std::sync::Arc;

use argon2::{Argon2, Params, PasswordHasher, PasswordVerifier};
use rialto_model::UserId;
use tokio::sync::{Mutex, MutexGuard, Semaphore, SemaphorePermit};

use crate::ids::IdSource;
use crate::settings::Settings;

/// Longest password in bytes, the limit clients show (client-api 10).
pub const MAX_LENGTH: usize = 72;

/// One of the parameter sets of equal strength that OWASP recommends: the one with the least memory (KiB) and the most
/// passes, since the allocator keeps what a hash has used.
const MEMORY: u32 = 7168;
const PASSES: u32 = 5;
/// Hashes computed at once: each takes [`MEMORY`] and a core for some 20 ms.
const AT_ONCE: usize = 2;
/// Callers that may wait for their turn; more are turned away.
const WAITING: usize = 64;

/// Compared against where there is no account, so that unknown names take as long as wrong passwords (G-31).
const NOBODY: &str = "$argon2id$v=19$m=7168,t=5,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Why a password was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unsuitable {
    /// Shorter than the setting.
    #[error("must have at least {min} characters")]
    TooShort {
        /// `PasswordSettings.MinimumLength`.
        min: usize,
    },
    /// Longer than [`MAX_LENGTH`] bytes.
    #[error("must have at most {MAX_LENGTH} bytes")]
    TooLong,
    /// A class of characters the settings demand is missing.
    #[error("must contain {0}")]
    Lacks(&'static str),
}

/// Too many people sign in at this moment; nothing was checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many passwords are being checked")]
pub struct Overloaded;

/// Checks a new password against the settings.
///
/// # Errors
/// [`Unsuitable`]: the first rule it breaks.
pub fn check(settings: &Settings, password: &str) -> Result<(), Unsuitable> {
    let min = settings.password_min_length;
    if password.chars().count() < min {
        return Err(Unsuitable::TooShort { min });
    }
    if password.len() > MAX_LENGTH {
        return Err(Unsuitable::TooLong);
    }
    let has = |class: fn(char) -> bool| password.chars().any(class);
    let demands = [
        (settings.password_lowercase, has(char::is_lowercase), "a lower-case letter"),
        (settings.password_uppercase, has(char::is_uppercase), "a capital letter"),
        (settings.password_number, has(|c| c.is_ascii_digit()), "a digit"),
        (settings.password_symbol, has(|c| !c.is_alphanumeric() && !c.is_whitespace()), "a symbol"),
    ];
    match demands.into_iter().find(|(demanded, has, _)| *demanded && !has) {
        Some((_, _, what)) => Err(Unsuitable::Lacks(what)),
        None => Ok(()),
    }
}

/// Computes hashes away from the runtime's threads, few at a time.
#[derive(Debug, Clone)]
pub struct Passwords(Arc<Gates>);

#[derive(Debug)]
struct Gates {
    params: Params,
    running: Semaphore,
    waiting: Semaphore,
    queued: Semaphore,
    /// An account belongs to one of these by its id.
    turns: [Mutex<()>; 32],
}

impl Default for Passwords {
    fn default() -> Self {
        // Always in range; the defaults of the library are good too.
        Self::with(Params::new(MEMORY, PASSES, 1, None).unwrap_or_default())
    }
}

impl Passwords {
    /// Hashes that cost next to nothing, for tests about other things.
    #[cfg(any(test, feature = "testing"))]
    pub fn quick() -> Self {
        Self::with(Params::new(8, 1, 1, None).unwrap_or_default())
    }

    fn with(params: Params) -> Self {
        Self(Arc::new(Gates {
            params,
            running: Semaphore::new(AT_ONCE),
            waiting: Semaphore::new(WAITING),
            queued: Semaphore::new(WAITING),
            turns: std::array::from_fn(|_| Mutex::new(())),
        }))
    }
}

/// The right to be the only one who signs in to an account.
pub struct Turn<'a> {
    _turn: Option<MutexGuard<'a, ()>>,
    _place: SemaphorePermit<'a>,
}

impl Passwords {
    /// Waits until nobody else signs in to this account on this node, so that attempts are counted one by one: those
    /// at the same time neither outrun the limit nor use it up for each other.
    ///
    /// # Errors
    /// [`Overloaded`].
    pub async fn turn(&self, user: &UserId) -> Result<Turn<'_>, Overloaded> {
        let place = self.0.queued.try_acquire().map_err(|_| Overloaded)?;
        let sum: usize = user.as_str().bytes().map(usize::from).sum();
        let turn = match self.0.turns.get(sum % self.0.turns.len()) {
            Some(turn) => Some(turn.lock().await),
            None => None,
        };
        Ok(Turn { _turn: turn, _place: place })
    }

    /// The hash of a new password, as a PHC string.
    ///
    /// # Errors
    /// [`Overloaded`].
    pub async fn hash(&self, ids: &IdSource, password: &str) -> Result<String, Overloaded> {
        let (password, salt, params) = (password.to_owned(), ids.bytes::<16>(), self.0.params.clone());
        self.run(move || {
            let hash = Argon2::from(params).hash_password_with_salt(password.as_bytes(), &salt);
            // The parameters and the salt are always in range.
            hash.map(|hash| hash.to_string()).map_err(|_| Overloaded)
        })
        .await?
    }

    /// Whether `password` belongs to `hash`. Without a hash it never does, and takes as long.
    ///
    /// # Errors
    /// [`Overloaded`].
    pub async fn verify(&self, password: &str, hash: Option<&str>) -> Result<bool, Overloaded> {
        // Longer ones were never accepted; they are not worth hashing.
        let fits = password.len() <= MAX_LENGTH;
        let password = if fits { password.to_owned() } else { String::new() };
        let exists = hash.is_some_and(|hash| !hash.is_empty());
        let hash = hash.filter(|_| exists).unwrap_or(NOBODY).to_owned();
        let matches =
            self.run(move || Argon2::default().verify_password(password.as_bytes(), hash.as_str()).is_ok()).await?;
        Ok(matches && exists && fits)
    }

    async fn run<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> Result<T, Overloaded> {
        let _place = self.0.waiting.try_acquire().map_err(|_| Overloaded)?;
        let _turn = self.0.running.acquire().await.map_err(|_| Overloaded)?;
        tokio::task::spawn_blocking(job).await.map_err(|_| Overloaded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_matches() {
        let (passwords, ids) = (Passwords::default(), IdSource::seeded(1));
        let hash = passwords.hash(&ids, "correct horse").await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=7168,t=5,p=1$"), "{hash}");
        assert_ne!(hash, passwords.hash(&ids, "correct horse").await.unwrap());
        assert!(passwords.verify("correct horse", Some(&hash)).await.unwrap());
        assert!(!passwords.verify("correct hors", Some(&hash)).await.unwrap());
        assert!(!passwords.verify(&"x".repeat(73), Some(&hash)).await.unwrap());
        assert!(!passwords.verify("", Some("")).await.unwrap());
        assert!(!passwords.verify("anything", None).await.unwrap());
    }

    #[tokio::test]
    async fn no_account_costs_a_real_comparison() {
        // A malformed stand-in would fail at once and tell unknown names by their speed.
        let parsed = argon2::PasswordHash::new(NOBODY).unwrap();
        let fresh = Passwords::default().hash(&IdSource::seeded(1), "x").await.unwrap();
        let fresh = argon2::PasswordHash::new(&fresh).unwrap();
        assert_eq!(parsed.params, fresh.params);
        assert_eq!(parsed.hash.map(|hash| hash.len()), fresh.hash.map(|hash| hash.len()));
    }

    #[test]
    fn settings_decide_what_a_password_needs() {
        let settings = Settings { password_min_length: 8, password_number: true, ..Settings::default() };
        assert_eq!(check(&settings, "short1"), Err(Unsuitable::TooShort { min: 8 }));
        assert_eq!(check(&settings, "long enough"), Err(Unsuitable::Lacks("a digit")));
        assert_eq!(check(&settings, &"é1".repeat(25)), Err(Unsuitable::TooLong));
        assert_eq!(check(&settings, "long enough 1"), Ok(()));
    }
}
