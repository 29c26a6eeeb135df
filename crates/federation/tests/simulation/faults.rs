//! What the network does to the requests of a run: drawn from the seed and the number of the request between two
//! servers, so that taking a step out of a plan changes as little of the rest as can be. Watches for echoes as well.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rialto_wire::federation::topic;
use serde_json::Value;
use tokio::time::Instant;

use crate::harness::{Fault, Sent};
use crate::outsiders::OUTSIDERS;
use crate::plan::{Numbers, Weather};

/// What forged messages say.
pub const FORGED: &str = "forged";

/// How many contents are remembered.
const LATEST: usize = 6;

/// The network of one run.
pub struct Faults {
    seed: u64,
    weather: Weather,
    names: Vec<&'static str>,
    calm: AtomicBool,
    /// From whom to whom nothing gets through.
    cut: Mutex<BTreeSet<(usize, usize)>>,
    counts: Mutex<HashMap<(usize, usize), u64>>,
    /// Posts and people, and the server they belong to.
    owners: Mutex<HashMap<String, usize>>,
    found: Mutex<Vec<String>>,
    last_content: Mutex<Instant>,
    /// The last contents that went anywhere, the oldest first: what does not end is among them.
    latest: Mutex<VecDeque<String>>,
    carried: AtomicU64,
}

impl Faults {
    pub fn new(seed: u64, weather: Weather, names: Vec<&'static str>) -> Self {
        Self {
            seed,
            weather,
            names,
            calm: AtomicBool::new(true),
            cut: Mutex::default(),
            counts: Mutex::default(),
            owners: Mutex::default(),
            found: Mutex::default(),
            last_content: Mutex::new(Instant::now()),
            latest: Mutex::default(),
            carried: AtomicU64::new(0),
        }
    }

    /// Begins to do damage.
    pub fn begin(&self) {
        self.calm.store(false, Ordering::Relaxed);
    }

    /// Everything gets through from now on.
    pub fn end(&self) {
        self.calm.store(true, Ordering::Relaxed);
        self.cut.lock().unwrap().clear();
        *self.last_content.lock().unwrap() = Instant::now();
    }

    pub fn cut(&self, from: usize, to: usize) {
        self.cut.lock().unwrap().insert((from, to));
    }

    pub fn mend(&self, from: usize, to: usize) {
        self.cut.lock().unwrap().remove(&(from, to));
    }

    /// Notes whose a post or a person is.
    pub fn owned(&self, id: String, server: usize) {
        self.owners.lock().unwrap().insert(id, server);
    }

    /// When content last went anywhere.
    pub fn last_content(&self) -> Instant {
        *self.last_content.lock().unwrap()
    }

    /// The last contents that went anywhere, the oldest first.
    pub fn latest(&self) -> Vec<String> {
        self.latest.lock().unwrap().iter().cloned().collect()
    }

    /// Requests so far.
    pub fn carried(&self) -> u64 {
        self.carried.load(Ordering::Relaxed)
    }

    /// Notes something that must not be.
    pub fn note(&self, text: String) {
        self.found.lock().unwrap().push(text);
    }

    /// What was seen on the way that must not be.
    pub fn found(&self) -> Vec<String> {
        std::mem::take(&mut *self.found.lock().unwrap())
    }

    /// What becomes of a request.
    pub fn decide(&self, sent: &Sent) -> Option<Fault> {
        let place = |name| self.names.iter().position(|known| *known == name).unwrap();
        let pair = (place(sent.from), place(sent.to));
        self.carried.fetch_add(1, Ordering::Relaxed);
        if sent.has_content() {
            *self.last_content.lock().unwrap() = Instant::now();
            let mut latest = self.latest.lock().unwrap();
            latest.push_back(format!("{} to {}: {}", sent.from, sent.to, sent.payload));
            if latest.len() > LATEST {
                latest.pop_front();
            }
            drop(latest);
            self.look_for_echoes(sent, pair.1);
        }
        if self.cut.lock().unwrap().contains(&pair) {
            return Some(Fault::Refused);
        }
        let number = {
            let mut counts = self.counts.lock().unwrap();
            let count = counts.entry(pair).or_default();
            *count += 1;
            *count
        };
        let key = self.seed ^ (pair.0 as u64) << 56 ^ (pair.1 as u64) << 48 ^ number << 8;
        let mut numbers = Numbers::from(key);
        if self.calm.load(Ordering::Relaxed) {
            return Some(Fault::Late(numbers.between(1, 20)));
        }
        let weather = self.weather;
        let mut draw = numbers.next() % 1000;
        let mut falls = |share: u64| {
            let hit = draw < share;
            draw = draw.wrapping_sub(share);
            hit
        };
        if falls(weather.lost) {
            return Some(Fault::Refused);
        }
        if falls(weather.unanswered) {
            return Some(Fault::LostAnswer);
        }
        if falls(weather.refused) {
            return Some(Fault::Status(503));
        }
        if falls(weather.late) {
            return Some(Fault::Late(numbers.between(20, 5_000)));
        }
        // Tolerated: memberships and the notes and invitations of shares carry no version, so a late copy of one undoes
        // what came after it.
        // So do all items with a Mattermost, which takes what comes last for what is so.
        let ours = pair.1 < self.names.len() - OUTSIDERS.len();
        let versioned = sent.topic == topic::SYNC && sent.ids("membership_changes").is_empty() && ours;
        if falls(weather.twice) && versioned {
            return Some(Fault::Twice(numbers.between(5, 60_000)));
        }
        if falls(weather.strayed) && versioned {
            return Some(Fault::Strayed(numbers.between(5, 120_000)));
        }
        Some(Fault::Late(numbers.between(1, 20)))
    }

    /// Nothing may be told to the server it belongs to (SC-102).
    fn look_for_echoes(&self, sent: &Sent, to: usize) {
        let owners = self.owners.lock().unwrap();
        let belongs_there = |id: &str| owners.get(id) == Some(&to);
        let list = |member: &str| sent.payload[member].as_array().cloned().unwrap_or_default();
        let posts = list("posts").into_iter().filter(|post| post["message"] != FORGED).map(|post| post["id"].clone());
        let reactions = list("reactions").into_iter().map(|reaction| reaction["user_id"].clone());
        let members = list("membership_changes").into_iter().map(|change| change["user_id"].clone());
        for id in posts.chain(reactions).chain(members).filter_map(|id: Value| id.as_str().map(str::to_owned)) {
            if belongs_there(&id) {
                self.found
                    .lock()
                    .unwrap()
                    .push(format!("echo: {} told {} of its own {id}: {}", sent.from, sent.to, sent.payload));
            }
        }
    }
}
