//! People of other servers come and go: the channel is told as of its own people, with their organisation; and of those
//! who come when a share begins, in one line. Source: behaviour 3.1 (M-12, M-13).

use rialto_model::{RemoteCluster, ShareId, User, UserId};
use rialto_store::{StoreError, Tx, channel_members, channels, participants, posts, shares, users};

use crate::App;
use crate::access::ShareAccess;
use crate::apply::RELAYED;
use crate::system_posts::{self, About, SystemPost, escape};

/// The people a share brings with it are complete once nobody has come for this long, ms.
const BEGINNING: i64 = 30_000;

/// "@bob:acme of **Acme**"; of a further organisation, the one that brought them.
fn named(person: &User, remote: &RemoteCluster) -> String {
    let how = if person.props.contains_key(RELAYED) { "through" } else { "of" };
    format!("@{} {how} **{}**", person.username, escape(&remote.display_name))
}

fn line(count: i64, relayed: bool, remote: &RemoteCluster) -> String {
    let name = escape(&remote.display_name);
    if relayed {
        format!("{count} people joined the channel through **{name}**.")
    } else {
        format!("{count} members of **{name}** joined the channel.")
    }
}

fn tell(
    app: &App,
    tx: &mut Tx,
    channel: rialto_model::ChannelId,
    about: About,
    person: &User,
    message: String,
) -> Result<rialto_model::PostId, StoreError> {
    let id = person.id.to_string();
    let name = person.username.as_str();
    let props: &[(&str, &str)] = match about {
        About::Left => &[("username", name), ("removedUsername", name), ("removedUserId", id.as_str())],
        _ => &[("username", name)],
    };
    // Written by the system account: what stands under somebody's name here is theirs, and these words are ours.
    system_posts::write(app, tx, SystemPost { channel, about, user: None, message, props })
}

/// A peer's person has joined a channel (M-12).
pub(crate) async fn joined(app: &App, tx: &mut Tx, share: &ShareAccess, user: &UserId) -> Result<(), StoreError> {
    let Some(person) = users::get(tx, user).await? else { return Ok(()) };
    let Some(mut population) = participants::population(tx, &share.share().id).await? else { return Ok(()) };
    let now = tx.now();
    let begins = population.at.is_none_or(|last| now.since(last) < BEGINNING);
    let message = format!("{} joined the channel.", named(&person, share.remote()));
    if !begins {
        tell(app, tx, share.channel().id, About::Joined, &person, message)?;
        return Ok(());
    }
    population.count += 1;
    population.relayed |= person.props.contains_key(RELAYED);
    population.at = Some(now);
    if population.count == 1 {
        population.post_id = Some(tell(app, tx, share.channel().id, About::Joined, &person, message)?);
    }
    participants::set_population(tx, &share.share().id, &population).await
}

/// Brings the line about those who came with a share up to what is known after a frame. Not with each of them: a large
/// channel brings thousands.
///
/// # Errors
/// [`StoreError`] as the database says.
pub(crate) async fn sum_up(tx: &mut Tx, share: &ShareId) -> Result<(), StoreError> {
    let Some(population) = participants::population(tx, share).await? else { return Ok(()) };
    let Some(post) = population.post_id.filter(|_| population.count > 1) else { return Ok(()) };
    let Some(row) = shares::get(tx, share).await? else { return Ok(()) };
    let Some(remote) = rialto_store::remotes::get(tx, &row.remote_id).await? else { return Ok(()) };
    let text = line(population.count, population.relayed, &remote);
    let Some(mut line) = posts::lock(tx, &post).await? else { return Ok(()) };
    if line.gone_at().is_some() || line.message == text {
        return Ok(());
    }
    // No more about one person.
    line.kind = "system_generic".to_owned();
    line.props = "{}".to_owned();
    line.message = text;
    crate::posts::save_edit(tx, &mut line, rialto_model::Origin::Local).await?;
    Ok(())
}

/// A peer's person has left a channel (M-13).
pub(crate) async fn left(app: &App, tx: &mut Tx, share: &ShareAccess, user: &UserId) -> Result<(), StoreError> {
    let Some(person) = users::get(tx, user).await? else { return Ok(()) };
    let message = format!("{} left the channel.", named(&person, share.remote()));
    tell(app, tx, share.channel().id, About::Left, &person, message).map(|_| ())
}

/// A peer's person was deactivated at home: told in the shared channels they belong to (M-13).
pub(crate) async fn deactivated(
    app: &App,
    tx: &mut Tx,
    remote: &RemoteCluster,
    person: &User,
) -> Result<(), StoreError> {
    for id in channel_members::channel_ids(tx, &person.id).await? {
        let Some(channel) = channels::get(tx, &id).await? else { continue };
        let shared = !channel.kind.is_direct_or_group()
            && !channel.is_archived()
            && shares::get_live(tx, &id, &remote.id).await?.is_some();
        if shared {
            let message = format!("{} was deactivated there and takes no more part.", named(person, remote));
            tell(app, tx, id, About::Left, person, message)?;
        }
    }
    Ok(())
}
