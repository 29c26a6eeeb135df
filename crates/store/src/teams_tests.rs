//! Teams, on both databases.

use rialto_model::{Channel, ChannelMember, Millis, Team, TeamId, TeamKind};

use crate::samples::{NOW, begin, channel, id, member, read, scene, team, team_member};
use crate::teams::*;
use crate::testing::both;
use crate::{Db, channel_members, channels, team_members};

fn ids(list: Vec<Team>) -> Vec<TeamId> {
    list.into_iter().map(|team| team.id).collect()
}

#[tokio::test]
async fn a_team_is_read_as_written() {
    both(async |db: Db| {
        let archived = Team { delete_at: Some(NOW), kind: TeamKind::Invite, allow_open_invite: false, ..team(1) };
        let mut tx = begin(&db).await;
        insert(&mut tx, &archived).await.unwrap();
        insert(&mut tx, &team(2)).await.unwrap();
        tx.commit().await.unwrap();
        let mut tx = begin(&db).await;
        assert_eq!(get(&mut tx, &id(1)).await.unwrap(), Some(archived.clone()));
        assert_eq!(get(&mut tx, &id(3)).await.unwrap(), None);
        assert_eq!(get_by_name(&mut tx, "team-01").await.unwrap(), Some(archived.clone()));
        assert_eq!(get_by_name(&mut tx, "team-03").await.unwrap(), None);
        assert_eq!(get_for_update(&mut tx, &id(2)).await.unwrap(), Some(team(2)));
        assert_eq!(get_by_invite_id(&mut tx, "invite-02").await.unwrap(), Some(team(2)));
        assert_eq!(get_by_invite_id(&mut tx, "invite-01").await.unwrap(), None, "archived");
        let changed = Team {
            update_at: Millis(9),
            delete_at: None,
            display_name: "New".to_owned(),
            description: "d".to_owned(),
            email: "e".to_owned(),
            kind: TeamKind::Open,
            allow_open_invite: true,
            invite_id: "i".to_owned(),
            ..archived
        };
        update(&mut tx, &Team { create_at: Millis(1), ..changed.clone() }).await.unwrap();
        assert_eq!(get(&mut tx, &id(1)).await.unwrap(), Some(changed));
        assert_eq!(get(&mut tx, &id(2)).await.unwrap(), Some(team(2)));
        let error = insert(&mut tx, &Team { name: team(2).name, ..team(3) }).await.unwrap_err();
        assert!(error.is_unique_on("name"), "{error}");
    })
    .await;
}

#[tokio::test]
async fn lists_show_live_teams_by_display_name() {
    both(async |db: Db| {
        let closed = Team { kind: TeamKind::Invite, allow_open_invite: false, create_at: Millis(1), ..team(1) };
        let archived = Team { delete_at: Some(NOW), create_at: Millis(2), ..team(2) };
        let first = Team { display_name: "A".to_owned(), ..team(4) };
        let mut tx = begin(&db).await;
        for team in [&closed, &archived, &team(3), &first] {
            insert(&mut tx, team).await.unwrap();
            team_members::insert(&mut tx, &team_member(team.id, id(1))).await.unwrap();
        }
        assert_eq!(ids(list(&mut tx, false, 0, 10).await.unwrap()), [id(4), id(3)]);
        assert_eq!(ids(list(&mut tx, true, 0, 10).await.unwrap()), [id(4), id(1), id(3)]);
        assert_eq!(ids(list(&mut tx, true, 1, 1).await.unwrap()), [id(1)]);
        assert_eq!(oldest_open(&mut tx).await.unwrap().map(|team| team.id), Some(id(3)));
        assert!(team_members::end(&mut tx, &id(3), &id(1), NOW).await.unwrap());
        assert_eq!(ids(list_of_user(&mut tx, &id(1)).await.unwrap()), [id(4), id(1)]);
        let mut teams: Vec<_> = team_members::list_of_user(&mut tx, &id(1))
            .await
            .unwrap()
            .into_iter()
            .map(|member| member.team_id)
            .collect();
        teams.sort();
        assert_eq!(teams, [id(1), id(4)]);
    })
    .await;
}

#[tokio::test]
async fn what_somebody_has_not_read_is_summed_by_team() {
    both(async |db: Db| {
        let mut tx = begin(&db).await;
        let scene = scene(&mut tx).await;
        let (team, ann) = (scene.team.id, scene.ann.id);
        let quiet = [("mark_unread".to_owned(), "mention".to_owned())].into();
        let archived = Channel { delete_at: Some(NOW), ..channel(3, team) };
        for channel in [&channel(2, team), &archived, &channel(4, id(9))] {
            channels::insert(&mut tx, channel).await.unwrap();
        }
        let muted = ChannelMember { notify_props: quiet, ..member(id(2), ann) };
        for member in [&muted, &member(id(3), ann), &member(id(4), ann)] {
            channel_members::insert(&mut tx, member).await.unwrap();
        }
        tx.commit().await.unwrap();
        for (channel, is_root) in [(1, true), (1, true), (1, true), (1, false), (1, false), (2, true), (4, true)] {
            let mut tx = begin(&db).await;
            channels::count_post(&mut tx, &id(channel), is_root, NOW).unwrap();
            tx.commit().await.unwrap();
        }
        // Of five messages three have been read, of three roots two; five mentions and four stand in each channel.
        let mut unread = list_unread(&mut read(&db).await, &ann).await.unwrap();
        unread.sort_by_key(|unread| unread.team_id);
        let here = Unread { team_id: team, messages: 2, messages_root: 1, mentions: 10, mentions_root: 8 };
        let there = Unread { team_id: id(9), messages: 0, messages_root: 0, mentions: 5, mentions_root: 4 };
        assert_eq!(unread, [here, there]);
        assert_eq!(list_unread(&mut read(&db).await, &id(9)).await.unwrap(), []);
    })
    .await;
}

#[tokio::test]
async fn teams_of_a_conversation_are_those_of_everybody_in_it() {
    both(async |db: Db| {
        let mut tx = begin(&db).await;
        let scene = scene(&mut tx).await;
        for n in [2u128, 3] {
            insert(&mut tx, &team(n)).await.unwrap();
            team_members::insert(&mut tx, &team_member(id(n), id(1))).await.unwrap();
        }
        team_members::insert(&mut tx, &team_member(id(2), id(2))).await.unwrap();
        let common = list_common(&mut tx, &scene.channel.id).await.unwrap();
        assert_eq!(ids(common), [id(1), id(2)]);
        team_members::end(&mut tx, &id(2), &id(2), NOW).await.unwrap();
        assert_eq!(ids(list_common(&mut tx, &scene.channel.id).await.unwrap()), [id(1)]);
        assert_eq!(list_common(&mut tx, &id(99)).await.unwrap(), []);
    })
    .await;
}
