//! Connections made without a handshake: a code takes longer to derive than a test to run.

use rialto_app::connections::consumer;
use rialto_model::names::connection_handle;
use rialto_model::{DomainEvent, Origin, PeerProfile, RemoteCluster, RemoteId, Scope};
use rialto_store::remotes::Secrets;
use rialto_store::{outbox, remotes};

use super::Server;

/// Connects two servers as a handshake between Rialtos leaves them; each calls the other by its name.
pub async fn trust(one: &Server, other: &Server) -> RemoteId {
    let app = one.app();
    let id = app.ids.id(RemoteId::from_random);
    let (there, back) = (app.ids.token(), app.ids.token());
    confirmed(one, other, id, &back, &there).await;
    confirmed(other, one, id, &there, &back).await;
    id
}

/// A row of `server`: `peer` presents `inward`, and is presented `outward`.
async fn confirmed(server: &Server, peer: &Server, id: RemoteId, inward: &str, outward: &str) {
    let app = server.app();
    let now = app.clock.now();
    let remote = RemoteCluster {
        id,
        name: peer.name.to_owned(),
        handle: connection_handle(peer.name).unwrap(),
        display_name: peer.title(),
        description: String::new(),
        site_url: Some(peer.site.clone()),
        default_team_id: Some(server.team),
        remote_team_id: String::new(),
        creator_id: server.admin.user.id,
        create_at: now,
        confirmed_at: Some(now),
        delete_at: None,
        deleted_by: None,
        severed: false,
        last_ping_at: None,
        profile: PeerProfile::Rialto,
        caps: String::new(),
        unrotated: false,
        interrupted_at: None,
        failing_since: None,
        last_error: String::new(),
    };
    let secrets = Secrets {
        token_hash: app.keys.hash_token(inward),
        remote_token: app.keys.seal(&app.ids, outward),
        confirmation: String::new(),
    };
    let mut tx = app.db.begin(now).await.unwrap();
    remotes::insert(&mut tx, &remote, &secrets).await.unwrap();
    remotes::update(&mut tx, &remote).await.unwrap();
    let head = *app.bus.settled().borrow();
    outbox::move_cursor(&mut tx, &consumer(&id), None, head).await.unwrap();
    tx.record(Scope::Server, Origin::Local, DomainEvent::RemoteChanged { remote: id });
    tx.commit().await.unwrap();
}
