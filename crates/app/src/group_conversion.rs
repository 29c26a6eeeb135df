//! A group message becomes a private channel of a team that everybody in it belongs to. Source: client-api 5.4.

use rialto_model::names::check_channel_name;
use rialto_model::{Channel, ChannelId, ChannelKind, Origin, Permission, Team, TeamId};
use rialto_store::{StoreError, channel_members, channels, teams};

use crate::App;
use crate::access::{self, Denied, SessionUser};
use crate::channels::{Error as ChannelError, check_length, name_taken, record_update};
use crate::system_posts::{self, About, SystemPost};

/// Why a group message stays one.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What any channel would be refused for.
    #[error(transparent)]
    Channel(#[from] ChannelError),
    /// Something else than a group message.
    #[error("not a group message")]
    NotGroup,
    /// People of other servers take part: what they see of it does not become a channel of ours.
    #[error("people of other servers take part")]
    Shared,
    /// Somebody in it does not belong to that team.
    #[error("not everybody belongs to that team")]
    NotCommon,
}

impl From<Denied> for Error {
    fn from(denied: Denied) -> Self {
        Error::Channel(denied.into())
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Error::Channel(error.into())
    }
}

/// What the channel is to be.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Its team.
    pub team: TeamId,
    /// Unique in the team.
    pub name: String,
    /// Shown name.
    pub display_name: String,
}

/// Teams that everybody in a group message of the actor's belongs to.
///
/// # Errors
/// [`Error`]. Source: API v4 `GET /channels/C/common_teams`.
pub async fn common_teams(app: &App, actor: &SessionUser, id: &ChannelId) -> Result<Vec<Team>, Error> {
    let mut view = app.db.read(app.clock.now()).await?;
    let access = access::channel(&mut view, actor, id, Permission::ReadChannel).await?;
    if access.channel().kind != ChannelKind::Group {
        return Err(Error::NotGroup);
    }
    Ok(teams::list_common(&mut view, id).await?)
}

/// Makes a group message of the actor's a private channel, with all its messages and members. Records that the channel
/// changed, and says so in it.
///
/// # Errors
/// [`Error`]. Source: API v4 `POST /channels/C/convert_to_channel`.
pub async fn convert(app: &App, actor: &SessionUser, id: &ChannelId, wanted: Wanted) -> Result<Channel, Error> {
    check_channel_name(&wanted.name).map_err(ChannelError::Name)?;
    check_length("display_name", &wanted.display_name, 1, 64)?;
    let mut tx = app.db.begin(app.clock.now()).await?;
    let mut channel = channels::lock(&mut tx, id).await?.ok_or(Denied::Absent("channel"))?;
    access::channel(&mut tx, actor, id, Permission::CreatePost).await?;
    if channel.kind != ChannelKind::Group {
        return Err(Error::NotGroup);
    }
    let (_, remote) = channel_members::count(&mut tx, id).await?;
    if channel.shared || remote > 0 {
        return Err(Error::Shared);
    }
    access::team(&mut tx, actor, &wanted.team, Permission::CreatePrivateChannel).await?;
    if !teams::list_common(&mut tx, id).await?.iter().any(|team| team.id == wanted.team) {
        return Err(Error::NotCommon);
    }
    let max = app.settings.get().max_channels_per_team;
    if channels::count_of_team(&mut tx, &wanted.team).await? >= max {
        return Err(ChannelError::TooMany { max }.into());
    }
    channel.kind = ChannelKind::Private;
    channel.team_id = Some(wanted.team);
    channel.name = wanted.name;
    channel.display_name = wanted.display_name;
    channel.update_at = channel.update_at.next_version(tx.now());
    channels::update(&mut tx, &channel).await.map_err(name_taken)?;
    record_update(&mut tx, &channel, Origin::Local);
    let name = system_posts::username(&mut tx, &actor.user_id).await?;
    let by = actor.user_id.to_string();
    let message = format!("@{name} made a private channel of this group message.");
    let props = [("username", name.as_str()), ("convertedByUserId", by.as_str())];
    let post = SystemPost { channel: *id, about: About::Converted, user: Some(actor.user_id), message, props: &props };
    system_posts::write(app, &mut tx, post)?;
    tx.commit().await?;
    Ok(channel)
}

#[cfg(test)]
mod tests {
    use rialto_store::Db;
    use rialto_store::testing::both;

    use super::*;
    use crate::sharing_scene::Scene;
    use crate::{direct_channels, posts};

    fn wanted(team: TeamId, name: &str) -> Wanted {
        Wanted { team, name: name.to_owned(), display_name: "Crew".to_owned() }
    }

    #[tokio::test]
    async fn a_group_becomes_a_channel_where_all_belong() {
        both(async |db: Db| {
            let scene = Scene::new(db).await;
            let (app, ann) = (&scene.app, &scene.ann.actor);
            let carl = scene.person("carl").await;
            let stranger = scene.stranger("otto", "system_user").await;
            let group = direct_channels::open_group(app, ann, &[scene.bob.id, carl.id]).await.unwrap().id;
            scene.write(&scene.bob, &group, "among us", None).await;
            let common = common_teams(app, ann, &group).await.unwrap();
            assert_eq!(common.iter().map(|team| team.id).collect::<Vec<_>>(), [scene.team]);
            let outside = scene.person("dora").await;
            assert!(common_teams(app, &outside.actor, &group).await.is_err());
            assert!(convert(app, &outside.actor, &group, wanted(scene.team, "crew")).await.is_err());
            assert!(matches!(common_teams(app, ann, &scene.channel).await, Err(Error::NotGroup)));
            let taken = convert(app, ann, &group, wanted(scene.team, "plans")).await;
            assert!(matches!(taken, Err(Error::Channel(ChannelError::NameTaken))), "{taken:?}");
            // Messages of one millisecond stand in no order.
            scene.tick();
            let channel = convert(app, ann, &group, wanted(scene.team, "crew")).await.unwrap();
            assert_eq!((channel.kind, channel.team_id), (ChannelKind::Private, Some(scene.team)));
            let again = convert(app, ann, &group, wanted(scene.team, "crew-2")).await;
            assert!(matches!(again, Err(Error::NotGroup)), "{again:?}");
            let page = posts::window(app, &carl.actor, &group, posts::Window::Page(0), 9, false).await.unwrap();
            assert_eq!(
                page.posts.iter().map(|post| post.kind.as_str()).collect::<Vec<_>>(),
                ["system_gm_to_channel", ""]
            );
            let wider =
                direct_channels::open_group(app, &scene.admin.actor, &[scene.bob.id, stranger.id]).await.unwrap();
            assert!(common_teams(app, &scene.admin.actor, &wider.id).await.unwrap().is_empty());
            let apart = convert(app, &scene.admin.actor, &wider.id, wanted(scene.team, "wider")).await;
            assert!(matches!(apart, Err(Error::NotCommon)), "{apart:?}");
        })
        .await;
    }
}
