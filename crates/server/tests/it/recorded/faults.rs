//! A 5.37 that fails in each of the recorded ways, and one that was away: everything arrives in the end, by itself.

use rialto_testkit::peer::{Fault, On};
use rialto_testkit::replay::{Entry, Side};
use rialto_testkit::{LONG, both, wait_for};

use super::stage::{OUTAGE, Stage, recorded, scenario};

#[tokio::test]
async fn what_a_fault_kept_arrives_without_another_post() {
    both(async |database| {
        let mut stage = Stage::home(database).await;
        let channel = stage.share_recorded(OUTAGE, "outage", "O", &["alice"]).await;
        let alice = stage.person("alice").clone();
        let faults = [
            ("fault 500", Fault::Status(500)),
            ("fault 401", Fault::Status(401)),
            ("response lost", Fault::LostAnswer),
            ("connection broken", Fault::Broken),
            ("not json", Fault::Garbage),
            ("status fail", Fault::Fail("injected".to_owned())),
            ("post that the peer reports in post_errors", Fault::PostErrors),
            ("asked to come later", Fault::Status(503)),
        ];
        for (message, fault) in faults {
            stage.peer.misbehave(On::Posts, 1, fault.clone());
            let post = alice.write(&channel, message).await;
            stage.peer.wait_request(message, |request| request.post_ids().contains(&super::id(&post))).await;
            if fault == Fault::Status(401) {
                // Taken as "does not accept our credential"; the peer's next sign of life starts us again (ruling 19, 26).
                stage.peer.ping(&stage.remote_id()).await.ok();
            }
            wait_for(&format!("{message:?} to arrive after {fault:?}"), LONG, async || {
                stage.peer.world().find(message).cloned()
            })
            .await;
        }
        assert_eq!(stage.peer.world().messages(&channel).len(), 8);
        let order = |message: &str| stage.peer.world().find(message).unwrap().wire["create_at"].as_i64();
        assert!(order("fault 500") < order("asked to come later"));
    })
    .await;
}

#[tokio::test]
async fn their_repetitions_are_absorbed() {
    both(async |database| {
        let stage = Stage::guest(database).await;
        stage.share_outage_channel().await;
        let mut sent = std::collections::BTreeSet::new();
        for entry in scenario("41-faults") {
            let Entry::Exchange(exchange) = entry else { continue };
            // What the recorder kept from B is kept from us too; what B took twice is sent twice.
            let reached = exchange.fault.as_deref().is_none_or(|fault| !fault.contains("did not reach"));
            if exchange.is_from(Side::A) && reached {
                stage.announce_authors(&exchange).await;
                stage.play_accepted(&exchange).await;
                let posts = exchange.payload()["posts"].as_array().cloned().unwrap_or_default();
                sent.extend(posts.iter().map(super::id));
            }
        }
        let held: std::collections::BTreeSet<_> = stage.org.admin.messages(OUTAGE).await.into_keys().collect();
        assert_eq!(held, sent);
        assert!(!sent.is_empty());
    })
    .await;
}

/// E-032.
#[tokio::test]
async fn half_a_minute_away_and_nothing_else_happens() {
    both(async |database| {
        let mut stage = Stage::home(database).await;
        let channel = stage.share_recorded(OUTAGE, "outage", "O", &["alice"]).await;
        let alice = stage.person("alice").clone();
        alice.write(&channel, "before").await;
        stage.peer.see("before").await;
        stage.peer.go_down();
        alice.write(&channel, "short outage message").await;
        stage.peer.go_up().await;
        // No further post is needed to bring it over.
        wait_for("the message of meanwhile", LONG, async || stage.peer.world().find("short outage message").cloned())
            .await;
        // The recorded home sends it once more together with the next one; as a guest we take that once.
        let guest = Stage::guest(database).await;
        guest.share_outage_channel().await;
        let late = recorded("31-offline-30-seconds", Side::A, |exchange| {
            exchange.payload()["posts"].as_array().is_some_and(|posts| posts.len() == 2)
        });
        guest.announce_authors(&late).await;
        guest.play_accepted(&late).await;
        guest.play_accepted(&late).await;
        assert_eq!(guest.org.admin.messages(OUTAGE).await.len(), 2);
    })
    .await;
}
