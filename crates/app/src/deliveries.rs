//! Files on their way to peers: which are to go, which went, which a peer does not want, and which posts wait for theirs.
//!
//! Source: ruling 36, behaviour 7.4, wire 3.8.

use std::collections::BTreeMap;

use rialto_model::{ChannelId, FileId, FileInfo, ItemId, Millis, Post, PostId, RemoteId};
use rialto_store::file_deliveries::{self as rows, Delivery, State};
use rialto_store::{Snapshot, StoreError, Tx, files, posts};

use crate::connections::policies;
use crate::ledger::{self, Batch};
use crate::{App, Volatile, delivery_states};

/// A post waits for its files this long after the last byte got through (ruling 36), ms.
const PATIENCE: i64 = 10 * 60_000;
/// Pauses between attempts, ms; the last one stays.
const PAUSES: [i64; 6] = [1_000, 2_000, 5_000, 10_000, 20_000, 30_000];

/// Queues the files of a post for a peer, once each.
pub(crate) async fn queue(
    app: &App,
    tx: &mut Tx,
    remote: &RemoteId,
    post: &Post,
    attached: &[FileInfo],
    holds_post: bool,
) -> Result<(), StoreError> {
    for file in attached {
        if file.remote_id == Some(*remote) || rows::get(tx, remote, &file.id).await?.is_some() {
            continue;
        }
        let now = tx.now();
        let delivery = Delivery {
            remote_id: *remote,
            file_id: file.id,
            post_id: post.id,
            channel_id: post.channel_id,
            upload_id: app.ids.id(ItemId::from_random),
            state: State::Waiting,
            cause: String::new(),
            attempts: 0,
            next_at: now,
            progress_at: now,
            holds_post,
        };
        rows::put(tx, &delivery).await?;
    }
    Ok(())
}

/// Queues the files of posts that must not go before them. Answers the posts that have to wait.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn hold(
    app: &App,
    remote: &RemoteId,
    found: &[Post],
    attached: &BTreeMap<PostId, Vec<FileInfo>>,
) -> Result<Vec<PostId>, StoreError> {
    let mut held = Vec::new();
    for post in found.iter().filter(|post| post.gone_at().is_none()) {
        let Some(own) = attached.get(&post.id).filter(|own| !own.is_empty()) else { continue };
        let mut tx = app.db.begin(app.clock.now()).await?;
        queue(app, &mut tx, remote, post, own, true).await?;
        let mut waits = false;
        for mut delivery in rows::of_post(&mut tx, remote, &post.id).await? {
            if delivery.state == State::Waiting && tx.now().since(delivery.progress_at) < PATIENCE {
                waits = true;
                if !delivery.holds_post {
                    delivery.holds_post = true;
                    rows::put(&mut tx, &delivery).await?;
                }
            }
        }
        // What need not wait any more stays marked until the peer has it: a crash in between loses nothing.
        if waits {
            held.push(post.id);
        }
        tx.commit().await?;
    }
    if !held.is_empty() {
        app.bus.queue_files(*remote);
    }
    Ok(held)
}

/// Posts that wait for files which are settled by now, or have waited long enough; by channel.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn released(app: &App, remote: &RemoteId) -> Result<BTreeMap<ChannelId, Vec<PostId>>, StoreError> {
    let mut view = app.db.read(app.clock.now()).await?;
    let now = view.now();
    let mut waits: BTreeMap<PostId, (ChannelId, bool)> = BTreeMap::new();
    for delivery in rows::holding(&mut view, remote).await? {
        let open = delivery.state == State::Waiting && now.since(delivery.progress_at) < PATIENCE;
        waits.entry(delivery.post_id).or_insert((delivery.channel_id, false)).1 |= open;
    }
    let mut free: BTreeMap<ChannelId, Vec<PostId>> = BTreeMap::new();
    for (post, (channel, _)) in waits.into_iter().filter(|(_, (_, open))| !open) {
        free.entry(channel).or_default().push(post);
    }
    Ok(free)
}

/// When the next post has waited long enough; None if none waits.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn next_release(app: &App, remote: &RemoteId) -> Result<Option<Millis>, StoreError> {
    let mut view = app.db.read(app.clock.now()).await?;
    let holding = rows::holding(&mut view, remote).await?;
    Ok(holding.iter().map(|delivery| Millis(delivery.progress_at.0 + PATIENCE)).min())
}

/// How many files wait for a peer that were not tried yet.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn untried(app: &App, remote: &RemoteId) -> Result<i64, StoreError> {
    rows::count_untried(&mut app.db.read(app.clock.now()).await?, remote).await
}

/// A file that can go now, with what is to be sent.
#[derive(Debug, Clone)]
pub struct Due {
    /// The delivery.
    pub delivery: Delivery,
    /// The file.
    pub file: FileInfo,
    /// Its author by the id on the wire.
    pub author: rialto_model::UserId,
}

/// What is to go to a peer now, except for `busy` ones, and when the next is due if none is.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn due(app: &App, remote: &RemoteId, busy: &[FileId]) -> Result<(Option<Due>, Option<Millis>), StoreError> {
    let mut view = app.db.read(app.clock.now()).await?;
    let now = view.now();
    for delivery in rows::waiting(&mut view, remote, 200).await? {
        if busy.contains(&delivery.file_id) {
            continue;
        }
        if delivery.next_at > now {
            return Ok((None, Some(delivery.next_at)));
        }
        match still_wanted(&mut view, &delivery).await? {
            Some(file) => {
                let rules = policies::within(&mut view, remote).await?;
                if let Err(rule) = rules.may_carry(&file.extension, file.size) {
                    drop(view);
                    let cause = format!("a rule of the connection forbids it: {rule}");
                    ended(app, remote, &delivery.file_id, Ended::Refused(cause), None).await?;
                    return Ok((None, Some(now)));
                }
                let wire = rialto_store::users::wire_id(&mut view, &file.user_id).await?;
                let author = wire.unwrap_or(file.user_id);
                return Ok((Some(Due { delivery, file, author }), None));
            }
            None => {
                drop(view);
                let mut tx = app.db.begin(app.clock.now()).await?;
                rows::cancel(&mut tx, remote, &delivery.file_id).await?;
                tx.commit().await?;
                // At once: another may be due.
                return Ok((None, Some(now)));
            }
        }
    }
    Ok((None, None))
}

/// The file, if its post still stands and names it.
async fn still_wanted(view: &mut Snapshot, delivery: &Delivery) -> Result<Option<FileInfo>, StoreError> {
    let post = posts::get(view, &delivery.post_id).await?.filter(|post| post.delete_at.is_none());
    if !post.is_some_and(|post| post.file_ids.contains(&delivery.file_id)) {
        return Ok(None);
    }
    Ok(files::get(view, &delivery.file_id).await?.filter(|file| file.delete_at.is_none()))
}

/// Whether a file that is under way is still to go.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn stands(app: &App, delivery: &Delivery) -> Result<bool, StoreError> {
    let mut view = app.db.read(app.clock.now()).await?;
    let share = rialto_store::shares::get_live(&mut view, &delivery.channel_id, &delivery.remote_id).await?;
    Ok(share.is_some() && still_wanted(&mut view, delivery).await?.is_some())
}

/// How an attempt ended.
#[derive(Debug, Clone)]
pub enum Ended {
    /// The peer has the file.
    Sent,
    /// The peer does not want it.
    Refused(String),
    /// It will be tried again; whether bytes got through, and why it ended.
    Later {
        /// Bytes got through.
        progress: bool,
        /// Why, in plain words.
        cause: String,
    },
}

/// Writes down how an attempt ended, and what `left` in it. The author hears of a refusal (M-17).
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn ended(
    app: &App,
    remote: &RemoteId,
    file: &FileId,
    ended: Ended,
    left: Option<&Batch>,
) -> Result<(), StoreError> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    if let Some(batch) = left {
        ledger::append(&mut tx, batch).await?;
    }
    let Some(mut delivery) = rows::get(&mut tx, remote, file).await? else { return tx.commit().await };
    let now = tx.now();
    let mut refused = None;
    match ended {
        Ended::Sent => {
            delivery.state = State::Sent;
            delivery.cause.clear();
            delivery.progress_at = now;
        }
        Ended::Refused(cause) => {
            delivery.state = State::Refused;
            delivery.cause = cause.chars().take(200).collect();
            refused = Some(delivery.cause.clone());
        }
        Ended::Later { progress, cause } => {
            delivery.attempts = if progress { 0 } else { delivery.attempts + 1 };
            let pause = usize::try_from(delivery.attempts).ok().and_then(|n| PAUSES.get(n)).or(PAUSES.last());
            delivery.next_at = Millis(now.0 + pause.copied().unwrap_or(30_000));
            delivery.cause = cause.chars().take(200).collect();
            if progress {
                delivery.progress_at = now;
            }
        }
    }
    rows::put(&mut tx, &delivery).await?;
    let news = match delivery.state {
        State::Waiting => Vec::new(),
        State::Sent | State::Refused => delivery_states::changed(&mut tx, remote, &[delivery.post_id]).await?,
    };
    tx.commit().await?;
    news.into_iter().for_each(|news| app.bus.tell(news));
    if let Some(cause) = refused {
        tell_author(app, remote, &delivery, &cause).await?;
    }
    Ok(())
}

/// Bytes of a long file got through: its post goes on waiting for it.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn progressed(app: &App, remote: &RemoteId, file: &FileId) -> Result<(), StoreError> {
    let mut tx = app.db.begin(app.clock.now()).await?;
    if let Some(mut delivery) = rows::get(&mut tx, remote, file).await? {
        delivery.progress_at = tx.now();
        rows::put(&mut tx, &delivery).await?;
    }
    tx.commit().await
}

/// M-17, to the author if they are ours.
async fn tell_author(app: &App, remote: &RemoteId, delivery: &Delivery, cause: &str) -> Result<(), StoreError> {
    let mut view = app.db.read(app.clock.now()).await?;
    let Some(file) = files::get(&mut view, &delivery.file_id).await? else { return Ok(()) };
    let organisation = rialto_store::remotes::get(&mut view, remote).await?.map(|remote| remote.display_name);
    if file.remote_id.is_some() {
        return Ok(());
    }
    let root = posts::get(&mut view, &delivery.post_id).await?.and_then(|post| post.root_id);
    let message = format!(
        "The file **{}** ({}) was not delivered to **{}**: {cause}.",
        crate::system_posts::escape(&file.name),
        size_in_words(file.size),
        crate::system_posts::escape(&organisation.unwrap_or_default()),
    );
    app.bus.tell(Volatile::Ephemeral { user: file.user_id, channel: delivery.channel_id, root, message });
    Ok(())
}

/// A size as people read it: `3 KiB`, `1.5 MiB`.
pub fn size_in_words(bytes: i64) -> String {
    let mut unit = "bytes";
    let mut tenths = bytes.saturating_mul(10);
    for next in ["KiB", "MiB", "GiB"] {
        if tenths < 10_240 {
            break;
        }
        tenths /= 1024;
        unit = next;
    }
    if tenths % 10 == 0 || unit == "bytes" {
        format!("{} {unit}", tenths / 10)
    } else {
        format!("{}.{} {unit}", tenths / 10, tenths % 10)
    }
}
