//! Codes go from hand to hand: what is made of one is told to who made it, and to nobody else.

use rialto_app::connections::NewConnection;
use rialto_federation::connections::create_invitation;
use rialto_model::{DomainEvent, Seq};
use rialto_store::log;

use crate::harness::strangers;

/// SC-027, SC-035: making a code sends nothing and writes to nobody; it is delivered by people.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_goes_nowhere_by_itself() {
    let (network, alpha, _beta) = strangers().await;
    let ann = alpha.person("ann").await;
    let channel = alpha.channel("plans", &[&ann]).await;
    let head = async || log::list(&mut alpha.view().await, Seq(0), Seq(i64::MAX), 10_000).await.unwrap();
    let (before, texts) = (head().await.len(), alpha.texts(&channel).await);
    let new = NewConnection { name: "beta".to_owned(), ..NewConnection::default() };
    let made = create_invitation(alpha.federation(), &alpha.admin.actor, new, "secret of both").await;
    let code = made.unwrap_or_else(|error| panic!("no code: {error}")).code;
    assert!(code.len() > 100);
    assert_eq!(network.count(), 0, "no server heard of it");
    let since = head().await.split_off(before);
    assert!(!since.is_empty(), "the connection was made");
    for recorded in since {
        let about_it = matches!(recorded.event, DomainEvent::RemoteChanged { .. });
        assert!(about_it, "nobody is written to: {:?}", recorded.event);
    }
    assert_eq!(alpha.texts(&channel).await, texts);
}
