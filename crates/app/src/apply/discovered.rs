//! People a peer offers outside shared channels: they can be found and written to here, and are members of nothing.
//! Source: wire 6.12, 7.1, AT-23.

use rialto_model::UserId;
use rialto_store::{StoreError, Tx, users as user_rows};

use super::users::{Teller, describe_person};
use super::{Applied, Code, Error, IncomingUser, Outcome, SLICE, outcome, waiting};
use crate::App;
use crate::access::{self, RemoteActor};

/// Keeps the people a peer offers: its own only, no integrations, in whole slices. The same again changes nothing.
/// `unreadable` is what was refused before, for the audit log.
///
/// # Errors
/// [`Error::NotShared`] for a connection that has ended, [`Error::Store`]; the peer repeats then.
pub async fn discovered(
    app: &App,
    actor: &RemoteActor,
    people: &[IncomingUser],
    unreadable: &[(&'static str, Code)],
) -> Result<Outcome, Error> {
    let mut outcome = Outcome::default();
    for part in people.chunks(SLICE) {
        match slice(app, actor, part, &mut outcome).await {
            Err(Error::Store(error)) if error.is_about_values() => {
                // One of them cannot be stored, whatever is tried; the others must not suffer for it.
                for person in part {
                    match slice(app, actor, std::slice::from_ref(person), &mut outcome).await {
                        Err(Error::Store(error)) if error.is_about_values() => {
                            outcome.refused_users.push((person.wire_id, Code::Invalid));
                        }
                        other => other?,
                    }
                }
            }
            other => other?,
        }
    }
    outcome::note_refusals(app, actor, None, &outcome, unreadable).await?;
    Ok(outcome)
}

async fn slice(app: &App, actor: &RemoteActor, part: &[IncomingUser], outcome: &mut Outcome) -> Result<(), Error> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let remote = access::peer(&mut tx, actor).await?;
    // Outside a channel nobody speaks for third organisations.
    let teller = Teller { remote: &remote, relays: None };
    let mut done = Vec::with_capacity(part.len());
    for person in part {
        done.push((person.wire_id, one(app, &mut tx, teller, person).await?));
    }
    tx.commit().await?;
    for (id, applied) in done {
        match applied {
            Applied::Refused(code) => outcome.refused_users.push((id, code)),
            Applied::Changed | Applied::Known | Applied::Parked => outcome.users.push(id),
        }
    }
    Ok(())
}

async fn one(app: &App, tx: &mut Tx, teller: Teller<'_>, person: &IncomingUser) -> Result<Applied, StoreError> {
    if person.is_bot {
        return Ok(Applied::Refused(Code::Invalid));
    }
    if person.delete_at.is_some() && !is_known(tx, teller, &person.wire_id).await? {
        // Nobody here has to hear of somebody only to hear that they are gone.
        return Ok(Applied::Known);
    }
    match describe_person(app, tx, teller, person).await? {
        Err(code) => Ok(Applied::Refused(code)),
        Ok((applied, _)) => {
            waiting::release_person(app, tx, &teller.remote.id, &person.wire_id).await?;
            Ok(applied)
        }
    }
}

async fn is_known(tx: &mut Tx, teller: Teller<'_>, wire_id: &UserId) -> Result<bool, StoreError> {
    let id = user_rows::alias(tx, &teller.remote.id, wire_id).await?.unwrap_or(*wire_id);
    Ok(user_rows::get(tx, &id).await?.is_some())
}
