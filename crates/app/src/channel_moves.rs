//! Moving a channel to another team: a decision of this side alone, which no share notices. Source: behaviour 4.4.10, E-140.

use rialto_model::{Channel, ChannelId, DomainEvent, Origin, Permission, Scope, TeamId, User};
use rialto_store::{Tx, channel_members, channels, team_members, teams, users};

use crate::App;
use crate::access::{Denied, SessionUser};
use crate::audit::{self, About};
use crate::channel_members::join_team_silently;
use crate::channels::{DEFAULT_CHANNEL, Error, name_taken, record_update};
use crate::system_posts::{self, SystemPost, escape};

/// Moves a channel to another team. People of other servers come along; of ours, those who do not belong to that team
/// leave the channel if `force`. Nothing of it travels: links that arrive from now on lead to the new team.
///
/// # Errors
/// [`Error::Denied`] without `manage_system`, [`Error::MembersElsewhere`] without `force`, [`Error::NameTaken`].
pub async fn move_to_team(
    app: &App,
    actor: &SessionUser,
    id: &ChannelId,
    team: &TeamId,
    force: bool,
) -> Result<Channel, Error> {
    actor.require(Permission::ManageSystem)?;
    let mut tx = app.db.begin(app.clock.now()).await?;
    let mut channel = channels::lock(&mut tx, id).await?.ok_or(Denied::Absent("channel"))?;
    let Some(former) = channel.team_id else { return Err(Error::DirectOrGroup) };
    if channel.name == DEFAULT_CHANNEL {
        return Err(Error::DefaultChannel);
    }
    if channel.is_archived() {
        return Err(Error::Archived);
    }
    let target = teams::get(&mut tx, team).await?.filter(|team| team.delete_at.is_none());
    let target = target.ok_or(Denied::Absent("team"))?;
    if target.id == former {
        return Ok(channel);
    }
    let former = teams::get(&mut tx, &former).await?.map(|team| team.display_name).unwrap_or_default();
    for user in channel_members::ids(&mut tx, id).await? {
        let Some(person) = users::get(&mut tx, &user).await? else { continue };
        bring_along(&mut tx, actor, id, &target.id, &person, force).await?;
    }
    channel.team_id = Some(target.id);
    channel.update_at = channel.update_at.next_version(tx.now());
    channels::update(&mut tx, &channel).await.map_err(name_taken)?;
    record_update(&mut tx, &channel, Origin::Local);
    let name = system_posts::username(&mut tx, &actor.user_id).await?;
    let message = format!(
        "@{name} moved this channel from the team **{}** to **{}**.",
        escape(&former),
        escape(&target.display_name)
    );
    let (about, user) = (system_posts::About::Generic, Some(actor.user_id));
    let props = [("username", name.as_str())];
    system_posts::write(app, &mut tx, SystemPost { channel: *id, about, user, message, props: &props })?;
    let about =
        About { action: "move_channel", channel: Some(*id), result: "ok", detail: &channel.name, ..About::default() };
    audit::by_user(&mut tx, actor, about)?;
    tx.commit().await?;
    Ok(channel)
}

/// A member of a channel that goes to `team` goes there too, or leaves it.
async fn bring_along(
    tx: &mut Tx,
    actor: &SessionUser,
    channel: &ChannelId,
    team: &TeamId,
    person: &User,
    force: bool,
) -> Result<(), Error> {
    if team_members::get(tx, team, &person.id).await?.is_some_and(|member| member.delete_at.is_none()) {
        return Ok(());
    }
    if person.is_local() {
        if !force {
            return Err(Error::MembersElsewhere);
        }
        channel_members::delete(tx, channel, &person.id).await?;
        let by = Some(actor.user_id);
        let event = DomainEvent::ChannelMemberRemoved { channel: *channel, user: person.id, by };
        tx.record(Scope::Channel(*channel), Origin::Local, event);
        return Ok(());
    }
    // Their membership of a team follows from that of the channel (ruling 49).
    let origin = person.remote_id.map_or(Origin::Local, Origin::Remote);
    join_team_silently(tx, team, person.id, origin).await?;
    Ok(())
}
