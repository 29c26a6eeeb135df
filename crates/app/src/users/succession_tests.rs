//! What an administrator who is deactivated leaves behind, on both databases.

use rialto_model::{ChannelId, UserId};
use rialto_store::testing::both;
use rialto_store::{Db, channel_members};

use crate::sharing_scene::{Scene, id, incoming_post, with_posts};
use crate::users::set_active;

async fn administrates(scene: &Scene, channel: &ChannelId, user: &UserId) -> bool {
    let member = channel_members::get(&mut scene.view().await, channel, user).await.unwrap();
    member.is_some_and(|member| member.scheme_admin)
}

/// E-128: connections and shares of an administrator who is deactivated go on; another one is their contact, and
/// administrates the copies that would have nobody.
#[tokio::test]
async fn another_administrator_takes_over() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let heir = scene.person_as("heir", "system_user system_admin").await;
        scene.tick();
        scene.person_as("younger", "system_user system_admin").await;
        let peer = scene.peer("globex").await;
        scene.share(&peer).await;
        let (alone, together) =
            (scene.copy(&peer, id(500), false).await.id, scene.copy(&peer, id(501), false).await.id);
        crate::channel_members::set_roles(&scene.app, &scene.admin.actor, &together, &scene.ann.id, true)
            .await
            .unwrap();
        assert_eq!(scene.remote(&peer).await.creator_id, scene.admin.id);
        assert!(administrates(&scene, &alone, &scene.admin.id).await);
        let own = scene.channel;
        scene.tick();
        set_active(&scene.app, &heir.actor, &scene.admin.id, false).await.unwrap();
        let remote = scene.remote(&peer).await;
        assert_eq!((remote.creator_id, remote.is_live()), (heir.id, true));
        assert!(administrates(&scene, &alone, &heir.id).await);
        assert!(!administrates(&scene, &together, &heir.id).await, "Ann looks after it");
        assert!(!administrates(&scene, &own, &heir.id).await, "channels of our own are not looked at");
        for channel in [&scene.channel, &alone, &together] {
            assert!(scene.live_share(&peer, channel).await.is_some());
        }
        scene.guest_in(&peer, &alone, 1).await;
        scene.take_in(&peer, &alone, with_posts([incoming_post(10, 1)])).await.unwrap();
        assert!(scene.row(&id(10)).await.is_some());
    })
    .await;
}
