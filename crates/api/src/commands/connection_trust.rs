//! `/secure-connection rotate` and `test`: the peer is given another token to present, and the way to it and back is
//! looked at (behaviour 8.5, 8.7). `resume` and `recover`: what has to be decided after a restore (E-027, E-029).

use rialto_app::connections::Urgency;
use rialto_app::{SessionUser, recovery};
use rialto_federation::{Federation, probe, rotation};
use rialto_model::RemoteCluster;

use super::actions::Command;
use super::connection_refusals::{Asked, refusal};
use super::execute::Refused;
use super::invocation::ConnectionRef;
use super::known::Known;
use super::texts::connection_test::tested;
use super::texts::connections::{recovering, resumed, rotated};

/// The connection that is meant, and those there are.
async fn named(
    federation: &Federation,
    actor: &SessionUser,
    reference: &ConnectionRef,
) -> Result<(Known, RemoteCluster), Refused> {
    let known = Known::read(federation, actor, Command::SecureConnection).await?;
    let remote = known.find(reference)?.clone();
    Ok((known, remote))
}

/// Renews what the peer presents to us.
pub(super) async fn rotate(
    federation: &Federation,
    actor: &SessionUser,
    reference: &ConnectionRef,
    emergency: bool,
) -> Result<String, Refused> {
    let (known, remote) = named(federation, actor, reference).await?;
    let urgency = if emergency { Urgency::Emergency } else { Urgency::Overlapping };
    let done = rotation::rotate(federation, actor, &remote.id, urgency).await;
    let done = done.map_err(|error| refusal(error, &known, &Asked::default()))?;
    Ok(rotated(&remote.display_name, emergency, done.cause.as_deref()))
}

/// Looks step by step whether each side reaches the other.
pub(super) async fn test(
    federation: &Federation,
    actor: &SessionUser,
    reference: &ConnectionRef,
) -> Result<String, Refused> {
    let (known, remote) = named(federation, actor, reference).await?;
    let report = probe::run(federation, actor, &remote.id).await;
    let report = report.map_err(|error| refusal(error, &known, &Asked::default()))?;
    Ok(tested(&remote.display_name, &report))
}

/// Goes on with a held connection.
pub(super) async fn resume(
    federation: &Federation,
    actor: &SessionUser,
    reference: &ConnectionRef,
) -> Result<String, Refused> {
    let (known, remote) = named(federation, actor, reference).await?;
    let done = rotation::resume(federation, actor, &remote.id).await;
    let done = done.map_err(|error| refusal(error, &known, &Asked::default()))?;
    Ok(resumed(&remote.display_name, done.was_held, done.cause.as_deref()))
}

/// Decides about the messages that a restore here has lost and a peer has.
pub(super) async fn recover(
    federation: &Federation,
    actor: &SessionUser,
    reference: &ConnectionRef,
    discard: bool,
) -> Result<String, Refused> {
    let (known, remote) = named(federation, actor, reference).await?;
    let done = recovery::decide(&federation.app, actor, &remote.id, !discard).await;
    let channels = done.map_err(|error| refusal(error.into(), &known, &Asked::default()))?;
    Ok(recovering(&remote.display_name, discard, channels))
}
