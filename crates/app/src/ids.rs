//! Where new ids and secrets come from: the operating system, or a seed that a test can repeat.

use std::sync::{Arc, Mutex, PoisonError};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// A source of random bytes.
#[derive(Debug, Clone)]
pub enum IdSource {
    /// The operating system's generator.
    System,
    /// A seeded generator; never for secrets of real servers.
    Seeded(Arc<Mutex<StdRng>>),
}

impl IdSource {
    /// A generator that repeats itself.
    pub fn seeded(seed: u64) -> Self {
        IdSource::Seeded(Arc::new(Mutex::new(StdRng::seed_from_u64(seed))))
    }

    /// `N` random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        match self {
            IdSource::System => {
                #[expect(clippy::disallowed_methods, reason = "this is the one place that asks the system")]
                rand::rng().fill_bytes(&mut bytes);
            }
            IdSource::Seeded(rng) => rng.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(&mut bytes),
        }
        bytes
    }

    /// A fresh id of any kind: `let id: PostId = ids.id(PostId::from_random);`
    pub fn id<T>(&self, from_random: fn([u8; 16]) -> T) -> T {
        from_random(self.bytes())
    }

    /// A fresh secret of 26 characters, in the form of an id, as tokens on the wire are.
    pub fn token(&self) -> String {
        String::from_utf8_lossy(&rialto_model::id::encode(self.bytes())).into_owned()
    }
}
