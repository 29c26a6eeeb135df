//! Two servers and their administrators, from the first invitation to the last goodbye (behaviour 2.9, rulings 41, 45).

use rialto_app::access::Denied;
use rialto_app::posts::{self, NewPost, Window};
use rialto_app::{channels, connections, shares};
use rialto_federation::transport::Step;
use rialto_model::{Channel, ChannelId, RemoteId, ShareMode, ShareState};

use crate::loopback::{Net, Organisation, Site, code_in, row};

const CREATE: &str = "/secure-connection create --name AcmeEU --displayname “Acme Europe” --password examplepassword";

fn accept_line(code: &str) -> String {
    format!(
        "/secure-connection accept --name AcmeUS --displayname “AcmeUSA“ --password examplepassword --invite {code}"
    )
}

/// Makes an invitation at `a` and accepts it at `b`; the id both sides know.
pub async fn connect(a: &Organisation, b: &Organisation, town: (&Channel, &Channel)) -> RemoteId {
    let line = accept_line(&code_in(&a.command(town.0, CREATE).await));
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

async fn say(organisation: &Organisation, channel: &ChannelId, message: &str) -> Result<(), posts::Error> {
    // A second after what came before, so that order and "before sharing" are never a matter of luck.
    organisation.app.clock.advance(1_000);
    let new = NewPost { message: message.to_owned(), ..NewPost::default() };
    posts::create(&organisation.app, &organisation.admin.actor, channel, new).await.map(|_| ())
}

/// The messages people wrote in a channel, oldest first.
async fn said(organisation: &Organisation, channel: &ChannelId) -> Vec<String> {
    let actor = &organisation.admin.actor;
    let page = posts::window(&organisation.app, actor, channel, Window::Page(0), 100, false).await.unwrap();
    let mut list: Vec<_> = page.posts.into_iter().filter(|post| !post.is_system()).collect();
    list.sort_by_key(|post| post.create_at);
    list.into_iter().map(|post| post.message).collect()
}

pub async fn copy(organisation: &Organisation, id: &ChannelId) -> Option<Channel> {
    channels::get(&organisation.app, &organisation.admin.actor, id).await.ok()
}

async fn share_state(organisation: &Organisation, id: &ChannelId) -> Option<(ShareMode, ShareState)> {
    let (_, rows) = shares::list(&organisation.app, &organisation.admin.actor, id).await.ok()?;
    rows.first().map(|row| (row.share.mode, row.share.state))
}

/// Waits until nothing waits for the peer any more.
async fn delivered(organisation: &Organisation, channel: &Channel, name: &str) {
    organisation
        .until("everything is delivered", async || {
            row(&organisation.command(channel, "/share-channel status").await, name)["State"] == "active"
        })
        .await;
}

async fn pair(net: &Net) -> (Organisation, Organisation, Channel, Channel) {
    let (a, b) = (Organisation::start(net, "acme-us", 1).await, Organisation::start(net, "acme-eu", 2).await);
    let (town_a, town_b) = (a.channel("town").await, b.channel("town").await);
    (a, b, town_a, town_b)
}

/// SC-046, SC-052, SC-069.
#[tokio::test]
async fn the_worked_dialogue_of_the_specification() {
    let net = Net::default();
    let (a, b, town_a, town_b) = pair(&net).await;

    // 1, 2.
    let made = a.command(&town_a, CREATE).await;
    for part in ["Invitation created", "**Acme Europe**", "The password is weak", "https://acme-us.example", "AES-256"]
    {
        assert!(made.contains(part), "{part} in {made}");
    }
    assert!(!made.contains("examplepassword"));
    let accepted = b.command(&town_b, &accept_line(&code_in(&made))).await;
    for part in ["Invitation accepted", "**AcmeUSA**", "https://acme-us.example", "Team acme-eu"] {
        assert!(accepted.contains(part), "{part} in {accepted}");
    }
    assert!(!accepted.contains("does not reach") && !accepted.contains("examplepassword"), "{accepted}");
    online(&a, "AcmeEU").await;
    online(&b, "AcmeUS").await;
    let id = connections::list(&a.app, &a.admin.actor, false).await.unwrap()[0].id;

    // 3.
    for (side, town, name, label, url, team) in [
        (&a, &town_a, "AcmeEU", "Acme Europe", "https://acme-eu.example", "Team acme-us"),
        (&b, &town_b, "AcmeUS", "AcmeUSA", "https://acme-us.example", "Team acme-eu"),
    ] {
        let table = row(&side.command(town, "/secure-connection status").await, name);
        let expected = [
            ("Description", label),
            ("Connection ID", id.as_str()),
            ("Connection URL", url),
            ("Default team", team),
            ("Invite accepted", "Yes"),
            ("Online", "Yes"),
            ("Last ping (UTC)", "2026-09-21 14:13:20 UTC"),
            ("Deleted", "No"),
        ];
        for (column, value) in expected {
            assert_eq!(table[column], value, "{column} at {name}");
        }
    }

    // 4.
    let ops = a.channel("ops").await;
    let answer = a.command(&ops, &format!("/share-channel invite --connectionID {id} --readonly")).await;
    for part in ["now shared", "sent to **Acme Europe** (https://acme-eu.example)", "read-only"] {
        assert!(answer.contains(part), "{part} in {answer}");
    }
    b.until("the copy is there", async || copy(&b, &ops.id).await.is_some_and(|copy| copy.shared)).await;
    a.until("the share is active", async || {
        share_state(&a, &ops.id).await == Some((ShareMode::ReadOnly, ShareState::Active))
    })
    .await;
    let refused = say(&b, &ops.id, "hello?").await;
    assert!(matches!(refused, Err(posts::Error::Denied(Denied::ReadOnlyShare))), "{refused:?}");
    say(&a, &ops.id, "read this").await.unwrap();
    b.until("the message is there", async || said(&b, &ops.id).await == ["read this"]).await;

    // 5. On the copy the command works although nobody writes there.
    delivered(&a, &ops, "AcmeEU").await;
    let status = a.command(&ops, "/share-channel status").await;
    assert!(status.contains(ops.id.as_str()) && status.contains("home is this server"), "{status}");
    let table = row(&status, "AcmeEU");
    for (column, value) in [("Read only channel", "True"), ("Invite accepted", "Yes"), ("Online", "Yes")] {
        assert_eq!(table[column], value, "{column}");
    }
    assert_eq!(table["State"], "active");
    delivered(&b, &copy(&b, &ops.id).await.unwrap(), "AcmeUS").await;
    let there = b.command(&copy(&b, &ops.id).await.unwrap(), "/share-channel status").await;
    assert!(there.contains("home is **AcmeUSA**") && row(&there, "AcmeUS")["State"] == "active", "{there}");

    // 6.
    let ended = a.command(&ops, &format!("/share-channel uninvite --connectionID {id}")).await;
    assert!(ended.contains("no longer shared with **Acme Europe**") && ended.contains("is being told"), "{ended}");
    let again = a.command(&ops, &format!("/share-channel invite --connectionID {id}")).await;
    assert!(again.contains("now shared") && again.contains("participation"), "{again}");
    a.until("the share is active again", async || {
        share_state(&a, &ops.id).await == Some((ShareMode::Participation, ShareState::Active))
    })
    .await;
    let back = copy(&b, &ops.id).await.unwrap();
    assert_eq!(back.name, "ops", "the same copy goes on");
    say(&b, &ops.id, "hello!").await.unwrap();
    a.until("the answer is there", async || said(&a, &ops.id).await == ["read this", "hello!"]).await;
    assert_eq!(row(&a.command(&ops, "/share-channel status").await, "AcmeEU")["Read only channel"], "False");

    // 7.
    for reference in [id.as_str(), "AcmeC", &"c".repeat(26)] {
        let refused = b.command(&back, &format!("/share-channel invite --connectionID {reference}")).await;
        assert!(refused.contains("originates from **AcmeUSA**"), "{refused}");
    }

    // 8.
    let over = a.command(&ops, "/share-channel unshare").await;
    assert!(over.contains("no longer shared") && over.contains("**Acme Europe**"), "{over}");
    b.until("the copy is no longer shared", async || !copy(&b, &ops.id).await.unwrap().shared).await;
    assert!(!copy(&a, &ops.id).await.unwrap().shared);
    for side in [&a, &b] {
        assert_eq!(said(side, &ops.id).await, ["read this", "hello!"]);
    }
    let status = b.command(&copy(&b, &ops.id).await.unwrap(), "/share-channel status").await;
    assert!(status.contains("shared with nobody"), "{status}");

    // 9.
    let removed = a.command(&town_a, &format!("/secure-connection remove --connectionID {id}")).await;
    assert!(removed.contains("was removed") && removed.contains("The other side was told"), "{removed}");
    assert_eq!(row(&b.command(&town_b, "/secure-connection status").await, "AcmeUS")["Deleted"], "Yes (by peer)");
    assert_eq!(row(&a.command(&town_a, "/secure-connection status").await, "AcmeEU")["Deleted"], "Yes");
    let twice = b.command(&town_b, &format!("/secure-connection remove --connectionID {id}")).await;
    assert!(twice.contains("already removed") && twice.contains("by the other side"), "{twice}");
    let gone = b.command(&town_b, &format!("/share-channel invite --connectionID {id}")).await;
    assert!(gone.contains("ended by the other side"), "{gone}");
}

/// SC-054, SC-083, M-04, E-048.
#[tokio::test]
async fn an_invitation_waits_for_a_connection_nobody_has_accepted() {
    let net = Net::default();
    let (a, b, town_a, town_b) = pair(&net).await;
    let code = code_in(&a.command(&town_a, CREATE).await);
    let ops = a.channel("ops").await;
    let queued = a.command(&ops, "/share-channel invite --connectionID acmeeu --description \"till June\"").await;
    assert!(queued.contains("queued") && queued.contains("once they have accepted"), "{queued}");
    let table = row(&a.command(&ops, "/share-channel status").await, "AcmeEU");
    assert_eq!((&*table["State"], &*table["Invite accepted"]), ("queued", "No"));
    assert_eq!(table["Description"], "Acme Europe (till June)");
    b.command(&town_b, &accept_line(&code)).await;
    b.until("the copy is there", async || copy(&b, &ops.id).await.is_some_and(|copy| copy.shared)).await;

    // The copy leaves by itself, without saying from whom.
    let copy_b = copy(&b, &ops.id).await.unwrap();
    let left = b.command(&copy_b, "/share-channel uninvite").await;
    assert!(left.contains("no longer shared with **AcmeUSA**"), "{left}");
    a.until("the home knows", async || !copy(&a, &ops.id).await.unwrap().shared).await;
    let none = a.command(&ops, "/share-channel unshare").await;
    assert!(none.contains("is not shared"), "{none}");
}

/// SC-069.
#[tokio::test]
async fn a_mode_is_changed_in_two_steps_or_with_convert() {
    let net = Net::default();
    let (a, b, town_a, town_b) = pair(&net).await;
    let id = connect(&a, &b, (&town_a, &town_b)).await;
    let ops = a.channel("ops").await;
    let invite = format!("/share-channel invite {id}");
    a.command(&ops, &invite).await;
    a.until("the share is active", async || {
        share_state(&a, &ops.id).await == Some((ShareMode::Participation, ShareState::Active))
    })
    .await;
    let same = a.command(&ops, &invite).await;
    assert!(same.contains("already invited") && same.contains("active"), "{same}");
    let other = a.command(&ops, &format!("{invite} --readonly Y")).await;
    for part in ["already invited", "--convert", &format!("uninvite --connectionID {id}"), "--readonly Y"] {
        assert!(other.contains(part), "{part} in {other}");
    }
    let converted = a.command(&ops, &format!("{invite} --readonly Y --convert")).await;
    assert!(
        converted.contains("mode of the share was changed") && converted.contains("Mode: read-only"),
        "{converted}"
    );
    a.until("the new mode is active", async || {
        share_state(&a, &ops.id).await == Some((ShareMode::ReadOnly, ShareState::Active))
    })
    .await;
    b.until("the copy has it too", async || {
        share_state(&b, &ops.id).await == Some((ShareMode::ReadOnly, ShareState::Active))
    })
    .await;
    let refused = say(&b, &ops.id, "hello?").await;
    assert!(matches!(refused, Err(posts::Error::Denied(Denied::ReadOnlyShare))), "{refused:?}");
}

/// SC-056.
#[tokio::test]
async fn what_waits_for_a_peer_that_is_away_is_counted() {
    let net = Net::default();
    let (a, b, town_a, town_b) = pair(&net).await;
    let id = connect(&a, &b, (&town_a, &town_b)).await;
    let ops = a.channel("ops").await;
    a.command(&ops, &format!("/share-channel invite {id}")).await;
    a.until("the share is active", async || {
        share_state(&a, &ops.id).await == Some((ShareMode::Participation, ShareState::Active))
    })
    .await;
    delivered(&a, &ops, "AcmeEU").await;
    let up = net.set(&b.site, Site::Fails(Step::Connect, "the connection was refused"));
    for message in ["one", "two"] {
        say(&a, &ops.id, message).await.unwrap();
    }
    a.until("both wait", async || {
        row(&a.command(&ops, "/share-channel status").await, "AcmeEU")["State"] == "active, 2 waiting"
    })
    .await;
    a.app.clock.advance(90_000);
    a.until("the failure is known", async || {
        let detail = a.command(&town_a, "/secure-connection status --connectionID AcmeEU").await;
        detail.contains("Last error: `the connection was refused`")
    })
    .await;
    let detail = a.command(&town_a, "/secure-connection status --connectionID AcmeEU").await;
    let value = |name: &str| row(&detail, name)["Value"].clone();
    assert_eq!((&*value("Waiting"), &*value("Set aside"), &*value("Shared channels")), ("2", "0", "1"));
    assert_eq!((&*value("Lag"), &*value("Created by"), &*value("Server")), ("1 min", "root", "rialto"));
    assert_eq!(value("State"), "connected");

    // Gone for long: offline, and an invitation is kept.
    a.app.clock.advance(300_000);
    let far = a.channel("far").await;
    let queued = a.command(&far, &format!("/share-channel invite {id}")).await;
    assert!(queued.contains("queued") && queued.contains("offline"), "{queued}");
    let late = a.command(&far, &format!("/share-channel uninvite {id}")).await;
    assert!(!late.contains("told"), "nothing was ever sent: {late}");
    let over = a.command(&ops, "/share-channel unshare").await;
    assert!(over.contains("told when they are back"), "{over}");
    let removed = a.command(&town_a, &format!("/secure-connection remove {id}")).await;
    assert!(removed.contains("could not be reached"), "{removed}");
    drop(up);
}

#[tokio::test]
async fn a_home_is_told_of_an_end_its_guest_has_not_even_begun_to_send_to() {
    let net = Net::default();
    let (a, b) = (Organisation::start(&net, "acme-us", 1).await, Organisation::start_asleep(&net, "acme-eu", 2).await);
    let (town_a, town_b) = (a.channel("town").await, b.channel("town").await);
    let code = code_in(&a.command(&town_a, CREATE).await);
    b.command(&town_b, &accept_line(&code)).await;
    let ops = a.channel("ops").await;
    a.command(&ops, "/share-channel invite AcmeEU").await;
    b.until("the copy is there", async || copy(&b, &ops.id).await.is_some_and(|copy| copy.shared)).await;
    b.command(&copy(&b, &ops.id).await.unwrap(), "/share-channel unshare").await;
    b.wake();
    a.until("the home knows", async || !copy(&a, &ops.id).await.unwrap().shared).await;
}
