//! Secure connections in action: what we send to peers, what we take from them, how trust begins and ends.
//!
//! Follows the event log and nothing else; writes rows only through `app`.

mod authors;
pub mod connections;
pub mod moving;
pub mod names;
pub mod probe;
pub mod receive;
mod redirect;
pub mod rotation;
mod send;
pub mod service;
pub mod transport;
mod typing;

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use rialto_app::shares::direct;
use rialto_app::{App, discovery};
use rialto_model::{ConnectionPolicy, Millis, RemoteId, UserId};
use rialto_wire::federation::capability;
use rialto_wire::federation::extension::{Advert, Applied, Limits, PROTOCOL};
use rialto_wire::site_url::SiteUrl;

use crate::transport::Transport;

/// What we can do with another Rialto, as far as it can too (ruling 8.1).
const CAPABILITIES: [&str; 6] = [
    capability::ITEMS,
    capability::SHARE,
    capability::CONNECTION,
    capability::RESUME,
    capability::PROBE,
    capability::FETCH,
];
/// Bytes of a frame we take (ruling 35).
pub(crate) const MAX_FRAME: usize = 64 << 20;

/// The application with its network.
#[derive(Clone)]
pub struct Federation {
    /// The application.
    pub app: App,
    transport: Arc<dyn Transport>,
    /// Failed openings of codes, by administrator (behaviour 2.4).
    failed_openings: Arc<Mutex<HashMap<UserId, VecDeque<Millis>>>>,
    /// One derivation of a key at a time: each is expensive by design.
    derivations: Arc<tokio::sync::Semaphore>,
    /// When connections were probed last.
    probed: probe::Probed,
    /// How fast peers speak.
    paces: receive::pace::Paces,
    /// Who typed lately.
    typing: typing::Typing,
    /// What is listed as having left without an answer.
    unconfirmed: send::ledger::Unconfirmed,
    /// How often senders have looked what there is to do.
    rounds: Arc<AtomicU64>,
}

/// Whether a capability is left by the rules of a connection.
fn may_do(rules: &ConnectionPolicy, cap: &str) -> bool {
    match cap {
        discovery::CAPABILITY => rules.discovery,
        capability::EMOJI => rules.emoji,
        direct::CAPABILITY => rules.direct_messages || rules.group_messages,
        _ => true,
    }
}

impl Federation {
    /// Puts application and network together.
    pub fn new(app: App, transport: Arc<dyn Transport>) -> Self {
        Self {
            app,
            transport,
            failed_openings: Arc::default(),
            derivations: Arc::new(tokio::sync::Semaphore::new(1)),
            probed: probe::Probed::default(),
            paces: receive::pace::Paces::default(),
            typing: typing::Typing::default(),
            unconfirmed: send::ledger::Unconfirmed::default(),
            rounds: Arc::default(),
        }
    }

    /// How often the senders of this process have looked what there is to do, all together: each look is about ten queries.
    pub fn sender_rounds(&self) -> u64 {
        self.rounds.load(Ordering::Relaxed)
    }

    /// Our own address, if it is set to something peers can call.
    pub fn own_site(&self) -> Option<SiteUrl> {
        self.app.settings.get().site_url.as_deref().and_then(|url| SiteUrl::parse(url).ok())
    }

    /// What we say of ourselves to another Rialto.
    fn advert(&self) -> Advert {
        Advert {
            protocol: PROTOCOL,
            min_protocol: PROTOCOL,
            product: "rialto".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            server_id: Some(self.app.installation.server_id),
            epoch: self.app.installation.epoch.clone(),
            site_url: self.app.settings.get().site_url.clone().unwrap_or_default(),
            caps: self.capabilities().map(str::to_owned).collect(),
            limits: Some(Limits {
                frame_bytes: MAX_FRAME as i64,
                file_bytes: self.app.settings.get().files.max_bytes,
                message_chars: i64::try_from(self.app.settings.get().max_post_size).unwrap_or_default(),
                props_chars: 800_000,
            }),
            applied: None,
            waiting_ms: None,
            key: String::new(),
        }
    }

    /// The same for one peer, with what only it is told.
    async fn advert_to(&self, id: &RemoteId) -> Advert {
        let waiting = rialto_app::connections::health::lag(&self.app, id).await;
        let mut advert = Advert { waiting_ms: waiting.ok(), ..self.advert() };
        match rialto_app::connections::positions::to_say(&self.app, id).await {
            Ok(taken) => {
                advert.applied = taken.map(|(epoch, taken)| Applied {
                    epoch,
                    seq: taken.seq,
                    low: (taken.low != taken.seq).then_some(taken.low),
                });
            }
            // Without an epoch the peer concludes nothing. That we have stored nothing would be a wrong word, which it
            // would take for ours.
            Err(_) => advert.epoch = String::new(),
        }
        // What a rule of this connection forbids is nothing we can do with this peer.
        match rialto_app::connections::policies::of(&self.app, id).await {
            Ok(rules) => advert.caps.retain(|cap| may_do(&rules, cap)),
            Err(error) => tracing::warn!(%error, remote = %id, "the rules of a connection could not be read"),
        }
        advert
    }

    fn capabilities(&self) -> impl Iterator<Item = &'static str> {
        let direct = self.app.settings.get().direct_messages_enabled().then_some(direct::CAPABILITY);
        let emoji = self.app.settings.get().emoji_sync_enabled().then_some(capability::EMOJI);
        let typing = self.app.settings.get().remote_typing_enabled().then_some(capability::TYPING);
        let people = self.app.settings.get().discovery_enabled().then_some(discovery::CAPABILITY);
        CAPABILITIES.into_iter().chain(direct).chain(emoji).chain(typing).chain(people)
    }

    /// The part of it that stands in codes.
    fn short_advert(&self) -> Advert {
        Advert {
            protocol: PROTOCOL,
            min_protocol: PROTOCOL,
            server_id: Some(self.app.installation.server_id),
            ..Advert::default()
        }
    }
}
