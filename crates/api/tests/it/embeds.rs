//! What messages show of the messages they link to (client-api 2.3, G-43).

use rialto_app::{Settings, channel_members, posts};
use rialto_model::ChannelKind;
use serde_json::{Value, json};

use crate::world::World;

/// G-43: each reader sees of a linked message what they may read, in every list, and nobody anything else.
#[tokio::test]
async fn a_link_shows_what_its_reader_may_read() {
    let world = World::start().await;
    let (alice, bob) = (world.person("alice", "system_user").await, world.person("bob", "system_user").await);
    let settings =
        Settings { site_url: Some("https://chat.example.org".to_owned()), ..(*world.app.settings.get()).clone() };
    world.app.settings.set(settings);
    let open = world.channel(&alice, "ops", ChannelKind::Public).await;
    let closed = world.channel(&alice, "board", ChannelKind::Private).await;
    channel_members::add(&world.app, &alice.actor, &open.id, &[bob.id]).await.unwrap();
    let secret = world.post(&alice, &closed, "the merger is on friday").await;
    let link = format!("see https://chat.example.org/team/pl/{}", secret.id);
    let linking = world.post(&alice, &open, &link).await;
    let elsewhere = format!(
        "see https://other.example.org/team/pl/{} and `https://chat.example.org/team/pl/{}`",
        secret.id, secret.id
    );
    let foreign = world.post(&alice, &open, &elsewhere).await;

    let list = format!("/channels/{}/posts", open.id);
    let paths = [list.clone(), format!("/posts/{}/thread", linking.id)];
    let one = format!("/posts/{}", linking.id);
    let embeds = |post: &Value| post["metadata"].get("embeds").cloned();
    for path in &paths {
        let seen = world.get(&alice, path).await;
        let found = embeds(&seen["posts"][linking.id.as_str()]).unwrap();
        let data = &found[0]["data"];
        assert_eq!((&found[0]["type"], found.as_array().unwrap().len()), (&json!("permalink"), 1));
        assert_eq!(
            (&data["post_id"], &data["post"]["message"]),
            (&json!(secret.id), &json!("the merger is on friday"))
        );
        assert_eq!((&data["team_name"], &data["channel_type"]), (&json!("team"), &json!("P")));
        assert_eq!((&data["channel_display_name"], &data["channel_id"]), (&json!("board"), &json!(closed.id)));
    }
    assert!(embeds(&world.get(&alice, &one).await).is_some());
    assert_eq!(embeds(&world.get(&alice, &list).await["posts"][foreign.id.as_str()]), None, "another site, and code");
    for path in paths.iter().chain([&one]) {
        let seen = world.get(&bob, path).await.to_string();
        assert!(seen.contains(linking.id.as_str()) && !seen.contains("merger") && !seen.contains("board"), "{seen}");
    }
    channel_members::add(&world.app, &alice.actor, &closed.id, &[bob.id]).await.unwrap();
    assert!(embeds(&world.get(&bob, &one).await).is_some(), "as soon as they may read it");
    channel_members::remove(&world.app, &alice.actor, &closed.id, &bob.id).await.unwrap();
    assert_eq!(embeds(&world.get(&bob, &one).await), None, "and no longer than that");
    posts::delete(&world.app, &alice.actor, &secret.id).await.unwrap();
    assert_eq!(embeds(&world.get(&alice, &one).await), None, "nothing is shown of what is gone");
}
