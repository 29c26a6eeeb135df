//! Two administrators who change a connection at once, on both databases.

use rialto_store::Db;
use rialto_store::testing::both;

use super::{ConnectionChange, Error, Seen, update};
use crate::sharing_scene::Scene;

/// E-158: of two who saw the same and both change it, the second changes nothing and learns what the first has made of it.
#[tokio::test]
async fn the_second_of_two_learns_what_the_first_has_changed() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let peer = scene.peer("globex").await;
        let rename = async |seen: Seen, name: &str| {
            let change = ConnectionChange { display_name: Some(name.to_owned()), team: None, seen };
            update(&scene.app, &scene.admin.actor, &peer.id, change).await
        };
        let before = scene.remote(&peer).await;
        let seen = Seen {
            display_name: Some(before.display_name.clone()),
            team: Some(before.default_team_id.map_or_else(String::new, |team| team.to_string())),
        };
        rename(seen.clone(), "First").await.unwrap();
        let refused = rename(seen.clone(), "Second").await.unwrap_err();
        let Error::ChangedMeanwhile { remote, team } = refused else { panic!("{refused}") };
        assert_eq!((remote.display_name.as_str(), team.as_str()), ("First", "Landing"));
        assert_eq!(scene.remote(&peer).await.display_name, "First");
        let other = Seen { team: Some("y".repeat(26)), ..Seen::default() };
        assert!(matches!(rename(other, "Third").await, Err(Error::ChangedMeanwhile { .. })));
        rename(Seen { display_name: Some("First".to_owned()), ..seen }, "Second").await.unwrap();
        // Who says nothing of what they saw is not held up.
        assert_eq!(rename(Seen::default(), "Fourth").await.unwrap().display_name, "Fourth");
    })
    .await;
}
