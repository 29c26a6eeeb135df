//! Looks step by step whether a peer can be reached, from here and from there back to us (behaviour 8.7, ruling 8.11).
//!
//! Only the site URL that is stored for a connection is called, nobody can ask for another one, and nothing that is
//! answered holds a credential.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rialto_app::access::SessionUser;
use rialto_app::connections as records;
use rialto_model::{Cause, Millis, Permission, RemoteCluster, RemoteId};
use rialto_wire::federation::extension::{ProbeRequest, ProbeResult, ProbeStep, StepState};
use rialto_wire::federation::{capability, topic};
use rialto_wire::site_url::SiteUrl;
use tokio::time::Instant;

use crate::connections::Error;
use crate::send::{FRAME_BYTES, Undelivered, message, ping_with};
use crate::{Federation, transport};

/// Between two probes of a connection, ms (ruling 8.11).
pub const PAUSE: i64 = 10_000;
/// From this difference on a clock is reported, ms (E-066).
const SKEWED: i64 = 60_000;
/// The peer's own probe of us takes no longer than its steps' time limits together.
pub(crate) const PROBE_TIMEOUT: Duration = Duration::from_secs(55);

/// Who asked for a probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Asked {
    /// One of our administrators.
    Here,
    /// The peer.
    There,
    /// Nobody: the peer named another address of its own.
    Elsewhere,
}

/// When which connection was probed last. A node of its own each: the limit spares peers, it keeps no secret.
pub(crate) type Probed = Arc<Mutex<HashMap<(RemoteId, Asked), Millis>>>;

/// What the way back looks like.
#[derive(Debug, Clone)]
pub enum WayBack {
    /// As the peer sees it.
    Steps(Vec<ProbeStep>),
    /// The peer is no Rialto, or one that has no word for it.
    Unsupported,
    /// The peer could not be asked.
    Unknown {
        /// Why.
        cause: Cause,
        /// In plain words.
        text: String,
    },
}

/// Both ways.
#[derive(Debug, Clone)]
pub struct Report {
    /// From here to there.
    pub there: Vec<ProbeStep>,
    /// From there to here.
    pub back: WayBack,
}

/// Notes that a connection is probed now.
///
/// # Errors
/// When it may be probed again, if that is later.
pub(crate) fn take_turn(fed: &Federation, id: RemoteId, asked: Asked) -> Result<(), Millis> {
    let now = fed.app.clock.now();
    let mut probed = fed.probed.lock().unwrap_or_else(PoisonError::into_inner);
    probed.retain(|_, at| now.since(*at) < PAUSE && at.0 <= now.0);
    match probed.get(&(id, asked)) {
        Some(at) => Err(Millis(at.0 + PAUSE)),
        None => {
            probed.insert((id, asked), now);
            Ok(())
        }
    }
}

/// Probes a connection both ways, because an administrator asks for it.
///
/// # Errors
/// [`Error::TooSoon`]; [`Error::Record`] if it is not allowed, or nobody has accepted it yet.
pub async fn run(fed: &Federation, actor: &SessionUser, id: &RemoteId) -> Result<Report, Error> {
    actor.require(Permission::ManageSecureConnections)?;
    let remote = records::get(&fed.app, actor, id).await?;
    if remote.delete_at.is_some() {
        return Err(records::Error::Ended(Box::new(remote)).into());
    }
    if remote.confirmed_at.is_none() {
        return Err(Error::NotAccepted);
    }
    take_turn(fed, *id, Asked::Here).map_err(|until| Error::TooSoon { until })?;
    let mut there = steps(fed, &remote, true).await;
    let reached = there.iter().all(|step| step.state != StepState::Fail);
    let back = if !remote.has(capability::PROBE) {
        WayBack::Unsupported
    } else if reached {
        way_back(fed, id, &mut there).await
    } else {
        let failed = there.iter().find(|step| step.state == StepState::Fail);
        let cause = failed.map(|step| Cause::from_word(&step.code)).unwrap_or_default();
        WayBack::Unknown { cause, text: "the peer cannot be reached, so it cannot be asked".to_owned() }
    };
    Ok(Report { there, back })
}

/// Asks the peer for its way to us, with a message as long as our longest: what lies in between may refuse that.
async fn way_back(fed: &Federation, id: &RemoteId, there: &mut Vec<ProbeStep>) -> WayBack {
    let padded = ProbeRequest { padding: "x".repeat(FRAME_BYTES - 1_000) };
    let begun = Instant::now();
    let mut asked = message(fed, id, topic::RIALTO_PROBE, &padded).await;
    let too_large = asked.as_ref().is_err_and(|undelivered| undelivered.too_large);
    there.push(match too_large {
        true => step("size", StepState::Fail, Cause::TooLarge.word(), None),
        false => step("size", StepState::Ok, "", elapsed(begun)),
    });
    if too_large {
        asked = message(fed, id, topic::RIALTO_PROBE, &ProbeRequest::default()).await;
    }
    let unknown = |undelivered: Undelivered| WayBack::Unknown { cause: undelivered.class, text: undelivered.cause };
    match asked {
        Err(undelivered) => unknown(undelivered),
        Ok(answer) => match answer.payload.as_ref().and_then(|payload| ProbeResult::decode(payload)) {
            Some(result) if answer.ok => WayBack::Steps(result.steps),
            _ => WayBack::Unsupported,
        },
    }
}

fn step(name: &str, state: StepState, code: &str, ms: Option<i64>) -> ProbeStep {
    ProbeStep { name: name.to_owned(), state, code: code.to_owned(), ms }
}

fn elapsed(since: Instant) -> Option<i64> {
    i64::try_from(since.elapsed().as_millis()).ok()
}

/// The steps of the way to a peer, up to the first that fails.
pub(crate) async fn steps(fed: &Federation, remote: &RemoteCluster, with_protocol: bool) -> Vec<ProbeStep> {
    let site = remote.site_url.as_deref().and_then(|url| SiteUrl::parse(url).ok());
    let Some(site) = site else { return vec![step("dns", StepState::Fail, Cause::Address.word(), None)] };
    let mut steps = Vec::new();
    let trace = fed.transport.trace(&site).await;
    for (name, leg) in [("dns", trace.resolve), ("tcp", trace.connect)] {
        match leg {
            Some(Ok(ms)) => steps.push(step(name, StepState::Ok, "", Some(ms))),
            Some(Err(error)) => {
                steps.push(step(name, StepState::Fail, transport::cause(&error).word(), None));
                return steps;
            }
            None => {}
        }
    }
    let begun = Instant::now();
    let token = match records::peer_token(&fed.app, &remote.id).await {
        Ok(Some((_, token))) => token,
        Ok(None) => {
            steps.push(step("credential", StepState::Fail, Cause::Credential.word(), None));
            return steps;
        }
        Err(_) => {
            steps.push(step("http", StepState::Fail, Cause::Own.word(), None));
            return steps;
        }
    };
    let outcome = ping_with(fed, &site, &remote.id, &token).await;
    let ms = elapsed(begun);
    let passed = |steps: &mut Vec<ProbeStep>, upto: usize| {
        for name in ["dns", "tcp", "tls", "http", "credential", "protocol"].into_iter().take(upto) {
            let known = steps.iter().any(|step| step.name == name);
            if known || (name == "protocol" && !with_protocol) {
                continue;
            }
            steps.push(match name {
                "tls" if !site.is_https() => step(name, StepState::Warn, "insecure", None),
                "http" => step(name, StepState::Ok, "", ms),
                _ => step(name, StepState::Ok, "", None),
            });
        }
    };
    match outcome {
        Err(undelivered) => {
            let (name, upto) = failed_at(undelivered.class);
            passed(&mut steps, upto);
            steps.push(step(name, StepState::Fail, undelivered.class.word(), ms));
        }
        Ok((answer, _)) => {
            if answer.rialto.as_ref().is_some_and(|peer| !peer.is_compatible()) {
                passed(&mut steps, 5);
                steps.push(step("protocol", StepState::Fail, Cause::Protocol.word(), None));
                return steps;
            }
            passed(&mut steps, 6);
            let skew = answer.clock_skew(fed.app.clock.now().0);
            let state = if skew.abs() > SKEWED { StepState::Warn } else { StepState::Ok };
            let code = if state == StepState::Warn { "skewed" } else { "" };
            steps.push(step("clock", state, code, Some(skew)));
        }
    }
    steps
}

/// At which step a failure shows, and how many steps were passed before it.
fn failed_at(cause: Cause) -> (&'static str, usize) {
    match cause {
        Cause::Address | Cause::Dns => ("dns", 0),
        Cause::Tcp => ("tcp", 1),
        Cause::Tls | Cause::TlsTime | Cause::TlsName => ("tls", 2),
        Cause::Credential => ("credential", 4),
        Cause::Protocol => ("protocol", 5),
        Cause::Redirect
        | Cause::Path
        | Cause::TooLarge
        | Cause::Busy
        | Cause::Full
        | Cause::Off
        | Cause::Server
        | Cause::Timeout
        | Cause::Exchange
        | Cause::NotAPeer
        | Cause::Own
        | Cause::Other => ("http", 3),
    }
}
