//! A real server put back to a backup: `rialto restore` says so, and what was lost comes back from the other one.

use rialto_testkit::{Database, Organisation, TestServer, both, connect, share};

async fn brisk(name: &str, database: Database) -> Organisation {
    let server = TestServer::new(name, database).await;
    Organisation::found(server.with("MM_CONNECTEDWORKSPACESSETTINGS_PINGINTERVALSECONDS", "5")).await
}

/// E-028, ruling 66.
#[tokio::test]
async fn a_restored_server_gets_back_what_it_lost() {
    both(async |database| {
        let a = brisk("acme", database).await;
        let mut b = brisk("globex", database).await;
        let id = connect(&a, &b).await;
        let ops = a.channel("ops", "O").await;
        let anna = a.member_of(&ops, "anna").await;
        share(&a, &ops, &id, &b).await;
        let mut berta = b.member_of(&ops, "berta").await;
        anna.write(&ops, "before").await;
        berta.see(&ops, "before").await;
        berta.write(&ops, "also before").await;
        anna.see(&ops, "also before").await;

        b.server.stop().await;
        let backup = b.server.back_up().await;
        b.server.start().await;
        berta.renew().await;
        anna.write(&ops, "lost there").await;
        berta.see(&ops, "lost there").await;
        berta.write(&ops, "lost with it").await;
        anna.see(&ops, "lost with it").await;
        b.server.kill().await;

        b.server.put_back(backup);
        let (done, said) = b.server.command("restore").await;
        assert!(done && said.contains("The restore is declared"), "{said}");
        b.server.start().await;
        berta.renew().await;
        let all = ["before", "also before", "lost there", "lost with it"];
        for text in all {
            berta.see(&ops, text).await;
        }
        berta.write(&ops, "and on").await;
        anna.see(&ops, "and on").await;
        for person in [&anna, &berta] {
            let held = person.messages(&ops).await;
            for text in all {
                assert_eq!(held.values().filter(|post| post["message"] == text).count(), 1, "{text}");
            }
        }
        let answer = a.command(&format!("/secure-connection resume --connectionID {id}")).await;
        assert!(answer.contains("is not held"), "{answer}");
        let answer = b.command(&format!("/secure-connection recover --connectionID {id}")).await;
        assert!(answer.contains("No channel"), "of a channel of the other side nobody is asked: {answer}");
    })
    .await;
}

/// A folder without a server is not made into one.
#[tokio::test]
async fn nothing_is_restored_where_nothing_was() {
    let server = TestServer::new("nobody", Database::Sqlite).await;
    let (done, said) = server.command("restore").await;
    assert!(!done && said.contains("there is no server"), "{said}");
    assert!(!server.data().join("rialto.db").exists());
}
