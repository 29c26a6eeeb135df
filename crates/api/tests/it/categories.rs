//! Categories of the sidebar (client-api 5.4, 9.5).

use rialto_model::{Channel, ChannelKind};
use serde_json::{Value, json};

use crate::world::{Person, World};

struct Sidebar {
    world: World,
    ann: Person,
    path: String,
    news: Channel,
    ops: Channel,
}

impl Sidebar {
    async fn new() -> Self {
        let world = World::start().await;
        let ann = world.person("ann", "system_user").await;
        let news = world.channel(&ann, "news", ChannelKind::Public).await;
        let ops = world.channel(&ann, "ops", ChannelKind::Private).await;
        let path = format!("/users/me/teams/{}/channels/categories", world.team);
        Self { world, ann, path, news, ops }
    }

    async fn call(&self, method: &str, rest: &str, body: Value) -> Value {
        self.world.call(&self.ann, method, &format!("{}{rest}", self.path), body).await.json(200)
    }

    /// Kinds or names of the categories in their order, each with the names of what stands in it.
    async fn shown(&self) -> Vec<(String, Vec<String>)> {
        let list = self.call("GET", "", Value::Null).await;
        let name = |id: &Value| {
            [&self.news, &self.ops].into_iter().find(|one| *id == one.id.as_str()).map(|one| one.name.clone())
        };
        let shown = |category: &Value| {
            let title = match category["type"].as_str().unwrap() {
                "custom" => category["display_name"].as_str().unwrap(),
                kind => kind,
            };
            let ids = category["channel_ids"].as_array().unwrap();
            (title.to_owned(), ids.iter().filter_map(name).collect())
        };
        list["categories"].as_array().unwrap().iter().map(shown).collect()
    }

    fn fixed(&self, kind: &str) -> String {
        format!("{kind}_{}_{}", self.ann.id, self.world.team)
    }
}

fn category(title: &str, channels: &[&str]) -> (String, Vec<String>) {
    (title.to_owned(), channels.iter().map(|&name| name.to_owned()).collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_category_of_ones_own_comes_below_the_favourites_and_goes() {
    let stage = Sidebar::new().await;
    let before = [category("favorites", &[]), category("channels", &["news", "ops"]), category("direct_messages", &[])];
    assert_eq!(stage.shown().await, before);
    let mut socket = stage.world.connect(&stage.ann).await;
    let new = json!({"display_name": "Harbour", "channel_ids": [stage.ops.id], "type": "custom"});
    let made = stage.call("POST", "", new).await;
    assert_eq!((&made["type"], &made["channel_ids"]), (&json!("custom"), &json!([stage.ops.id])));
    let (event, _) = socket.until("sidebar_category_created").await;
    assert_eq!(
        (&event["data"]["category_id"], &event["broadcast"]["team_id"]),
        (&made["id"], &json!(stage.world.team))
    );
    let expected = [
        category("favorites", &[]),
        category("Harbour", &["ops"]),
        category("channels", &["news"]),
        category("direct_messages", &[]),
    ];
    assert_eq!(stage.shown().await, expected);

    let id = made["id"].as_str().unwrap();
    let one = format!("/{id}");
    assert_eq!(stage.call("GET", &one, Value::Null).await, made_at(&made, 10));
    let changed = json!({"id": id, "display_name": "Port", "collapsed": true, "sorting": "alpha", "channel_ids": []});
    let changed = stage.call("PUT", &one, changed).await;
    assert_eq!((&changed["display_name"], &changed["collapsed"]), (&json!("Port"), &json!(true)));
    assert_eq!(stage.shown().await[2], category("channels", &["news", "ops"]));
    let order = stage.call("GET", "/order", Value::Null).await;
    let mut turned: Vec<Value> = order.as_array().unwrap().clone();
    turned.reverse();
    stage.call("PUT", "/order", json!(turned)).await;
    assert_eq!(stage.call("GET", "/order", Value::Null).await, json!(turned));
    let titles: Vec<String> = stage.shown().await.into_iter().map(|(title, _)| title).collect();
    assert_eq!(titles, ["direct_messages", "channels", "Port", "favorites"]);
    stage.call("DELETE", &one, Value::Null).await;
    assert_eq!(socket.until("sidebar_category_deleted").await.0["data"]["category_id"], id);
    assert_eq!(stage.shown().await.len(), 3);
}

fn made_at(made: &Value, sort_order: i64) -> Value {
    let mut made = made.clone();
    made["sort_order"] = json!(sort_order);
    made
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn favourites_are_what_the_preference_says() {
    let stage = Sidebar::new().await;
    let favourites = stage.fixed("favorites");
    let put = |ids: Value| json!([{"id": favourites, "channel_ids": ids}]);
    stage.call("PUT", "", put(json!([stage.ops.id, stage.news.id]))).await;
    assert_eq!(stage.shown().await[0], category("favorites", &["ops", "news"]));
    let path = format!("/users/me/preferences/favorite_channel/name/{}", stage.ops.id);
    assert_eq!(stage.world.get(&stage.ann, &path).await["value"], "true");
    // Taken out of the favourites it is none any more, and the other way round.
    stage.call("PUT", "", put(json!([stage.news.id]))).await;
    stage.world.call(&stage.ann, "GET", &path, Value::Null).await.error(404);
    let channels = json!([{"id": stage.fixed("channels"), "channel_ids": [stage.news.id, stage.ops.id]}]);
    stage.call("PUT", "", channels).await;
    assert_eq!(stage.shown().await[..2], [category("favorites", &[]), category("channels", &["news", "ops"])]);
    let mark =
        json!([{"user_id": stage.ann.id, "category": "favorite_channel", "name": stage.ops.id, "value": "true"}]);
    stage.world.call(&stage.ann, "PUT", "/users/me/preferences", mark).await.json(200);
    assert_eq!(stage.shown().await[..2], [category("favorites", &["ops"]), category("channels", &["news"])]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_fit_is_refused_or_passed_over() {
    let stage = Sidebar::new().await;
    let bob = stage.world.person("bob", "system_user").await;
    let secret = stage.world.channel(&bob, "secret", ChannelKind::Private).await;
    let refused = async |method: &str, rest: &str, body: Value, status: u16| {
        stage.world.call(&stage.ann, method, &format!("{}{rest}", stage.path), body).await.error(status);
    };
    refused("POST", "", json!({"display_name": " "}), 400).await;
    refused("POST", "", json!({"display_name": "a", "sorting": "by heart"}), 400).await;
    refused("POST", "", json!({"display_name": "a", "user_id": bob.id}), 400).await;
    refused("PUT", "", json!([{"id": "unknown"}]), 404).await;
    refused("DELETE", &format!("/{}", stage.fixed("channels")), Value::Null, 400).await;
    refused("PUT", "/order", json!([stage.fixed("channels")]), 400).await;
    let of_bob = format!("/users/{}/teams/{}/channels/categories", bob.id, stage.world.team);
    stage.world.call(&stage.ann, "GET", &of_bob, Value::Null).await.error(403);
    let made = stage.call("POST", "", json!({"display_name": "Mine", "channel_ids": [secret.id, stage.ops.id]})).await;
    assert_eq!(made["channel_ids"], json!([stage.ops.id]), "not what one does not belong to");
    // A channel does not stand among the conversations.
    stage.call("PUT", "", json!([{"id": stage.fixed("direct_messages"), "channel_ids": [stage.ops.id]}])).await;
    assert_eq!(stage.shown().await[1], category("Mine", &["ops"]));
}
