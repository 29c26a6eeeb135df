//! `/secure-connection rotate` and `test`: the peer is given another token to present, and the way to it and back is
//! looked at (behaviour 8.5, 8.7).

use rialto_app::SessionUser;
use rialto_app::connections::Urgency;
use rialto_federation::{Federation, probe, rotation};

use super::actions::Command;
use super::connection_refusals::{Asked, refusal};
use super::execute::Refused;
use super::invocation::ConnectionRef;
use super::known::Known;
use super::texts::connection_test::tested;
use super::texts::connections::rotated;

/// Renews what the peer presents to us.
pub(super) async fn rotate(
    federation: &Federation,
    actor: &SessionUser,
    reference: &ConnectionRef,
    emergency: bool,
) -> Result<String, Refused> {
    let known = Known::read(federation, actor, Command::SecureConnection).await?;
    let remote = known.find(reference)?.clone();
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
    let known = Known::read(federation, actor, Command::SecureConnection).await?;
    let remote = known.find(reference)?.clone();
    let report = probe::run(federation, actor, &remote.id).await;
    let report = report.map_err(|error| refusal(error, &known, &Asked::default()))?;
    Ok(tested(&remote.display_name, &report))
}
