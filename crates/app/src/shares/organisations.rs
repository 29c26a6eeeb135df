//! Which organisations read along: the home of a channel tells its guests of each other, so that nobody is overheard
//! unknowingly. Names are text for people, never an identity. Source: ruling 8.6, behaviour 3.1 (M-23), 8.11.

use rialto_model::{Channel, ChannelId, Millis, RemoteCluster, Share, ShareMode, ShareState};
use rialto_store::{Snapshot, StoreError, Tx, participants, remotes, shares};
use serde::{Deserialize, Serialize};

use super::Error;
use crate::App;
use crate::access::{self, SessionUser};
use crate::system_posts::{self, About, SystemPost, escape};

/// An organisation that takes part in a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organisation {
    /// What the home calls it.
    pub name: String,
    /// `home`, `participation` or `read_only`.
    pub mode: String,
    /// Since when, ms.
    pub since: Millis,
}

/// The word for the home itself.
const HOME: &str = "home";
/// Organisations kept of one channel; characters of a name.
const MOST: usize = 200;
const LONGEST: usize = 64;

/// Everybody who takes part in a channel of ours but the organisation of `share`, ourselves first.
pub(super) async fn others(
    app: &App,
    view: &mut Snapshot,
    channel: &Channel,
    share: &Share,
) -> Result<Vec<Organisation>, StoreError> {
    if !share.home {
        return Ok(Vec::new());
    }
    let own = app.settings.get().site_name.clone();
    let mut list = vec![Organisation { name: own, mode: HOME.to_owned(), since: channel.create_at }];
    for other in shares::list_of_channel(view, &channel.id).await? {
        let takes_part = matches!(other.state, ShareState::Active | ShareState::Paused);
        if other.remote_id == share.remote_id || !takes_part {
            continue;
        }
        if let Some(remote) = remotes::get(view, &other.remote_id).await? {
            let mode = if other.mode == ShareMode::ReadOnly { "read_only" } else { "participation" };
            list.push(Organisation { name: remote.display_name, mode: mode.to_owned(), since: other.create_at });
        }
    }
    Ok(list)
}

/// What the home of a copy tells of further organisations; the channel is told what is new (M-23).
pub(super) async fn learn(
    app: &App,
    tx: &mut Tx,
    channel: &Channel,
    home: &RemoteCluster,
    share: &Share,
    told: &[Organisation],
) -> Result<bool, StoreError> {
    let before = known(tx, share).await?;
    let mut now: Vec<Organisation> = Vec::new();
    for organisation in told {
        let name: String = organisation.name.trim().chars().take(LONGEST).collect();
        let new = !name.is_empty() && now.len() < MOST && now.iter().all(|one| one.name != name);
        // The home itself is known as a connection, by the name it has here.
        if new && organisation.mode != HOME {
            let read_only = organisation.mode == "read_only";
            let mode = if read_only { "read_only" } else { "participation" }.to_owned();
            now.push(Organisation { name, mode, since: organisation.since });
        }
    }
    if now == before {
        return Ok(false);
    }
    let names = |list: &[Organisation], other: &[Organisation]| {
        let fresh = list.iter().filter(|one| other.iter().all(|known| known.name != one.name));
        fresh.map(|one| format!("**{}**", escape(&one.name))).collect::<Vec<_>>().join(", ")
    };
    let (joined, left) = (names(&now, &before), names(&before, &now));
    let by = escape(&home.display_name);
    if !joined.is_empty() {
        tell(app, tx, channel, format!("**{by}** shares this channel with other organisations too: {joined}."))?;
    }
    if !left.is_empty() {
        tell(app, tx, channel, format!("**{by}** no longer shares this channel with {left}."))?;
    }
    let text = serde_json::to_string(&now).map_err(|error| StoreError::Corrupt(error.to_string()))?;
    participants::set_organisations(tx, &share.id, &text).await?;
    Ok(true)
}

fn tell(app: &App, tx: &mut Tx, channel: &Channel, message: String) -> Result<(), StoreError> {
    let post = SystemPost { channel: channel.id, about: About::Generic, user: None, message, props: &[] };
    system_posts::write(app, tx, post).map(|_| ())
}

/// Further organisations of a copy, as its home tells of them.
pub(crate) async fn known(view: &mut Snapshot, share: &Share) -> Result<Vec<Organisation>, StoreError> {
    let text = participants::organisations(view, &share.id).await?.unwrap_or_default();
    Ok(serde_json::from_str(&text).unwrap_or_default())
}

/// Further organisations that take part in a copy its reader may see, as its home tells of them. At home they are
/// connections of our own, and the list is empty.
///
/// # Errors
/// [`Error::Denied`].
pub async fn also_taking_part(app: &App, actor: &SessionUser, id: &ChannelId) -> Result<Vec<Organisation>, Error> {
    let mut view = app.db.read(app.clock.now()).await?;
    access::readable_channel(&mut view, actor, id).await?;
    let mut list = Vec::new();
    for share in shares::list_of_channel(&mut view, id).await? {
        if !share.home {
            list.extend(known(&mut view, &share).await?);
        }
    }
    Ok(list)
}
