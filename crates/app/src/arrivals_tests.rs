//! People of other servers who come and go, as channels are told of them, on both databases.

use rialto_model::Millis;
use rialto_store::Db;
use rialto_store::testing::both;

use crate::apply::{IncomingItems, IncomingMember, IncomingUser};
use crate::sharing_scene::{Peer, Scene, id, incoming_user, with_users};

async fn notices(scene: &Scene, word: &str) -> Vec<String> {
    let mut view = scene.view().await;
    let page = rialto_store::posts::page(&mut view, &scene.channel, false, 0, 200).await.unwrap();
    let told = page.into_iter().rev().filter(|post| post.is_system());
    told.map(|post| post.message).filter(|text| text.contains(word)).collect()
}

fn joining(peer: &Peer, people: impl IntoIterator<Item = u128>) -> IncomingItems {
    let people: Vec<u128> = people.into_iter().collect();
    IncomingItems {
        users: people.iter().map(|n| incoming_user(peer, *n)).collect(),
        members: people.iter().map(|n| IncomingMember { user_id: id(*n), joins: true, at: Millis(0) }).collect(),
        ..IncomingItems::default()
    }
}

/// M-12: who comes when a share begins is told in one line, who comes later by name.
#[tokio::test]
async fn those_who_come_with_a_share_are_told_in_one_line() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let acme = scene.peer("acme").await;
        scene.share(&acme).await;
        scene.take(&acme, joining(&acme, [80])).await;
        let told = notices(&scene, "joined").await;
        assert!(told.last().unwrap().contains("@user80:acme of **acme**"), "{told:?}");
        let before = told.len();
        scene.app.clock.advance(20_000);
        scene.take(&acme, joining(&acme, 81..140)).await;
        scene.app.clock.advance(20_000);
        scene.take(&acme, joining(&acme, 140..142)).await;
        let told = notices(&scene, "joined").await;
        assert_eq!(told.len(), before, "{told:?}");
        assert_eq!(told.last().unwrap(), "62 members of **acme** joined the channel.");
        scene.take(&acme, joining(&acme, 80..142)).await;
        assert_eq!(notices(&scene, "joined").await, told, "a repetition tells nothing");
        scene.app.clock.advance(30_000);
        scene.take(&acme, joining(&acme, [150, 151])).await;
        let told = notices(&scene, "joined").await;
        assert_eq!(told.len(), before + 2, "{told:?}");
        assert!(told.iter().any(|text| text.contains("@user151:acme of **acme** joined")), "{told:?}");
    })
    .await;
}

/// M-13: who leaves, or is deactivated at home, is told once; who never appeared is not.
#[tokio::test]
async fn those_who_leave_or_are_deactivated_at_home_are_told() {
    both(async |db: Db| {
        let scene = Scene::new(db).await;
        let acme = scene.peer("acme").await;
        scene.share(&acme).await;
        scene.take(&acme, joining(&acme, [80, 81])).await;
        // Known, and no member.
        scene.take(&acme, with_users([incoming_user(&acme, 82)])).await;
        let leaving = |n: u128| IncomingItems {
            members: vec![IncomingMember { user_id: id(n), joins: false, at: Millis(0) }],
            ..IncomingItems::default()
        };
        for n in [80, 80, 82] {
            scene.take(&acme, leaving(n)).await;
        }
        let told = notices(&scene, "left the channel").await;
        assert_eq!(told, ["@user80:acme of **acme** left the channel."]);
        let gone = |n: u128, version: i64| {
            let user = incoming_user(&acme, n);
            with_users([IncomingUser { update_at: Millis(version), delete_at: Some(Millis(2_500)), ..user }])
        };
        for (n, version) in [(81, 3_000), (81, 3_000), (81, 4_000), (80, 3_000), (82, 3_000)] {
            scene.take(&acme, gone(n, version)).await;
        }
        let told = notices(&scene, "deactivated").await;
        assert!(told.len() == 1 && told[0].contains("@user81:acme of **acme**"), "{told:?}");
    })
    .await;
}
