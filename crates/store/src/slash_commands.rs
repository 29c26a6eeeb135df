//! Slash commands that programs answer, and what they may still answer.

use rialto_model::{CommandReply, ItemId, Millis, SlashCommand, TeamId};

use crate::{Arg, FromRow, Row, Snapshot, StoreError, Tx};

macro_rules! columns {
    () => {
        "id, token, creator_id, team_id, command_trigger, by_get, username, icon_url, auto_complete, \
         auto_complete_desc, auto_complete_hint, display_name, description, url, create_at, update_at"
    };
}

impl FromRow for SlashCommand {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id()?,
            token: row.text()?,
            creator_id: row.id()?,
            team_id: row.id()?,
            trigger: row.text()?,
            by_get: row.bool()?,
            username: row.text()?,
            icon_url: row.text()?,
            auto_complete: row.bool()?,
            auto_complete_desc: row.text()?,
            auto_complete_hint: row.text()?,
            display_name: row.text()?,
            description: row.text()?,
            url: row.text()?,
            create_at: row.millis()?,
            update_at: row.millis()?,
        })
    }
}

/// One by its id.
///
/// # Errors
/// [`StoreError`] as the database says; so in all functions of this file.
pub async fn get(view: &mut Snapshot, id: &ItemId) -> Result<Option<SlashCommand>, StoreError> {
    view.fetch_optional(concat!("SELECT ", columns!(), " FROM slash_commands WHERE id = $1"), &[id.into()]).await
}

/// One by its word in a team.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn find(view: &mut Snapshot, team: &TeamId, trigger: &str) -> Result<Option<SlashCommand>, StoreError> {
    view.fetch_optional(
        concat!("SELECT ", columns!(), " FROM slash_commands WHERE team_id = $1 AND command_trigger = $2"),
        &[team.into(), trigger.into()],
    )
    .await
}

/// Those of a team, by their words.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn list(view: &mut Snapshot, team: &TeamId) -> Result<Vec<SlashCommand>, StoreError> {
    view.fetch_all(
        concat!("SELECT ", columns!(), " FROM slash_commands WHERE team_id = $1 ORDER BY command_trigger"),
        &[team.into()],
    )
    .await
}

/// Writes one, new or changed; maker and time of making stay.
///
/// # Errors
/// [`StoreError::Unique`] on `command_trigger` if the team has another with this word.
pub async fn put(tx: &mut Tx, command: &SlashCommand) -> Result<(), StoreError> {
    tx.execute(
        concat!(
            "INSERT INTO slash_commands (",
            columns!(),
            ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) \
             ON CONFLICT (id) DO UPDATE SET token = excluded.token, team_id = excluded.team_id, \
             command_trigger = excluded.command_trigger, by_get = excluded.by_get, username = excluded.username, \
             icon_url = excluded.icon_url, auto_complete = excluded.auto_complete, \
             auto_complete_desc = excluded.auto_complete_desc, auto_complete_hint = excluded.auto_complete_hint, \
             display_name = excluded.display_name, description = excluded.description, url = excluded.url, \
             update_at = excluded.update_at"
        ),
        &[
            (&command.id).into(),
            (&command.token).into(),
            (&command.creator_id).into(),
            (&command.team_id).into(),
            (&command.trigger).into(),
            command.by_get.into(),
            (&command.username).into(),
            (&command.icon_url).into(),
            command.auto_complete.into(),
            (&command.auto_complete_desc).into(),
            (&command.auto_complete_hint).into(),
            (&command.display_name).into(),
            (&command.description).into(),
            (&command.url).into(),
            command.create_at.into(),
            command.update_at.into(),
        ],
    )
    .await
    .map(|_| ())
}

/// Forgets one, and what its program might still answer.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn delete(tx: &mut Tx, id: &ItemId) -> Result<(), StoreError> {
    tx.execute("DELETE FROM command_replies WHERE command_id = $1", &[id.into()]).await?;
    tx.execute("DELETE FROM slash_commands WHERE id = $1", &[id.into()]).await.map(|_| ())
}

impl FromRow for CommandReply {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id()?,
            command_id: row.id()?,
            user_id: row.id()?,
            channel_id: row.id()?,
            root_id: row.opt_id()?,
            remaining: row.int()?,
            expire_at: row.millis()?,
        })
    }
}

/// Allows answers; what may not be answered any more is forgotten.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn allow_replies(tx: &mut Tx, reply: &CommandReply) -> Result<(), StoreError> {
    let now = tx.now();
    tx.execute("DELETE FROM command_replies WHERE expire_at <= $1", &[now.into()]).await?;
    tx.execute(
        "INSERT INTO command_replies (id, command_id, user_id, channel_id, root_id, remaining, expire_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        &[
            (&reply.id).into(),
            (&reply.command_id).into(),
            (&reply.user_id).into(),
            (&reply.channel_id).into(),
            Arg::opt(&reply.root_id),
            reply.remaining.into(),
            reply.expire_at.into(),
        ],
    )
    .await
    .map(|_| ())
}

/// Takes one of the answers that are left; None if there is none.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn take_reply(tx: &mut Tx, id: &ItemId, now: Millis) -> Result<Option<CommandReply>, StoreError> {
    let taken = tx
        .execute(
            "UPDATE command_replies SET remaining = remaining - 1 WHERE id = $1 AND remaining > 0 AND expire_at > $2",
            &[id.into(), now.into()],
        )
        .await?;
    if taken == 0 {
        return Ok(None);
    }
    let sql = "SELECT id, command_id, user_id, channel_id, root_id, remaining, expire_at FROM command_replies \
               WHERE id = $1";
    tx.fetch_optional(sql, &[id.into()]).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Db;
    use crate::samples::{begin, id};
    use crate::testing::both;

    fn command(n: u128, team: u128, trigger: &str) -> SlashCommand {
        SlashCommand {
            id: id(n),
            token: format!("token {n}"),
            creator_id: id(20),
            team_id: id(team),
            trigger: trigger.to_owned(),
            by_get: n == 1,
            username: "Gull".to_owned(),
            icon_url: "https://icons.example/gull.png".to_owned(),
            auto_complete: n != 1,
            auto_complete_desc: "tells the tide".to_owned(),
            auto_complete_hint: "[place]".to_owned(),
            display_name: "Tides".to_owned(),
            description: "what for".to_owned(),
            url: "https://a.example/tide".to_owned(),
            create_at: Millis(5),
            update_at: Millis(6),
        }
    }

    #[tokio::test]
    async fn a_word_means_one_command_of_a_team() {
        both(async |db: Db| {
            let mut tx = begin(&db).await;
            let all = [command(1, 10, "ebb"), command(2, 10, "tide"), command(3, 11, "tide")];
            for one in all.iter().rev() {
                put(&mut tx, one).await.unwrap();
            }
            assert_eq!(list(&mut tx, &id(10)).await.unwrap(), all[..2]);
            assert_eq!(find(&mut tx, &id(11), "tide").await.unwrap().as_ref(), Some(&all[2]));
            assert_eq!(find(&mut tx, &id(11), "ebb").await.unwrap(), None);
            let changed = SlashCommand { trigger: "flood".to_owned(), token: "new".to_owned(), ..all[0].clone() };
            put(&mut tx, &SlashCommand { creator_id: id(99), ..changed.clone() }).await.unwrap();
            assert_eq!(get(&mut tx, &id(1)).await.unwrap(), Some(changed));
            tx.commit().await.unwrap();
            let mut tx = begin(&db).await;
            let taken = put(&mut tx, &command(4, 10, "tide")).await.unwrap_err();
            assert!(taken.is_unique_on("trigger"), "{taken}");
        })
        .await;
    }

    #[tokio::test]
    async fn answers_are_counted_and_end() {
        both(async |db: Db| {
            let mut tx = begin(&db).await;
            put(&mut tx, &command(1, 10, "ebb")).await.unwrap();
            let at = tx.now();
            let reply = |n: u128, expire_at: i64| CommandReply {
                id: id(n),
                command_id: id(1),
                user_id: id(2),
                channel_id: id(3),
                root_id: (n == 7).then(|| id(4)),
                remaining: 2,
                expire_at: Millis(at.0 + expire_at),
            };
            allow_replies(&mut tx, &reply(7, 100)).await.unwrap();
            for remaining in [1, 0] {
                let taken = take_reply(&mut tx, &id(7), at).await.unwrap();
                assert_eq!(taken, Some(CommandReply { remaining, ..reply(7, 100) }));
            }
            assert_eq!(take_reply(&mut tx, &id(7), at).await.unwrap(), None, "all are used");
            allow_replies(&mut tx, &reply(8, 100)).await.unwrap();
            assert_eq!(take_reply(&mut tx, &id(8), Millis(at.0 + 100)).await.unwrap(), None, "too late");
            delete(&mut tx, &id(1)).await.unwrap();
            assert_eq!(take_reply(&mut tx, &id(8), at).await.unwrap(), None, "the command is gone");
        })
        .await;
    }
}
