//! Finding channels in all teams, and group messages one takes part in. Source: client-api 5.4.

use rialto_model::{Channel, ChannelId, ChannelKind, Permission, User};
pub use rialto_store::all_channels::{Filter, WithTeam};
use rialto_store::{StoreError, all_channels, channel_members, channels, users};

use crate::App;
use crate::access::{Denied, SessionUser};

/// All channels there are, for administrators; one page and the number of all.
///
/// # Errors
/// [`Denied::Forbidden`] without the right to read channels in the console.
pub async fn list(app: &App, actor: &SessionUser, filter: &Filter) -> Result<(Vec<WithTeam>, i64), Denied> {
    actor.require(Permission::SysconsoleReadUserManagementChannels)?;
    Ok(all_channels::list(&mut app.db.read(app.clock.now()).await?, filter).await?)
}

/// Those among them that the actor may find in teams of theirs: public ones, and private ones they belong to.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn search(app: &App, actor: &SessionUser, filter: Filter) -> Result<(Vec<WithTeam>, i64), StoreError> {
    let filter = Filter { found_by: Some(actor.user_id), ..filter };
    all_channels::list(&mut app.db.read(app.clock.now()).await?, &filter).await
}

/// The actor's group messages in which each word of `term` is a part of somebody's username.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn search_groups(app: &App, actor: &SessionUser, term: &str) -> Result<Vec<Channel>, StoreError> {
    let words: Vec<String> = term
        .split([' ', ','])
        .filter(|word| !word.is_empty())
        .map(|word| word.trim_matches('@').to_lowercase())
        .collect();
    let mut view = app.db.read(app.clock.now()).await?;
    let mut found = channels::list_of_user(&mut view, &actor.user_id, None, false).await?;
    // A group message is called by the names of those who take part.
    found.retain(|channel| {
        let names = channel.display_name.to_lowercase();
        channel.kind == ChannelKind::Group && words.iter().all(|word| names.contains(word))
    });
    Ok(found)
}

/// Who else takes part in group messages of the actor's; other channels are left out.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn people_of_groups(
    app: &App,
    actor: &SessionUser,
    ids: &[ChannelId],
) -> Result<Vec<(ChannelId, Vec<User>)>, StoreError> {
    let mut view = app.db.read(app.clock.now()).await?;
    let mut found = Vec::new();
    for channel in channels::list_by_ids(&mut view, ids).await? {
        if channel.kind != ChannelKind::Group {
            continue;
        }
        let mut members = channel_members::ids(&mut view, &channel.id).await?;
        if members.contains(&actor.user_id) {
            members.retain(|user| *user != actor.user_id);
            found.push((channel.id, users::list_by_ids(&mut view, &members).await?));
        }
    }
    Ok(found)
}
