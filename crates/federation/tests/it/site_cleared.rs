//! A server whose own address was cleared goes on with whom it knows.

use rialto_app::connections::NewConnection;
use rialto_federation::connections::{Error, accept_invitation, create_invitation};
use rialto_model::Post;

use crate::harness::{Pair, Server};

/// The text of a message as it left its server.
fn on_the_wire(pair: &Pair, post: &Post) -> String {
    let frames = pair.network.log();
    let posts = frames.iter().filter_map(|sent| sent.payload["posts"].as_array()).flatten();
    let sent = posts.into_iter().find(|one| one["id"] == post.id.as_str()).expect("it was sent");
    sent["message"].as_str().unwrap_or_default().to_owned()
}

/// E-120: running connections go on, both ways; nothing new is made or accepted, with that as the reason; links to the
/// server's own messages stay as they were written.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn running_connections_go_on_without_an_own_address() {
    let pair = Pair::new().await.settled().await;
    let target = pair.alpha.post(&pair.ann, &pair.channel, "the target").await;
    let link = format!("see {}/alpha/pl/{}", pair.alpha.site, target.id);
    let rewritten = pair.alpha.post(&pair.ann, &pair.channel, &link).await;
    pair.beta.arrives(&rewritten.id).await;
    assert_ne!(on_the_wire(&pair, &rewritten), link, "with an address it is one that others understand");
    let code = {
        let gamma = Server::new(&pair.network, "gamma", 3).await;
        let new = NewConnection { name: "alpha".to_owned(), ..NewConnection::default() };
        create_invitation(gamma.federation(), &gamma.admin.actor, new, "secret of both").await.unwrap().code
    };
    let mut settings = (*pair.alpha.app().settings.get()).clone();
    settings.site_url = None;
    pair.alpha.app().settings.set(settings);

    let plain = pair.alpha.post(&pair.ann, &pair.channel, &link).await;
    pair.beta.arrives(&plain.id).await;
    assert_eq!(on_the_wire(&pair, &plain), link);
    let back = pair.beta.post(&pair.bob, &pair.channel, "we hear you").await;
    pair.alpha.arrives(&back.id).await;
    let admin = &pair.alpha.admin.actor;
    let new = || NewConnection { name: "gamma".to_owned(), ..NewConnection::default() };
    let made = create_invitation(pair.alpha.federation(), admin, new(), "secret of both").await;
    assert!(matches!(made, Err(Error::NoSiteUrl)));
    let accepted = accept_invitation(pair.alpha.federation(), admin, new(), "secret of both", &code).await;
    assert!(matches!(accepted, Err(Error::NoSiteUrl)));
}
