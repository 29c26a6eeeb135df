//! What left this server, to whom (behaviour 8.11): appended with what is remembered of a delivery, read by auditors.

use rialto_model::{ChannelId, LedgerKind, LedgerPast, LedgerState, Millis, RemoteId, UserId};
use serde_json::json;

use crate::{Arg, FromRow, Row, Snapshot, StoreError, Tx};

/// To whom something went: the connection as it was then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// The connection.
    pub remote_id: RemoteId,
    /// What it was called.
    pub name: String,
    /// Where it was; empty if that was not known.
    pub site_url: String,
}

/// One thing that left.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Line {
    /// What kind of thing.
    pub kind: LedgerKind,
    /// Whether it is from before the share, and why it left then.
    pub past: LedgerPast,
    /// The message, file, person, emoji or channel it is, or is about.
    pub item_id: String,
    /// By whom it was written or done, or whom it describes, by the id here. None: nobody.
    pub user_id: Option<UserId>,
    /// Of an emoji or a reaction its name, of a file or a channel what it is called, of a person their username.
    pub name: String,
    /// Bytes of a file or picture.
    pub size: Option<i64>,
    /// SHA-256 of a file's bytes, lower-case hex; empty if that is not known.
    pub sha256: String,
    /// Whether it arrived.
    pub state: LedgerState,
}

/// Appends lines of one channel, or of none.
///
/// # Errors
/// [`StoreError`] as the database says; so in all functions of this file.
pub fn append(tx: &mut Tx, peer: &Peer, channel: Option<&ChannelId>, lines: &[Line]) -> Result<(), StoreError> {
    const PEER: &str = "INSERT INTO ledger_peers (remote_id, name, site_url) \
        SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($3 AS TEXT) WHERE NOT EXISTS \
        (SELECT 1 FROM ledger_peers WHERE remote_id = $1 AND name = $2 AND site_url = $3) ON CONFLICT DO NOTHING";
    const SQLITE: &str = "INSERT INTO ledger (at, peer, remote_id, channel_id, kind, past, item_id, user_id, name, size, \
        sha256, state) SELECT $4, (SELECT id FROM ledger_peers WHERE remote_id = $1 AND name = $2 AND site_url = $3), $1, $5, \
        value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7 \
        FROM json_each($6) ORDER BY key";
    const POSTGRES: &str = "INSERT INTO ledger (at, peer, remote_id, channel_id, kind, past, item_id, user_id, name, size, \
        sha256, state) SELECT $4::bigint, (SELECT id FROM ledger_peers WHERE remote_id = $1 AND name = $2 AND site_url = $3), \
        $1::text, $5::text, value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, (value ->> 5)::bigint, \
        value ->> 6, value ->> 7 FROM json_array_elements($6::json) WITH ORDINALITY AS list (value, place) ORDER BY place";
    if lines.is_empty() {
        return Ok(());
    }
    let values: Vec<serde_json::Value> = lines.iter().map(value).collect();
    let values = serde_json::Value::Array(values).to_string();
    let (at, remote) = (tx.now(), &peer.remote_id);
    let (name, site) = (&peer.name, &peer.site_url);
    tx.queue(PEER, &[remote.into(), name.into(), site.into()])?;
    let insert = if tx.is_postgres() { POSTGRES } else { SQLITE };
    tx.queue(insert, &[remote.into(), name.into(), site.into(), at.into(), Arg::opt(&channel), (&values).into()])
}

fn value(line: &Line) -> serde_json::Value {
    json!([
        line.kind.as_str(),
        line.past.as_str(),
        line.item_id,
        line.user_id.as_ref().map_or("", |id| id.as_str()),
        line.name,
        line.size.unwrap_or(-1),
        line.sha256,
        line.state.as_str(),
    ])
}

/// A line as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Where it stands.
    pub place: Place,
    /// The connection, which may be gone.
    pub remote_id: String,
    /// What the connection was called.
    pub organisation: String,
    /// Where it was.
    pub site_url: String,
    /// The channel, which may be gone; empty for what went over the connection as a whole.
    pub channel_id: String,
    /// [`LedgerKind::as_str`].
    pub kind: String,
    /// [`LedgerPast::as_str`].
    pub past: String,
    /// See [`Line`].
    pub item_id: String,
    /// See [`Line`]; empty for nobody.
    pub user_id: String,
    /// What that person is called here now; empty if they are gone.
    pub username: String,
    /// See [`Line`].
    pub name: String,
    /// See [`Line`].
    pub size: Option<i64>,
    /// See [`Line`].
    pub sha256: String,
    /// [`LedgerState::as_str`].
    pub state: String,
}

/// A place in the ledger: by time, then by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// When it was written down.
    pub at: Millis,
    /// Its number.
    pub id: i64,
}

impl FromRow for Entry {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            place: Place { id: row.int()?, at: row.millis()? },
            remote_id: row.text()?,
            organisation: row.text()?,
            site_url: row.text()?,
            channel_id: row.text()?,
            kind: row.text()?,
            past: row.text()?,
            item_id: row.text()?,
            user_id: row.text()?,
            username: row.text()?,
            name: row.text()?,
            size: Some(row.int()?).filter(|size| *size >= 0),
            sha256: row.text()?,
            state: row.text()?,
        })
    }
}

/// Whose ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    /// What left of one channel.
    Channel(ChannelId),
    /// What left over one connection.
    Connection(RemoteId),
}

/// Which lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Filter {
    /// To this connection.
    pub remote: Option<RemoteId>,
    /// Of this channel.
    pub channel: Option<ChannelId>,
    /// Of this kind.
    pub kind: Option<LedgerKind>,
    /// From this moment on.
    pub since: Option<Millis>,
    /// Before this moment.
    pub until: Option<Millis>,
}

/// The query of lines by one of their columns, and perhaps by another.
macro_rules! listing {
    ($by:literal, $and:literal) => {
        concat!(
            "SELECT l.id, l.at, l.remote_id, p.name, p.site_url, l.channel_id, l.kind, l.past, l.item_id, l.user_id, \
             COALESCE(u.username, ''), l.name, l.size, l.sha256, l.state FROM ledger l \
             JOIN ledger_peers p ON p.id = l.peer LEFT JOIN users u ON u.id = l.user_id WHERE l.",
            $by,
            " = $1 AND ($2 = '' OR l.",
            $and,
            " = $2) AND ($3 = '' OR l.kind = $3) AND (l.at, l.id) > ($4, $5) AND l.at >= $6 AND l.at < $7 \
             ORDER BY l.at, l.id LIMIT $8"
        )
    };
}

/// Lines behind a place, in order.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn list(
    view: &mut Snapshot,
    of: &Of,
    filter: &Filter,
    after: Option<Place>,
    limit: i64,
) -> Result<Vec<Entry>, StoreError> {
    let (sql, of, other) = match of {
        Of::Channel(id) => (listing!("channel_id", "remote_id"), id.as_str(), Arg::opt(&filter.remote)),
        Of::Connection(id) => (listing!("remote_id", "channel_id"), id.as_str(), Arg::opt(&filter.channel)),
    };
    let after = after.unwrap_or(Place { at: Millis(-1), id: -1 });
    view.fetch_all(
        sql,
        &[
            Arg::Text(of),
            other,
            Arg::Text(filter.kind.map_or("", LedgerKind::as_str)),
            after.at.into(),
            after.id.into(),
            filter.since.unwrap_or(Millis(0)).into(),
            filter.until.unwrap_or(Millis(i64::MAX)).into(),
            limit.into(),
        ],
    )
    .await
}

/// Removes lines from before `before` among the `limit` oldest. Returns how many went.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn prune(tx: &mut Tx, before: Millis, limit: i64) -> Result<u64, StoreError> {
    tx.execute(
        "DELETE FROM ledger WHERE id IN (SELECT id FROM ledger ORDER BY id LIMIT $2) AND at < $1",
        &[before.into(), limit.into()],
    )
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Db;
    use crate::samples::{NOW, begin, id, read};
    use crate::testing::both;

    fn line(kind: LedgerKind, item: &str) -> Line {
        Line {
            kind,
            past: LedgerPast::No,
            item_id: item.to_owned(),
            user_id: Some(id(5)),
            name: String::new(),
            size: None,
            sha256: String::new(),
            state: LedgerState::Stored,
        }
    }

    fn peer(n: u128, name: &str) -> Peer {
        Peer { remote_id: id(n), name: name.to_owned(), site_url: format!("https://{name}.example.org") }
    }

    async fn put(db: &Db, at: i64, to: &Peer, channel: Option<ChannelId>, lines: &[Line]) {
        let mut tx = db.begin(Millis(NOW.0 + at)).await.unwrap();
        append(&mut tx, to, channel.as_ref(), lines).unwrap();
        tx.commit().await.unwrap();
    }

    fn items(entries: &[Entry]) -> Vec<&str> {
        entries.iter().map(|entry| entry.item_id.as_str()).collect()
    }

    /// Behaviour 8.11: lines come back as they were written, in order, page by page, and narrowed.
    #[tokio::test]
    async fn lines_are_read_as_they_were_written() {
        both(async |db: Db| {
            let (acme, globex) = (peer(1, "acme"), peer(2, "globex"));
            let (plans, lab) = (id(7), id(8));
            let file = Line {
                kind: LedgerKind::File,
                past: LedgerPast::History,
                item_id: "file".to_owned(),
                user_id: None,
                name: "a \"b\".txt".to_owned(),
                size: Some(0),
                sha256: "ab".to_owned(),
                state: LedgerState::Sent,
            };
            let first = [line(LedgerKind::Message, "one"), line(LedgerKind::Edit, "two"), file.clone()];
            put(&db, 0, &acme, Some(plans), &first).await;
            put(&db, 10, &globex, Some(plans), &[line(LedgerKind::Message, "three")]).await;
            put(&db, 20, &acme, Some(lab), &[line(LedgerKind::Message, "four")]).await;
            put(&db, 20, &acme, None, &[line(LedgerKind::Picture, "five")]).await;
            put(&db, 20, &acme, None, &[]).await;
            let renamed = Peer { name: "Acme Europe".to_owned(), ..acme.clone() };
            put(&db, 30, &renamed, Some(plans), &[line(LedgerKind::Deletion, "one")]).await;

            let mut view = read(&db).await;
            let of = Of::Channel(plans);
            let all = list(&mut view, &of, &Filter::default(), None, 100).await.unwrap();
            assert_eq!(items(&all), ["one", "two", "file", "three", "one"]);
            assert_eq!((all[0].organisation.as_str(), all[4].organisation.as_str()), ("acme", "Acme Europe"));
            assert_eq!(all[0].site_url, "https://acme.example.org");
            assert_eq!(
                (all[0].kind.as_str(), all[0].user_id.as_str(), all[0].size),
                ("message", id::<UserId>(5).as_str(), None)
            );
            let expected = Entry {
                place: Place { at: NOW, id: all[2].place.id },
                remote_id: acme.remote_id.to_string(),
                organisation: "acme".to_owned(),
                site_url: acme.site_url.clone(),
                channel_id: plans.to_string(),
                kind: "file".to_owned(),
                past: "history".to_owned(),
                item_id: file.item_id,
                user_id: String::new(),
                username: String::new(),
                name: file.name,
                size: Some(0),
                sha256: file.sha256,
                state: "sent".to_owned(),
            };
            assert_eq!(all[2], expected);

            let mut paged = Vec::new();
            let mut after = None;
            loop {
                let page = list(&mut view, &of, &Filter::default(), after, 2).await.unwrap();
                let Some(last) = page.last() else { break };
                after = Some(last.place);
                paged.extend(page);
            }
            assert_eq!(paged, all);

            let mut narrowed = async |of: Of, filter: Filter| -> String {
                items(&list(&mut view, &of, &filter, None, 100).await.unwrap()).join(" ")
            };
            let filter = Filter::default();
            assert_eq!(narrowed(of, Filter { remote: Some(globex.remote_id), ..filter }).await, "three");
            assert_eq!(narrowed(of, Filter { kind: Some(LedgerKind::Message), ..filter }).await, "one three");
            assert_eq!(narrowed(of, Filter { since: Some(Millis(NOW.0 + 10)), ..filter }).await, "three one");
            assert_eq!(narrowed(of, Filter { until: Some(Millis(NOW.0 + 10)), ..filter }).await, "one two file");
            let of = Of::Connection(acme.remote_id);
            assert_eq!(narrowed(of, filter).await, "one two file four five one");
            assert_eq!(narrowed(of, Filter { channel: Some(lab), ..filter }).await, "four");
        })
        .await;
    }

    /// Behaviour 8.11: what is old goes in slices, oldest first; with its transaction a line is there or not at all.
    #[tokio::test]
    async fn old_lines_go_and_undone_ones_never_come() {
        both(async |db: Db| {
            let (acme, plans) = (peer(1, "acme"), id(7));
            for at in 0..5 {
                put(&db, at, &acme, Some(plans), &[line(LedgerKind::Message, &at.to_string())]).await;
            }
            let mut tx = begin(&db).await;
            append(&mut tx, &acme, Some(&plans), &[line(LedgerKind::Message, "undone")]).unwrap();
            drop(tx);
            let edge = Millis(NOW.0 + 3);
            for gone in [2, 1, 0] {
                let mut tx = begin(&db).await;
                assert_eq!(prune(&mut tx, edge, 2).await.unwrap(), gone);
                tx.commit().await.unwrap();
            }
            let left = list(&mut read(&db).await, &Of::Channel(plans), &Filter::default(), None, 100).await.unwrap();
            assert_eq!(items(&left), ["3", "4"]);
        })
        .await;
    }
}
