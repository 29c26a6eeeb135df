//! Memberships of teams, on both databases.

use rialto_model::TeamMember;

use crate::samples::{NOW, begin, id, read, remote_user, scene, team_member, user};
use crate::team_members::*;
use crate::testing::both;
use crate::{Db, users};

#[tokio::test]
async fn a_membership_ends_and_comes_back() {
    both(async |db: Db| {
        let mut tx = begin(&db).await;
        let scene = scene(&mut tx).await;
        let (team, ann) = (scene.team.id, scene.ann.id);
        assert_eq!(get(&mut tx, &team, &ann).await.unwrap(), Some(team_member(team, ann)));
        assert_eq!(get(&mut tx, &team, &id(9)).await.unwrap(), None);
        assert!(!insert(&mut tx, &team_member(team, ann)).await.unwrap());
        assert!(end(&mut tx, &team, &ann, NOW).await.unwrap());
        assert!(!end(&mut tx, &team, &ann, NOW).await.unwrap());
        let over = TeamMember { delete_at: Some(NOW), scheme_admin: false, ..team_member(team, ann) };
        assert_eq!(get(&mut tx, &team, &ann).await.unwrap(), Some(over));
        assert!(!update(&mut tx, &team_member(team, ann)).await.unwrap());
        let guest =
            TeamMember { scheme_admin: false, scheme_user: false, scheme_guest: true, ..team_member(team, ann) };
        assert!(insert(&mut tx, &guest).await.unwrap());
        assert_eq!(get(&mut tx, &team, &ann).await.unwrap(), Some(guest));
        assert!(update(&mut tx, &team_member(team, ann)).await.unwrap());
        assert_eq!(get(&mut tx, &team, &ann).await.unwrap(), Some(team_member(team, ann)));
    })
    .await;
}

#[tokio::test]
async fn members_are_listed_by_username_and_counted_where_they_live() {
    both(async |db: Db| {
        let mut tx = begin(&db).await;
        let scene = scene(&mut tx).await;
        let team = scene.team.id;
        let left = rialto_model::User { delete_at: Some(NOW), ..user(4) };
        for person in [&remote_user(3, id(7)), &left] {
            users::insert(&mut tx, person, "").await.unwrap();
            insert(&mut tx, &team_member(team, person.id)).await.unwrap();
        }
        tx.commit().await.unwrap();
        let mut view = read(&db).await;
        let people = |list: Vec<TeamMember>| list.into_iter().map(|member| member.user_id).collect::<Vec<_>>();
        let all = list(&mut view, &team, 0, 10).await.unwrap();
        assert_eq!(people(all), [id(1), id(2), id(4)], "local people only");
        assert_eq!(people(list(&mut view, &team, 1, 1).await.unwrap()), [id(2)]);
        let some = list_by_ids(&mut view, &team, &[id(3), id(4), id(9)]).await.unwrap();
        let mut some = people(some);
        some.sort();
        assert_eq!(some, [id(3), id(4)]);
        assert_eq!(count(&mut view, &team, false).await.unwrap(), 3);
        assert_eq!(count(&mut view, &team, true).await.unwrap(), 2);
    })
    .await;
}
