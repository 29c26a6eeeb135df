//! Two servers and their administrators, from the first invitation to the last goodbye (behaviour 2.9, rulings 41, 45).

use rialto_app::access::Denied;
use rialto_app::posts::{self, NewPost};
use rialto_app::{channels, connections};
use rialto_federation::transport::Step;
use rialto_model::{Channel, ChannelId, RemoteId};

use crate::loopback::{Net, Organisation, Site, code_in, row};

/// Makes an invitation at `a` and accepts it at `b`; the id both sides know.
async fn connect(a: &Organisation, b: &Organisation, town: (&Channel, &Channel)) -> RemoteId {
    let made = a
        .command(town.0, "/secure-connection create --name AcmeEU --displayname “Acme Europe” --password examplepassword")
        .await;
    let line = format!(
        "/secure-connection accept --name AcmeUS --displayname “AcmeUSA“ --password examplepassword --invite {}",
        code_in(&made)
    );
    let accepted = b.command(town.1, &line).await;
    assert!(accepted.contains("Invitation accepted"), "{accepted}");
    let id = connections::list(&a.app, &a.admin.actor, false).await.unwrap()[0].id;
    online(a, "AcmeEU").await;
    online(b, "AcmeUS").await;
    id
}

async fn online(organisation: &Organisation, name: &str) {
    let offline_after = organisation.app.settings.get().offline_after_ms();
    organisation
        .until("the connection is online", async || {
            let all = connections::list(&organisation.app, &organisation.admin.actor, false).await.unwrap();
            all.iter().any(|one| one.name == name && one.is_online(organisation.app.clock.now(), offline_after))
        })
        .await;
}

async fn say(organisation: &Organisation, channel: &ChannelId, message: &str) -> Result<posts::PostAnswer, posts::Error> {
    let new = NewPost { message: message.to_owned(), ..NewPost::default() };
    posts::create(&organisation.app, &organisation.admin.actor, channel, new).await
}

/// The messages people wrote in a channel, oldest first.
async fn said(organisation: &Organisation, channel: &ChannelId) -> Vec<String> {
    let window = posts::Window::default();
    let page = posts::window(&organisation.app, &organisation.admin.actor, channel, window).await.unwrap();
    let mut list: Vec<_> = page.posts.into_iter().filter(|post| !post.is_system()).collect();
    list.sort_by_key(|post| post.create_at);
    list.into_iter().map(|post| post.message).collect()
}
