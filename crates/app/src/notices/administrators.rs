//! What administrators learn of connections and shares by direct message. Source: behaviour 3.1 (M-01, M-06, M-07, M-19,
//! M-20), SC-081, E-006, rulings 28 and 43.

use rialto_model::{Channel, Millis, RemoteCluster, RemoteId};
use rialto_store::notices::{self, Notice};
use rialto_store::share_requests::ShareRequest;
use rialto_store::{StoreError, Tx, channels, remotes, users};

use super::write_to;
use crate::App;
use crate::connections::positions;
use crate::interruptions::utc;
use crate::system_posts::escape;

/// News of one kind are told together after this, ms.
const TOGETHER: i64 = 60_000;
/// Shares that ended, by the other side's word (M-06).
const SHARE_ENDED: &str = "share_ended";
/// Copies that came although their team is full (E-141).
const TEAM_FULL: &str = "team_full";
/// Somebody tried a code that was used before (E-006).
const CODE_USED: &str = "code_used";

/// Writes to every system administrator, in an order that two transactions share.
async fn write_to_all(app: &App, tx: &mut Tx, message: &str) -> Result<(), StoreError> {
    let mut people = users::list_with_role(tx, "system_admin").await?;
    people.sort_by_key(|person| person.id);
    for person in people.iter().filter(|person| person.id != app.system_user) {
        write_to(app, tx, &person.id, message).await?;
    }
    Ok(())
}

/// "**Acme** (https://acme.example.org)".
fn named(remote: &RemoteCluster) -> String {
    let name = escape(&remote.display_name);
    // In code, an address neither links nor formats.
    remote.site_url.as_deref().map_or_else(|| format!("**{name}**"), |url| format!("**{name}** (`{url}`)"))
}

/// M-01: the peer has accepted the invitation. Told to whoever made it.
pub(crate) async fn accepted(app: &App, tx: &mut Tx, remote: &RemoteCluster) -> Result<(), StoreError> {
    let message = format!(
        "{} has accepted your invitation at {}. Channels can be shared with them now.",
        named(remote),
        utc(tx.now())
    );
    write_to(app, tx, &remote.creator_id, &message).await
}

/// E-006: somebody at `site` tried a code of this connection that was used before. Whoever made the code is told, at
/// most once a minute however often it is tried.
pub(crate) async fn code_used(tx: &mut Tx, remote: &RemoteCluster, site: &str) -> Result<(), StoreError> {
    let (at, detail) = (tx.now(), site.chars().take(300).collect());
    let notice = Notice { remote_id: remote.id, channel_id: None, detail, at, due_at: Millis(at.0 + TOGETHER) };
    notices::queue(tx, CODE_USED, &notice).await
}

/// M-06, SC-081: the other side has ended a share. The system administrators are told of all that end within a minute
/// at once.
pub(crate) async fn share_ended(
    app: &App,
    tx: &mut Tx,
    channel: &Channel,
    remote: &RemoteCluster,
) -> Result<(), StoreError> {
    // Who takes part in a conversation is told there; it is no business of administrators.
    if !app.settings.get().workspaces.notify_admins_on_unshare || channel.kind.is_direct_or_group() {
        return Ok(());
    }
    let at = tx.now();
    let (channel_id, due_at) = (Some(channel.id), Millis(at.0 + TOGETHER));
    let notice = Notice { remote_id: remote.id, channel_id, detail: String::new(), at, due_at };
    notices::queue(tx, SHARE_ENDED, &notice).await
}

/// E-141: a copy was made although its team has as many channels as its people may make. The system administrators are
/// told of all that come within a minute at once.
pub(crate) async fn beyond_limit(
    app: &App,
    tx: &mut Tx,
    remote: &RemoteCluster,
    channel: &Channel,
) -> Result<(), StoreError> {
    let Some(team) = &channel.team_id else { return Ok(()) };
    if channels::count_of_team(tx, team).await? <= app.settings.get().max_channels_per_team {
        return Ok(());
    }
    let at = tx.now();
    let (channel_id, due_at) = (Some(channel.id), Millis(at.0 + TOGETHER));
    let notice = Notice { remote_id: remote.id, channel_id, detail: String::new(), at, due_at };
    notices::queue(tx, TEAM_FULL, &notice).await
}

/// E-130: the check at the start has paused shares whose channel is not there.
pub(crate) async fn orphans_found(app: &App, tx: &mut Tx, number: usize) -> Result<(), StoreError> {
    let shares = if number == 1 { "1 share rests".to_owned() } else { format!("{number} shares rest") };
    let message = format!(
        "{shares} since this server was started, because the channel is not in the database any more, as after an import \
         that changes ids. Nothing was ended; the audit log names each. Once the channel is back, the next start lets it go on."
    );
    write_to_all(app, tx, &message).await
}

/// M-07: the peer has removed the connection, and with it the shares of `channels`.
pub(crate) async fn severed(
    app: &App,
    tx: &mut Tx,
    remote: &RemoteCluster,
    channels: &[Channel],
) -> Result<(), StoreError> {
    if !app.settings.get().workspaces.notify_admins_on_unshare {
        return Ok(());
    }
    let shared = channels.iter().filter(|channel| !channel.kind.is_direct_or_group()).count();
    let what = match shared {
        0 => "No channel was shared over it.".to_owned(),
        1 => "1 channel was shared over it and is no longer; what was written stays here.".to_owned(),
        n => format!("{n} channels were shared over it and are no longer; what was written stays here."),
    };
    let message = format!(
        "{} has removed the secure connection, which we learnt at {}. {what} Connecting again needs a new invitation.",
        named(remote),
        utc(tx.now())
    );
    write_to_all(app, tx, &message).await
}

/// M-19: channels of the peer wait for a team to put their copies in.
pub(crate) async fn wants_destination(app: &App, tx: &mut Tx, remote: &RemoteCluster) -> Result<(), StoreError> {
    let team = match &remote.default_team_id {
        Some(team) => match rialto_store::teams::get(tx, team).await? {
            Some(team) => format!("its destination team **{}** is archived", escape(&team.display_name)),
            None => "its destination team does not exist any more".to_owned(),
        },
        None => "it has no destination team".to_owned(),
    };
    let message = format!(
        "{} shares channels with us that cannot be put anywhere: {team}. They wait until another destination team is \
         chosen for the connection.",
        named(remote)
    );
    write_to_all(app, tx, &message).await
}

/// A channel of the peer waits until an administrator lets it in (ruling 43).
pub(crate) async fn wants_approval(
    app: &App,
    tx: &mut Tx,
    remote: &RemoteCluster,
    request: &ShareRequest,
) -> Result<(), StoreError> {
    let flags = format!("--connectionID {} --channel {}", remote.id, request.channel_id);
    let message = format!(
        "{} wants to share the channel **{}** with us{}. It waits until somebody lets it in with \
         `/share-channel approve {flags}` or turns it down with `/share-channel refuse {flags}`.",
        named(remote),
        escape(&request.display_name),
        if request.read_only { " read-only" } else { "" },
    );
    write_to_all(app, tx, &message).await
}

/// E-015: the peer is found at another address than `before`.
pub(crate) async fn moved(app: &App, tx: &mut Tx, remote: &RemoteCluster, before: &str) -> Result<(), StoreError> {
    let message = format!(
        "{} has moved. It was at `{}` before; the same server answers at the new address, and everything goes there \
         from now on.",
        named(remote),
        before.replace('`', "")
    );
    write_to_all(app, tx, &message).await
}

/// E-027: the positions of the peer contradict each other, and the connection is held.
pub(crate) async fn held(app: &App, tx: &mut Tx, remote: &RemoteCluster, why: &str) -> Result<(), StoreError> {
    let what = match why {
        positions::held::AHEAD => {
            "it has more of what this server sent than this server remembers. If a backup was restored here, stop the \
             server, run `rialto restore` and start it again"
        }
        _ => {
            "it has less of what this server sent than it had before. Either a backup was restored there without \
             `rialto restore`, or a copy of their server is running beside it. Ask their administrators"
        }
    };
    let message = format!(
        "The connection to {} is held: {what}. Nothing is sent to them and nothing of theirs is taken until somebody decides; \
         nothing is lost. `/secure-connection resume --connectionID {}` goes on with the server that answers at their address.",
        named(remote),
        remote.id
    );
    write_to_all(app, tx, &message).await
}

/// E-028: the peer was restored from a backup and is given again what it lost.
pub(crate) async fn peer_restored(app: &App, tx: &mut Tx, remote: &RemoteCluster) -> Result<(), StoreError> {
    let message = format!(
        "{} was restored from a backup, which we learnt at {}. What it has lost of the shared channels is sent to it again.",
        named(remote),
        utc(tx.now())
    );
    write_to_all(app, tx, &message).await
}

/// E-029: after a restore here, the peer may have messages of our own channels that were lost.
pub(crate) async fn own_messages_elsewhere(
    app: &App,
    tx: &mut Tx,
    remote: &RemoteCluster,
    channels: usize,
) -> Result<(), StoreError> {
    let flag = format!("--connectionID {}", remote.id);
    let message = format!(
        "This server was restored from a backup. {} may have messages that people of this server wrote after it, in {channels} \
         of our channels shared with them. `/secure-connection recover {flag}` brings them back, `/secure-connection recover \
         {flag} --discard` does without. Until then their copies stay as they are.",
        named(remote)
    );
    write_to_all(app, tx, &message).await
}

/// E-028, E-029: what the peer had of our own is back.
pub(crate) async fn own_messages_recovered(
    app: &App,
    tx: &mut Tx,
    remote: &RemoteCluster,
    (found, refused): (i64, i64),
) -> Result<(), StoreError> {
    let refused = match refused {
        0 => String::new(),
        n => format!(" {n} more were not taken: their authors have no account here, or they are not from that time."),
    };
    let message = format!(
        "{found} changes to messages that people of this server had made after the backup came back from {}.{refused}",
        named(remote)
    );
    write_to_all(app, tx, &message).await
}

/// E-135: the peer has brought as `much` as it may in a day and is asked to wait.
pub(crate) async fn flooded(app: &App, tx: &mut Tx, remote: &RemoteCluster, much: &str) -> Result<(), StoreError> {
    let message = format!(
        "{} brings more {much} than the limit for one day allows. What is beyond waits there until the day is over (UTC) \
         or the limit is raised; nothing is lost. If you did not expect this, ask their administrators.",
        named(remote)
    );
    write_to_all(app, tx, &message).await
}

/// M-20: the peer refuses our credential, although we hold the connection for valid. The system administrators are told
/// once, until it has accepted the credential again.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn credential_refused(app: &App, id: &RemoteId) -> Result<(), StoreError> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    let Some(remote) = remotes::lock(&mut tx, id).await?.filter(RemoteCluster::is_live) else { return Ok(()) };
    let since = remote.failing_since.unwrap_or(tx.now());
    if !notices::begin_credential_trouble(&mut tx, id, since).await? {
        return Ok(());
    }
    let message = format!(
        "{} has not accepted our credential since {}. Nothing is lost: what is written waits for them. If their server \
         was set up anew, the connection has to be made again with a new invitation.",
        named(&remote),
        utc(since)
    );
    write_to_all(app, &mut tx, &message).await?;
    tx.commit().await
}

/// The peer accepts our credential: what comes after is new trouble.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn credential_accepted(app: &App, id: &RemoteId) -> Result<(), StoreError> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    if notices::end_credential_trouble(&mut tx, id).await? {
        tx.commit().await?;
    }
    Ok(())
}

/// Tells the news whose time has come, those of a kind in one message.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn tell_due(app: &App) -> Result<(), StoreError> {
    let now = app.clock.now();
    for kind in notices::due(&mut app.db.read(now).await?, now).await? {
        let mut tx = app.db.begin(now).await?;
        let news = notices::take(&mut tx, &kind).await?;
        match kind.as_str() {
            SHARE_ENDED => tell_ended(app, &mut tx, &news).await?,
            TEAM_FULL => tell_full(app, &mut tx, &news).await?,
            CODE_USED => tell_used(app, &mut tx, &news).await?,
            unknown => tracing::warn!(kind = unknown, "news of an unknown kind were dropped"),
        }
        tx.commit().await?;
    }
    Ok(())
}

async fn tell_ended(app: &App, tx: &mut Tx, news: &[Notice]) -> Result<(), StoreError> {
    let mut lines = Vec::new();
    for notice in news {
        let remote = remotes::get(tx, &notice.remote_id).await?;
        let organisation = remote.map_or_else(|| "An organisation".to_owned(), |remote| named(&remote));
        let channel = match &notice.channel_id {
            Some(id) => channels::get(tx, id).await?,
            None => None,
        };
        let channel =
            channel.map_or_else(|| "a channel".to_owned(), |row| format!("**{}**", escape(&row.display_name)));
        lines.push(format!("{organisation} has ended sharing {channel}, which we learnt at {}.", utc(notice.at)));
    }
    let message = match lines.as_slice() {
        [] => return Ok(()),
        [line] => line.clone(),
        lines => lines.iter().map(|line| format!("* {line}")).collect::<Vec<_>>().join("\n"),
    };
    write_to_all(app, tx, &message).await
}

async fn tell_full(app: &App, tx: &mut Tx, news: &[Notice]) -> Result<(), StoreError> {
    let mut lines = Vec::new();
    for notice in news {
        let channel = match &notice.channel_id {
            Some(id) => channels::get(tx, id).await?,
            None => None,
        };
        // Whatever is gone again fills no team.
        let (Some(channel), Some(remote)) = (channel, remotes::get(tx, &notice.remote_id).await?) else { continue };
        let team = match &channel.team_id {
            Some(id) => rialto_store::teams::get(tx, id).await?.map(|team| team.display_name).unwrap_or_default(),
            None => continue,
        };
        lines.push(format!(
            "{} shares the channel **{}** with us. Its copy was made, although the team **{}** has as many channels as its \
             people may make ({}).",
            named(&remote),
            escape(&channel.display_name),
            escape(&team),
            app.settings.get().max_channels_per_team
        ));
    }
    let message = match lines.as_slice() {
        [] => return Ok(()),
        [line] => line.clone(),
        lines => lines.iter().map(|line| format!("* {line}")).collect::<Vec<_>>().join("\n"),
    };
    write_to_all(app, tx, &message).await
}

async fn tell_used(app: &App, tx: &mut Tx, news: &[Notice]) -> Result<(), StoreError> {
    for notice in news {
        let Some(remote) = remotes::get(tx, &notice.remote_id).await? else { continue };
        let message = format!(
            "An invitation code for {} that was used before has been tried again from `{}` at {}. It was refused. If \
             nobody of theirs did that, the code has come into other hands.",
            named(&remote),
            notice.detail.replace('`', ""),
            utc(notice.at)
        );
        write_to(app, tx, &remote.creator_id, &message).await?;
    }
    Ok(())
}
