//! Programs that are told of messages.

use rialto_model::{ItemId, OutgoingWebhook, TeamId, TriggerWhen, UserId};

use crate::{Arg, FromRow, Row, Snapshot, Sql, StoreError, Tx, json_list};

macro_rules! columns {
    () => {
        "id, token, creator_id, channel_id, team_id, trigger_words, trigger_when, callback_urls, display_name, \
         description, content_type, username, icon_url, create_at, update_at"
    };
}

impl FromRow for OutgoingWebhook {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id()?,
            token: row.text()?,
            creator_id: row.id()?,
            channel_id: row.opt_id()?,
            team_id: row.id()?,
            trigger_words: row.texts()?,
            trigger_when: TriggerWhen::of(row.int()?).ok_or_else(|| StoreError::Corrupt("trigger_when".to_owned()))?,
            callback_urls: row.texts()?,
            display_name: row.text()?,
            description: row.text()?,
            content_type: row.text()?,
            username: row.text()?,
            icon_url: row.text()?,
            create_at: row.millis()?,
            update_at: row.millis()?,
        })
    }
}

/// One by its id.
///
/// # Errors
/// [`StoreError`] as the database says; so in all functions of this file.
pub async fn get(view: &mut Snapshot, id: &ItemId) -> Result<Option<OutgoingWebhook>, StoreError> {
    view.fetch_optional(concat!("SELECT ", columns!(), " FROM outgoing_webhooks WHERE id = $1"), &[id.into()]).await
}

/// Which to list; None leaves a part open.
#[derive(Debug, Clone, Copy, Default)]
pub struct Which<'a> {
    /// Those of a team.
    pub team: Option<&'a TeamId>,
    /// Those for a channel.
    pub channel: Option<&'a rialto_model::ChannelId>,
    /// Those of a maker.
    pub creator: Option<&'a UserId>,
}

/// Some, by name.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn list(
    view: &mut Snapshot,
    which: Which<'_>,
    offset: i64,
    limit: i64,
) -> Result<Vec<OutgoingWebhook>, StoreError> {
    view.fetch_all(
        concat!(
            "SELECT ",
            columns!(),
            " FROM outgoing_webhooks WHERE ($1 = '' OR team_id = $1) AND ($2 = '' OR channel_id = $2) \
             AND ($3 = '' OR creator_id = $3) ORDER BY display_name, id LIMIT $5 OFFSET $4"
        ),
        &[Arg::opt(&which.team), Arg::opt(&which.channel), Arg::opt(&which.creator), offset.into(), limit.into()],
    )
    .await
}

/// All of some teams.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn of_teams(view: &mut Snapshot, teams: &[TeamId]) -> Result<Vec<OutgoingWebhook>, StoreError> {
    const LIST: Sql = Sql::per(
        concat!("SELECT ", columns!(), " FROM outgoing_webhooks WHERE team_id IN (SELECT value FROM json_each($1))"),
        concat!(
            "SELECT ",
            columns!(),
            " FROM outgoing_webhooks WHERE team_id IN (SELECT json_array_elements_text($1::json))"
        ),
    );
    view.fetch_all(LIST, &[(&json_list(teams)).into()]).await
}

/// Whether there is any.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn exists(view: &mut Snapshot) -> Result<bool, StoreError> {
    view.fetch_one("SELECT EXISTS (SELECT 1 FROM outgoing_webhooks)", &[]).await
}

/// Writes one, new or changed; maker, team and time of making stay.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn put(tx: &mut Tx, hook: &OutgoingWebhook) -> Result<(), StoreError> {
    tx.execute(
        concat!(
            "INSERT INTO outgoing_webhooks (",
            columns!(),
            ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) \
             ON CONFLICT (id) DO UPDATE SET token = excluded.token, channel_id = excluded.channel_id, \
             trigger_words = excluded.trigger_words, trigger_when = excluded.trigger_when, \
             callback_urls = excluded.callback_urls, display_name = excluded.display_name, \
             description = excluded.description, content_type = excluded.content_type, \
             username = excluded.username, icon_url = excluded.icon_url, update_at = excluded.update_at"
        ),
        &[
            (&hook.id).into(),
            (&hook.token).into(),
            (&hook.creator_id).into(),
            Arg::opt(&hook.channel_id),
            (&hook.team_id).into(),
            (&json_list(&hook.trigger_words)).into(),
            hook.trigger_when.number().into(),
            (&json_list(&hook.callback_urls)).into(),
            (&hook.display_name).into(),
            (&hook.description).into(),
            (&hook.content_type).into(),
            (&hook.username).into(),
            (&hook.icon_url).into(),
            hook.create_at.into(),
            hook.update_at.into(),
        ],
    )
    .await
    .map(|_| ())
}

/// Forgets one.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn delete(tx: &mut Tx, id: &ItemId) -> Result<(), StoreError> {
    tx.execute("DELETE FROM outgoing_webhooks WHERE id = $1", &[id.into()]).await.map(|_| ())
}

#[cfg(test)]
mod tests {
    use rialto_model::{ChannelId, Millis};

    use super::*;
    use crate::Db;
    use crate::samples::{begin, id};
    use crate::testing::both;

    #[tokio::test]
    async fn webhooks_are_found_by_team_channel_and_maker() {
        both(async |db: Db| {
            let hook = |n: u128, team: u128, user: u128| OutgoingWebhook {
                id: id(n),
                token: format!("token {n}"),
                creator_id: id(user),
                channel_id: (n == 2).then(|| id(50)),
                team_id: id(team),
                trigger_words: vec!["build".to_owned(), "\"test\"".to_owned()],
                trigger_when: TriggerWhen::StartsWith,
                callback_urls: vec!["https://a.example/x".to_owned()],
                display_name: format!("hook {n}"),
                description: "what for".to_owned(),
                content_type: "application/json".to_owned(),
                username: "Gull".to_owned(),
                icon_url: "https://icons.example/gull.png".to_owned(),
                create_at: Millis(5),
                update_at: Millis(6),
            };
            let mut tx = begin(&db).await;
            assert!(!exists(&mut tx).await.unwrap());
            let all = [hook(1, 10, 20), hook(2, 10, 21), hook(3, 11, 20)];
            for one in all.iter().rev() {
                put(&mut tx, one).await.unwrap();
            }
            assert!(exists(&mut tx).await.unwrap());
            assert_eq!(get(&mut tx, &id(2)).await.unwrap().as_ref(), Some(&all[1]));
            assert_eq!(list(&mut tx, Which::default(), 0, 9).await.unwrap(), all);
            let (team, user, channel): (TeamId, UserId, ChannelId) = (id(10), id(20), id(50));
            let of_team = Which { team: Some(&team), ..Which::default() };
            assert_eq!(list(&mut tx, of_team, 1, 9).await.unwrap(), all[1..2]);
            let own = Which { creator: Some(&user), ..of_team };
            assert_eq!(list(&mut tx, own, 0, 9).await.unwrap(), all[..1]);
            let here = Which { channel: Some(&channel), ..Which::default() };
            assert_eq!(list(&mut tx, here, 0, 9).await.unwrap(), all[1..2]);
            assert_eq!(of_teams(&mut tx, &[id(11), id(12)]).await.unwrap(), all[2..]);
            let changed = OutgoingWebhook { trigger_words: Vec::new(), token: "new".to_owned(), ..all[0].clone() };
            put(&mut tx, &OutgoingWebhook { creator_id: id(99), ..changed.clone() }).await.unwrap();
            assert_eq!(get(&mut tx, &id(1)).await.unwrap(), Some(changed));
            delete(&mut tx, &id(1)).await.unwrap();
            assert_eq!(get(&mut tx, &id(1)).await.unwrap(), None);
        })
        .await;
    }
}
