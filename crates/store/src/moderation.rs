//! What ordinary members and guests of a channel may not do here.

use rialto_model::moderation::Taken;
use rialto_model::{ChannelId, Moderation};

use crate::{FromRow, Row, Snapshot, StoreError, Tx};

/// The next two columns of a row: what guests lack, and what members lack.
pub(crate) fn from_row(row: &mut Row<'_>) -> Result<Moderation, StoreError> {
    let mut taken = || {
        let letters = row.text()?;
        Taken::from_letters(&letters)
            .ok_or_else(|| StoreError::Corrupt(format!("moderation of no known kind: {letters}")))
    };
    Ok(Moderation { guests: taken()?, members: taken()? })
}

struct Of(Moderation);

impl FromRow for Of {
    fn from_row(row: &mut Row<'_>) -> Result<Self, StoreError> {
        from_row(row).map(Of)
    }
}

/// How a channel is moderated; None if there is no such channel.
///
/// # Errors
/// [`StoreError`] as the database says; so in all functions of this file.
pub async fn get(view: &mut Snapshot, channel: &ChannelId) -> Result<Option<Moderation>, StoreError> {
    let found: Option<Of> = view
        .fetch_optional("SELECT guests_without, members_without FROM channels WHERE id = $1", &[channel.into()])
        .await?;
    Ok(found.map(|row| row.0))
}

/// Sets how a channel is moderated.
///
/// # Errors
/// [`StoreError`] as the database says.
pub async fn set(tx: &mut Tx, channel: &ChannelId, moderation: Moderation) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE channels SET guests_without = $2, members_without = $3 WHERE id = $1",
        &[channel.into(), (&moderation.guests.letters()).into(), (&moderation.members.letters()).into()],
    )
    .await
    .map(|_| ())
}

#[cfg(test)]
mod tests {
    use rialto_model::{Moderated, Whom};

    use super::*;
    use crate::samples::{begin, id, scene};
    use crate::testing::both;
    use crate::{Db, channel_members, channels};

    /// SC-018: what is set is read by itself, with each membership and with what decides about rights.
    #[tokio::test]
    async fn moderation_is_read_as_written() {
        both(async |db: Db| {
            let mut tx = begin(&db).await;
            let scene = scene(&mut tx).await;
            let (channel, ann) = (scene.channel.id, scene.ann.id);
            assert_eq!(get(&mut tx, &channel).await.unwrap(), Some(Moderation::default()));
            let moderation = Moderation::default()
                .set(Whom::Guests, Moderated::CreateReactions, true)
                .set(Whom::Members, Moderated::CreatePost, true)
                .set(Whom::Members, Moderated::ManageMembers, true);
            set(&mut tx, &channel, moderation).await.unwrap();
            assert_eq!(get(&mut tx, &channel).await.unwrap(), Some(moderation));
            assert_eq!(get(&mut tx, &id(99)).await.unwrap(), None);
            let member = channel_members::get(&mut tx, &channel, &ann).await.unwrap().unwrap();
            assert_eq!(member.moderation, moderation);
            assert_eq!(channels::rights(&mut tx, &channel, &ann).await.unwrap().unwrap().moderation, moderation);
        })
        .await;
    }
}
