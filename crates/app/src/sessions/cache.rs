//! Sign-ins a node remembers, so that a request costs no read of its own for them. Bounded; never the authority.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rialto_model::UserId;

use super::Authenticated;

/// Sign-ins remembered at most. When it is full everything is forgotten: a rebuild costs one read a session.
const CAPACITY: usize = 4096;

#[derive(Debug, Default)]
struct Inner {
    by_hash: HashMap<String, Authenticated>,
    by_user: HashMap<UserId, Vec<String>>,
    /// Grows whenever something is forgotten.
    forgotten: u64,
}

/// A moment in the life of the cache: what was read before something was forgotten is not remembered after.
#[derive(Debug, Clone, Copy)]
pub struct Mark(u64);

/// Remembered sign-ins by the hash of their token.
#[derive(Debug, Clone, Default)]
pub struct Cache(Arc<Mutex<Inner>>);

impl Cache {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn get(&self, hash: &str) -> Option<Authenticated> {
        self.lock().by_hash.get(hash).cloned()
    }

    /// To be taken before the read whose result is inserted.
    pub(super) fn mark(&self) -> Mark {
        Mark(self.lock().forgotten)
    }

    pub(super) fn insert(&self, mark: Mark, hash: &str, found: &Authenticated) {
        let mut inner = self.lock();
        if inner.forgotten != mark.0 {
            return;
        }
        if inner.by_hash.len() >= CAPACITY {
            inner.by_hash.clear();
            inner.by_user.clear();
        }
        if inner.by_hash.insert(hash.to_owned(), found.clone()).is_none() {
            inner.by_user.entry(found.session.user_id).or_default().push(hash.to_owned());
        }
    }

    /// Replaces what is remembered, and only what still is.
    pub(super) fn replace(&self, hash: &str, found: &Authenticated) {
        if let Some(known) = self.lock().by_hash.get_mut(hash) {
            *known = found.clone();
        }
    }

    /// Forgets everything about a person. To be called after the commit of what changed their sessions or account.
    pub fn forget_user(&self, user: &UserId) {
        let mut inner = self.lock();
        inner.forgotten += 1;
        for hash in inner.by_user.remove(user).unwrap_or_default() {
            inner.by_hash.remove(&hash);
        }
    }
}
