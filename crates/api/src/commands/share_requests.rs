//! `/share-channel approve` and `refuse`: what becomes of a channel that another organisation offers and that waits for a
//! decision. Not bound to the current channel, which need not exist yet; the direct message that tells of such a channel
//! holds the whole line. Source: rulings 28 and 43, behaviour 8.6.

use rialto_app::{SessionUser, shares, teams};
use rialto_federation::Federation;
use rialto_model::{ChannelId, RemoteCluster, TeamId};

use super::actions::Command;
use super::execute::Refused;
use super::invocation::Decision;
use super::known::Known;
use super::table::{code, escape};
use super::texts::shares::{ShareRefusal, share_refusal};

const COMMAND: Command = Command::ShareChannel;

/// Carries out a decision and says what came of it.
pub(super) async fn decide(federation: &Federation, actor: &SessionUser, asked: &Decision) -> Result<String, Refused> {
    let app = &federation.app;
    let known = Known::read(federation, actor, COMMAND).await?;
    let remote = known.find(&asked.connection)?;
    let Ok(channel) = ChannelId::parse(&asked.channel) else {
        return Err(not_offered(app, actor, remote, asked).await);
    };
    let name = |remote: &RemoteCluster| format!("**{}**", escape(&remote.display_name));
    let outcome = if asked.approve {
        let team = match &asked.team {
            Some(given) => Some(team(federation, actor, given).await?),
            None => None,
        };
        let done = shares::approve(app, actor, &remote.id, &channel, team).await;
        done.map(|(channel, remote)| {
            format!("The channel **{}** of {} was let in.", escape(&channel.display_name), name(&remote))
        })
    } else {
        let done = shares::refuse(app, actor, &remote.id, &channel).await;
        done.map(|(request, remote)| {
            format!(
                "The channel **{}** of {} was turned down. They are told, and may offer it again.",
                escape(&request.display_name),
                name(&remote)
            )
        })
    };
    match outcome {
        Ok(text) => Ok(text),
        Err(shares::Error::NotOffered) => Err(not_offered(app, actor, remote, asked).await),
        Err(shares::Error::NoTeam) => Err(Refused::Told(
            "There is no team to put the channel in. Name one with `--team`, or choose another destination team for the \
             connection."
                .to_owned(),
        )),
        Err(shares::Error::Policy(rule)) => {
            Err(Refused::Told(share_refusal(&ShareRefusal::Policy { rule: rule.name().to_owned() })))
        }
        Err(shares::Error::Denied(denied)) => Err(Refused::denied(COMMAND, &denied)),
        Err(other) => Err(Refused::Fault(other.to_string())),
    }
}

/// The team somebody names, by id or name.
async fn team(federation: &Federation, actor: &SessionUser, given: &str) -> Result<TeamId, Refused> {
    let app = &federation.app;
    let by_id = match TeamId::parse(given) {
        Ok(id) => teams::get(app, actor, &id).await.ok(),
        Err(_) => None,
    };
    let found = match by_id {
        Some(found) => Ok(found),
        None => teams::get_by_name(app, actor, given).await,
    };
    match found {
        Ok(seen) => Ok(seen.team.id),
        Err(teams::Error::Store(error)) => Err(error.into()),
        // A team somebody cannot see is no other than one that does not exist.
        Err(_) => Err(Refused::Told(format!("There is no team {}.", code(given)))),
    }
}

async fn not_offered(app: &rialto_app::App, actor: &SessionUser, remote: &RemoteCluster, asked: &Decision) -> Refused {
    let name = escape(&remote.display_name);
    let waiting = match shares::list_requests(app, actor, &remote.id).await {
        Ok(waiting) => waiting,
        Err(error) => return Refused::Fault(error.to_string()),
    };
    let mut out = format!("No channel {} of **{name}** waits for a decision.", code(&asked.channel));
    if waiting.is_empty() {
        out.push_str(" None of theirs does.");
        return Refused::Told(out);
    }
    out.push_str(" These do:");
    for request in waiting.iter().take(20) {
        out.push_str(&format!("\n* `{}` – {}", request.channel_id, escape(&request.display_name)));
    }
    Refused::Told(out)
}

/// What waits on a connection, for `/secure-connection status`.
pub(super) async fn notes(
    app: &rialto_app::App,
    actor: &SessionUser,
    remote: &RemoteCluster,
) -> Result<Vec<String>, Refused> {
    let waiting = shares::list_requests(app, actor, &remote.id).await;
    let waiting = waiting.map_err(|error| Refused::Fault(error.to_string()))?;
    let name = escape(&remote.display_name);
    let flags = |channel: &ChannelId| format!("--connectionID {} --channel {channel}", remote.id);
    let line = |request: &shares::ShareRequest| {
        let (channel, flags) = (escape(&request.display_name), flags(&request.channel_id));
        match request.reason.as_str() {
            shares::DESTINATION => {
                format!(
                    "**{name}**: the channel **{channel}** waits for a destination team (`/share-channel approve {flags} --team <team>`)."
                )
            }
            _ => format!(
                "**{name}**: the channel **{channel}** waits to be let in (`/share-channel approve {flags}`, or `refuse`)."
            ),
        }
    };
    Ok(waiting.iter().take(20).map(line).collect())
}
