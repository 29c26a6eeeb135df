//! `/secure-connection rotate`: the peer is given another token to present (behaviour 8.5).

use rialto_app::SessionUser;
use rialto_app::connections::Urgency;
use rialto_federation::{Federation, rotation};

use super::actions::Command;
use super::connection_refusals::{Asked, refusal};
use super::execute::Refused;
use super::invocation::ConnectionRef;
use super::known::Known;
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
