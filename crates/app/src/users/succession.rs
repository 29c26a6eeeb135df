//! What an administrator who goes leaves behind: connections they made and copies they look after (E-128).

use rialto_model::{DomainEvent, Origin, Scope, User, UserId};
use rialto_store::{StoreError, Tx, channel_members as member_rows, channels, remotes, users};

use crate::{App, channel_members, connections};

/// Whoever takes over: the system administrator who has been here longest.
async fn successor(app: &App, tx: &mut Tx, gone: &User) -> Result<Option<UserId>, StoreError> {
    let mut people = users::list_with_role(tx, "system_admin").await?;
    people.retain(|person| person.id != gone.id && person.id != app.system_user);
    people.sort_by_key(|person| (person.create_at, person.id));
    Ok(people.first().map(|person| person.id))
}

/// Makes another administrator the contact of the connections of somebody who was deactivated, and administrator of those
/// copies that would have none. Connections and shares go on. Without another administrator everything stays as it is.
///
/// # Errors
/// [`StoreError`] as the database says.
pub(super) async fn hand_over(app: &App, tx: &mut Tx, gone: &User) -> Result<(), StoreError> {
    let Some(heir) = successor(app, tx, gone).await? else { return Ok(()) };
    for remote in remotes::hand_over(tx, &gone.id, &heir).await? {
        connections::changed(tx, &remote);
    }
    for id in member_rows::copies_looked_after_by_nobody_else(tx, &gone.id).await? {
        let Some(channel) = channels::get(tx, &id).await? else { continue };
        if let Some(team) = channel.team_id {
            channel_members::join_team_silently(tx, &team, heir, Origin::Local).await?;
        }
        match member_rows::get(tx, &id, &heir).await? {
            Some(mut member) => {
                member.scheme_admin = true;
                member.last_update_at = tx.now();
                member_rows::update(tx, &member).await?;
                let event = DomainEvent::ChannelMemberUpdated { channel: id, user: heir };
                tx.record(Scope::User(heir), Origin::Local, event);
            }
            None => {
                channel_members::insert(tx, &id, heir, true, None, Origin::Local).await?;
            }
        }
    }
    Ok(())
}
