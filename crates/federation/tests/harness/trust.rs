//! Connections made without a handshake: a code takes longer to derive than a test to run.

use rialto_app::connections::consumer;
use rialto_model::names::connection_handle;
use rialto_model::{DomainEvent, Origin, PeerProfile, RemoteCluster, RemoteId, Scope};
use rialto_store::remotes::Secrets;
use rialto_store::{outbox, remotes};

use super::Server;
use super::server::title;

/// Connects two servers as a handshake between Rialtos leaves them; each calls the other by its name.
pub async fn trust(one: &Server, other: &Server) -> RemoteId {
    let app = one.app();
    let id = app.ids.id(RemoteId::from_random);
    let (there, back) = (app.ids.token(), app.ids.token());
    confirmed(one, Stranger::of(other), id, &back, &there).await;
    confirmed(other, Stranger::of(one), id, &there, &back).await;
    id
}

/// The other end of a connection, as a server knows it.
pub struct Stranger<'a> {
    pub name: &'a str,
    pub site: &'a str,
    pub profile: PeerProfile,
    /// The team it named, or nothing.
    pub team: &'a str,
}

impl<'a> Stranger<'a> {
    fn of(server: &'a Server) -> Self {
        Self { name: server.name, site: &server.site, profile: PeerProfile::Rialto, team: "" }
    }
}

/// A row of `server`: `peer` presents `inward`, and is presented `outward`.
pub async fn confirmed(server: &Server, peer: Stranger<'_>, id: RemoteId, inward: &str, outward: &str) {
    let app = server.app();
    let now = app.clock.now();
    let remote = RemoteCluster {
        id,
        name: peer.name.to_owned(),
        handle: connection_handle(peer.name).unwrap(),
        display_name: title(peer.name),
        description: String::new(),
        site_url: Some(peer.site.to_owned()),
        default_team_id: Some(server.team),
        remote_team_id: peer.team.to_owned(),
        creator_id: server.admin.user.id,
        create_at: now,
        confirmed_at: Some(now),
        delete_at: None,
        deleted_by: None,
        severed: false,
        last_ping_at: None,
        profile: peer.profile,
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
