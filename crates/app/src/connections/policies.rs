//! What administrators here allow over one connection (behaviour 8.6). The rules are asked where each thing happens; what
//! was shared before a rule forbade it goes on, for ending it is a decision of its own.

use rialto_model::{ConnectionPolicy, Permission, RemoteCluster, RemoteId, Rule};
use rialto_store::{Snapshot, StoreError, policies, remotes};

use super::{Error, changed};
use crate::App;
use crate::access::{Denied, SessionUser};
use crate::audit::{self, About};

/// Entries of a list of rules.
const ENTRIES: usize = 200;
/// Characters of an entry.
const ENTRY: usize = 64;

/// The rules of a connection, for whoever enforces them.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn of(app: &App, id: &RemoteId) -> Result<ConnectionPolicy, StoreError> {
    policies::get(&mut app.db.read(app.clock.now()).await?, id).await
}

/// The same in a transaction.
pub(crate) async fn within(view: &mut Snapshot, id: &RemoteId) -> Result<ConnectionPolicy, StoreError> {
    policies::get(view, id).await
}

/// The rules of a connection, for those who may look at it.
///
/// # Errors
/// [`Error::Denied`].
pub async fn get(app: &App, actor: &SessionUser, id: &RemoteId) -> Result<ConnectionPolicy, Error> {
    super::require_reader(actor)?;
    let mut view = app.db.read(app.clock.now()).await?;
    remotes::get(&mut view, id).await?.ok_or(Denied::Absent("connection"))?;
    Ok(policies::get(&mut view, id).await?)
}

/// Changes rules of a connection: `patch` makes the new ones of the present ones, and None of what it cannot be. Each change
/// is in the audit log with its rule.
///
/// # Errors
/// [`Error::Denied`], [`Error::Ended`], [`Error::Policy`]; nothing changes then.
pub async fn change(
    app: &App,
    actor: &SessionUser,
    id: &RemoteId,
    patch: impl FnOnce(&ConnectionPolicy) -> Result<ConnectionPolicy, String> + Send,
) -> Result<ConnectionPolicy, Error> {
    actor.require(Permission::ManageSecureConnections)?;
    let mut tx = app.db.begin(app.clock.now()).await?;
    let remote: RemoteCluster = remotes::lock(&mut tx, id).await?.ok_or(Denied::Absent("connection"))?;
    if remote.delete_at.is_some() {
        return Err(Error::Ended(Box::new(remote)));
    }
    let before = policies::get(&mut tx, id).await?;
    let after = patch(&before).map_err(Error::Policy)?;
    check(&after).map_err(|rule| Error::Policy(rule.name().to_owned()))?;
    let rules = after.changed(&before);
    if rules.is_empty() {
        return Ok(after);
    }
    policies::put(&mut tx, id, &after).await?;
    let named: Vec<&str> = rules.iter().map(|rule| rule.name()).collect();
    let detail = format!("{}: {}", remote.name, named.join(", "));
    let about = About { action: "change_policy", remote: Some(*id), result: "ok", detail: &detail, ..About::default() };
    audit::by_user(&mut tx, actor, about)?;
    changed(&mut tx, id);
    tx.commit().await?;
    Ok(after)
}

/// Whether one channel more may be shared over a connection; beyond those that `wait` to be let in.
pub(crate) async fn admits_channel(
    view: &mut Snapshot,
    id: &RemoteId,
    policy: &ConnectionPolicy,
    wait: usize,
) -> Result<Result<(), Rule>, StoreError> {
    if policy.max_channels.is_none() {
        return Ok(Ok(()));
    }
    let wait = i64::try_from(wait).unwrap_or(i64::MAX);
    let number = policies::count_channels(view, id).await?;
    Ok(policy.may_have_channels(number.saturating_add(wait).saturating_add(1)))
}

/// Whether one person more of a connection's may be kept.
pub(crate) async fn admits_person(view: &mut Snapshot, id: &RemoteId) -> Result<bool, StoreError> {
    match policies::get(view, id).await?.max_users {
        None => Ok(true),
        Some(most) => Ok(policies::count_people(view, id).await? < most),
    }
}

/// Whether rules make sense; which one does not.
fn check(policy: &ConnectionPolicy) -> Result<(), Rule> {
    let words = |list: &std::collections::BTreeSet<String>| {
        list.len() <= ENTRIES && list.iter().all(|word| !word.trim().is_empty() && word.chars().count() <= ENTRY)
    };
    let number = |given: Option<i64>| given.is_none_or(|number| number >= 0);
    for (fits, rule) in [
        (policy.share_teams.len() <= ENTRIES, Rule::ShareTeams),
        (words(&policy.share_channels), Rule::ShareChannels),
        (words(&policy.blocked_file_types), Rule::BlockedFileTypes),
        (number(policy.max_file_size), Rule::MaxFileSize),
        (number(policy.max_users), Rule::MaxUsers),
        (number(policy.max_channels), Rule::MaxChannels),
    ] {
        if !fits {
            return Err(rule);
        }
    }
    Ok(())
}
