//! From a code to a live connection, and what a failure on the way leaves behind.

use rialto_app::connections::{self as records, NewConnection};
use rialto_federation::connections::{Error, accept_invitation, create_invitation};
use rialto_model::PeerProfile;
use rialto_wire::federation::topic;
use rialto_wire::invitation::OpenError;

use crate::harness::{Fault, Network, Server, connect, strangers};

fn named(name: &str) -> NewConnection {
    NewConnection { name: name.to_owned(), ..NewConnection::default() }
}

async fn code(inviter: &Server, name: &str) -> String {
    let made = create_invitation(inviter.federation(), &inviter.admin.actor, named(name), "secret of both").await;
    made.unwrap_or_else(|error| panic!("no code: {error}")).code
}

async fn accept(acceptor: &Server, name: &str, password: &str, code: &str) -> Result<bool, Error> {
    let accepted = accept_invitation(acceptor.federation(), &acceptor.admin.actor, named(name), password, code).await?;
    assert!(accepted.remote.is_live());
    Ok(accepted.called_back)
}

async fn connections(server: &Server) -> usize {
    records::list(server.app(), &server.admin.actor, true).await.unwrap().len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_accepted_code_connects_both_servers() {
    let (_, alpha, beta) = strangers().await;
    let id = connect(&alpha, &beta).await;
    for (server, other) in [(&alpha, &beta), (&beta, &alpha)] {
        let remote = server.remote(&id).await;
        assert!(remote.is_live() && remote.is_online(server.clock.now(), 300_000));
        assert_eq!((remote.name.as_str(), remote.display_name.clone()), (other.name, other.title()));
        assert_eq!(remote.site_url.as_deref(), Some(other.site.as_str()));
        assert_eq!(remote.profile, PeerProfile::Rialto);
        assert!(remote.has("connection") && remote.has("share"), "{}", remote.caps);
        assert!(!remote.unrotated);
    }
}

/// T-6227.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_token_of_a_code_opens_nothing_once_it_was_accepted() {
    let (_, alpha, beta) = strangers().await;
    let code = code(&alpha, "beta").await;
    let content = rialto_wire::invitation::open(&code, "secret of both").unwrap();
    let open = async || records::authenticate(alpha.app(), &content.remote_id, &content.token).await.unwrap();
    assert!(open().await.is_none(), "before it is accepted it opens the confirmation only");
    assert!(accept(&beta, "alpha", "secret of both", &code).await.unwrap(), "the inviter calls back at once");
    assert!(open().await.is_none());
    // What each presents is only the other's to know: four different secrets.
    let id = content.remote_id.parse().unwrap();
    let (_, of_alpha) = records::peer_token(alpha.app(), &id).await.unwrap().unwrap();
    let (_, of_beta) = records::peer_token(beta.app(), &id).await.unwrap().unwrap();
    assert!(of_alpha != of_beta && of_alpha != content.token && of_beta != content.token);
    assert!(records::authenticate(beta.app(), id.as_str(), &of_alpha).await.unwrap().is_some());
    assert!(records::authenticate(alpha.app(), id.as_str(), &of_beta).await.unwrap().is_some());
    assert!(records::authenticate(alpha.app(), id.as_str(), &of_alpha).await.unwrap().is_none());
}

/// E-005.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_is_accepted_once_and_by_nobody_else() {
    let (network, alpha, beta) = strangers().await;
    let gamma = Server::new(&network, "gamma", 3).await;
    let code = code(&alpha, "beta").await;
    accept(&beta, "alpha", "secret of both", &code).await.unwrap();
    let again = accept(&beta, "alpha-again", "secret of both", &code).await.unwrap_err();
    assert!(matches!(again, Error::Record(records::Error::Known(_))), "{again}");
    match accept(&gamma, "alpha", "secret of both", &code).await.unwrap_err() {
        Error::Refused { status: 400, id, .. } => assert_eq!(id, "api.context.invitation_used.error"),
        other => panic!("{other}"),
    }
    assert_eq!(connections(&gamma).await, 0, "nothing remains of a refused acceptance");
}

/// E-008.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_runs_out_by_the_inviters_clock() {
    let (network, alpha, beta) = strangers().await;
    let code = code(&alpha, "beta").await;
    network.clock.advance(48 * 3_600_000);
    match accept(&beta, "alpha", "secret of both", &code).await.unwrap_err() {
        Error::Expired { at } => assert!(at.is_some(), "the code says when"),
        other => panic!("{other}"),
    }
    assert_eq!(connections(&beta).await, 0);
}

/// E-010.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_opens_nothing_and_too_many_have_to_wait() {
    let (network, alpha, beta) = strangers().await;
    let code = code(&alpha, "beta").await;
    for _ in 0..10 {
        let error = accept(&beta, "alpha", "another secret", &code).await.unwrap_err();
        assert!(matches!(error, Error::Open(OpenError::CannotDecrypt)), "{error}");
    }
    let error = accept(&beta, "alpha", "secret of both", &code).await.unwrap_err();
    assert!(matches!(error, Error::Throttled { .. }), "{error}");
    assert_eq!(network.count(), 0, "the peer heard nothing");
    network.clock.advance(300_000);
    accept(&beta, "alpha", "secret of both", &code).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_answer_to_the_confirmation_is_asked_for_again() {
    let (network, alpha, beta) = strangers().await;
    let code = code(&alpha, "beta").await;
    let mut lost = false;
    network.fail(move |sent| {
        let first = sent.topic == topic::CONFIRM && !std::mem::replace(&mut lost, true);
        first.then_some(Fault::LostAnswer)
    });
    accept(&beta, "alpha", "secret of both", &code).await.unwrap();
    let id = rialto_wire::invitation::open(&code, "secret of both").unwrap().remote_id.parse().unwrap();
    assert!(alpha.remote(&id).await.is_live() && beta.remote(&id).await.is_live());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_acceptance_that_failed_can_be_repeated() {
    let (network, alpha, beta) = strangers().await;
    let code = code(&alpha, "beta").await;
    for fault in [Fault::Refused, Fault::Status(500), Fault::LostAnswer] {
        network.fail(move |sent| (sent.topic == topic::CONFIRM).then_some(fault));
        let error = accept(&beta, "alpha", "secret of both", &code).await.unwrap_err();
        assert!(matches!(error, Error::Unreachable { .. } | Error::Refused { status: 500, .. }), "{error}");
        assert_eq!(connections(&beta).await, 0, "{fault:?}");
    }
    network.heal();
    // The last attempt reached the inviter, whose answer never came: the same words again are answered again.
    accept(&beta, "alpha", "secret of both", &code).await.unwrap();
    let id = rialto_wire::invitation::open(&code, "secret of both").unwrap().remote_id.parse().unwrap();
    assert!(alpha.remote(&id).await.is_live());
}

/// E-004, E-026.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_connects_to_themselves_or_twice_to_the_same_server() {
    let (_, alpha, beta) = strangers().await;
    let own = code(&alpha, "self").await;
    let error = accept(&alpha, "me", "secret of both", &own).await.unwrap_err();
    assert!(matches!(error, Error::Own), "{error}");
    connect(&alpha, &beta).await;
    let second = code(&alpha, "beta-again").await;
    let error = accept(&beta, "alpha-again", "secret of both", &second).await.unwrap_err();
    assert!(matches!(error, Error::Record(records::Error::SameSite(_))), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_holders_of_the_permission_make_and_accept_codes() {
    let (_, alpha, beta) = strangers().await;
    let (ann, bob) = (alpha.person("ann").await, beta.person("bob").await);
    let made = create_invitation(alpha.federation(), &ann.actor, named("beta"), "secret of both").await;
    assert!(matches!(made.map(|_| ()), Err(Error::Record(records::Error::Denied(_)))));
    let code = code(&alpha, "beta").await;
    let accepted = accept_invitation(beta.federation(), &bob.actor, named("alpha"), "secret of both", &code).await;
    assert!(matches!(accepted.map(|_| ()), Err(Error::Record(records::Error::Denied(_)))));
    assert_eq!(connections(&beta).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_confirmed_who_could_never_be_called() {
    let network = Network::new();
    let alpha = Server::new(&network, "alpha", 1).await;
    // By its settings alpha calls nobody without TLS.
    let plain = |settings: &mut rialto_app::Settings| settings.site_url = Some("http://beta.example.org".to_owned());
    let beta = Server::with(&network, "beta", 2, plain).await;
    // A name that leads where alpha never calls.
    let gamma = Server::new(&network, "gamma", 3).await;
    network.forbid(&gamma.site);
    for server in [&beta, &gamma] {
        let code = code(&alpha, server.name).await;
        let error = accept(server, "alpha", "secret of both", &code).await.unwrap_err();
        assert!(matches!(error, Error::Refused { .. }), "{error}");
        assert_eq!(connections(server).await, 0);
    }
    let list = records::list(alpha.app(), &alpha.admin.actor, true).await.unwrap();
    assert!(list.len() == 2 && list.iter().all(|remote| remote.confirmed_at.is_none()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupted_acceptance_stands_in_nobodys_way() {
    let (network, alpha, beta) = strangers().await;
    let code = code(&alpha, "beta").await;
    // Whoever accepts hangs up while the peer thinks about it.
    network.fail(|sent| (sent.topic == topic::CONFIRM).then_some(Fault::Hang));
    let start = network.count();
    {
        let mut attempt = std::pin::pin!(accept(&beta, "alpha", "secret of both", &code));
        tokio::select! {
            _ = &mut attempt => panic!("the peer does not answer"),
            () = crate::harness::eventually("it was sent", async || (network.count() > start).then_some(())) => {}
        }
    }
    assert_eq!(connections(&beta).await, 1, "it is under way");
    network.fail(|sent| (sent.topic == topic::CONFIRM).then_some(Fault::Refused));
    network.release();
    crate::harness::eventually("nothing remains", async || (connections(&beta).await == 0).then_some(())).await;
    network.heal();
    assert!(accept(&beta, "alpha", "secret of both", &code).await.unwrap());
}

/// What a crash between our word and the peer's answer leaves behind.
async fn half_accepted(server: &Server, code: &str, token: &str) -> rialto_model::RemoteId {
    let content = rialto_wire::invitation::open(code, "secret of both").unwrap();
    let acceptance = records::Acceptance {
        new: named("alpha"),
        remote_id: content.remote_id.parse().unwrap(),
        site_url: content.site_url.clone(),
        remote_team_id: String::new(),
        own_token: "o".repeat(26),
        peer_token: token.to_owned(),
        profile: PeerProfile::Unknown,
        unrotated: false,
    };
    records::begin_acceptance(server.app(), &server.admin.actor, &acceptance).await.unwrap().id
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_crash_left_of_an_acceptance_is_settled_by_asking_the_peer() {
    let (_, alpha, beta) = strangers().await;
    let code = code(&alpha, "beta").await;
    let id = half_accepted(&beta, &code, &"p".repeat(26)).await;
    rialto_federation::connections::settle_interrupted(beta.federation()).await.unwrap();
    assert_eq!(connections(&beta).await, 1, "perhaps it is still under way");
    beta.clock.advance(130_000);
    rialto_federation::connections::settle_interrupted(beta.federation()).await.unwrap();
    assert_eq!(connections(&beta).await, 0, "the peer knows nothing of it");
    // Removed by hand it does not spoil the code either.
    half_accepted(&beta, &code, &"p".repeat(26)).await;
    records::remove(beta.app(), &beta.admin.actor, &id).await.unwrap();
    assert!(accept(&beta, "alpha", "secret of both", &code).await.unwrap());
    assert!(beta.remote(&id).await.is_live());
}

/// E-001, E-026: both have made a code for the other; the second acceptance is refused, and there is one connection.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_codes_for_each_other_one_connects() {
    let (_, alpha, beta) = strangers().await;
    let (of_alpha, of_beta) = (code(&alpha, "beta").await, code(&beta, "alpha-too").await);
    assert!(accept(&beta, "alpha", "secret of both", &of_alpha).await.is_ok());
    let again = accept(&alpha, "beta-too", "secret of both", &of_beta).await;
    assert!(
        matches!(again, Err(Error::Record(records::Error::SameSite(ref known))) if known.name == "beta"),
        "{again:?}"
    );
    for server in [&alpha, &beta] {
        let list = records::list(server.app(), &server.admin.actor, true).await.unwrap();
        assert_eq!(list.iter().filter(|remote| remote.is_live()).count(), 1, "{}", server.name);
    }
}
