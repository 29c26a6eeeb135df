//! Every refusal of behaviour 2.5 that needs no second server, as its author reads it; and that it changes nothing.

use rialto_app::access::SessionUser;
use rialto_app::{channel_members, channels, outbox, shares};
use rialto_model::{Channel, ChannelKind, PeerProfile};
use rialto_store::{channels as channel_rows, remotes};

use crate::command_refusals::{contains, create, id_of, server};
use crate::loopback::{Organisation, row};

async fn is_shared(acme: &Organisation, channel: &Channel) -> bool {
    let (channel, rows) = shares::list(&acme.app, &acme.admin.actor, &channel.id).await.unwrap();
    assert_eq!(channel.shared, rows.iter().any(|row| row.share.state.is_live()));
    channel.shared
}

/// SC-037, AT-11, E-143, E-164.
#[tokio::test]
async fn a_channel_is_not_shared_for_these_reasons() {
    let (_, acme, town) = server().await;
    create(&acme, &town, "globex").await;
    create(&acme, &town, "gone").await;
    let (id, gone) = (id_of(&acme, "globex").await, id_of(&acme, "gone").await);
    acme.command(&town, &format!("/secure-connection remove {gone}")).await;
    let ops = acme.channel("ops").await;
    let run = async |line: &str| acme.command(&ops, &format!("/share-channel {line}")).await;
    contains(&run("invite").await, &["`--connectionID` needs a value", "`/secure-connection status`"]);
    contains(&run("invite nobody").await, &["no secure connection `nobody`", "`/secure-connection status`"]);
    contains(&run(&format!("invite {gone}")).await, &["**gone** was removed", "`/secure-connection status`"]);
    contains(&run(&format!("invite {id} --readonly maybe")).await, &["`maybe` is no value for `--readonly`"]);
    contains(&run(&format!("invite {id} --raedonly")).await, &["no flag `--raedonly`", "`--readonly`"]);
    for past in ["all", "100", "30d"] {
        contains(
            &run(&format!("invite {id} --history {past}")).await,
            &["`ConnectedWorkspacesSettings.HistoryBackfillMax`"],
        );
    }
    contains(&run(&format!("invite {id} --history some")).await, &["`some` is no value for `--history`"]);
    contains(&run("uninvite").await, &["`--connectionID` needs a value"]);
    contains(&run(&format!("uninvite {id}")).await, &["is not shared"]);
    contains(&run("unshare").await, &["is not shared"]);
    contains(&run("status").await, &["**ops**", ops.id.as_str(), "shared with nobody"]);
    contains(&run("share --readonly Y").await, &["keeps no mode"]);
    assert!(!is_shared(&acme, &ops).await);

    let mut row = ops.clone();
    row.delete_at = Some(acme.app.clock.now());
    set_channel(&acme, &row).await;
    contains(&run(&format!("invite {id}")).await, &["archived", "Unarchive"]);
    contains(&run("share").await, &["archived"]);
    set_channel(&acme, &Channel { origin: Some(gone), ..ops.clone() }).await;
    contains(&run(&format!("invite {id}")).await, &["originates from **gone**"]);
    contains(&run("share").await, &["originates from **gone**"]);
    set_channel(&acme, &ops).await;
    assert!(!is_shared(&acme, &ops).await);
}

async fn set_channel(acme: &Organisation, channel: &Channel) {
    let mut tx = acme.app.db.begin(acme.app.clock.now()).await.unwrap();
    channel_rows::update(&mut tx, channel).await.unwrap();
    tx.commit().await.unwrap();
}

/// SC-066, SC-082, SC-084.
#[tokio::test]
async fn an_invitation_to_a_channel_is_given_once() {
    let (_, acme, town) = server().await;
    create(&acme, &town, "one").await;
    create(&acme, &town, "two").await;
    let (one, two) = (id_of(&acme, "one").await, id_of(&acme, "two").await);
    let run = async |line: &str| acme.command(&town, &format!("/share-channel {line}")).await;
    contains(&run(&format!("invite --connectionID {one}")).await, &["now shared", "queued", "participation"]);
    assert!(!run(&format!("invite --connectionID {two} --readonly")).await.contains("now shared"));
    contains(&run(&format!("invite {one}")).await, &["already invited", "queued"]);
    contains(&run(&format!("invite {one} --convert")).await, &["already invited"]);
    contains(&run(&format!("invite {two} --readonly n")).await, &["read-only", "--convert", "--readonly N"]);
    let status = run("status").await;
    assert_eq!(
        (&*row(&status, "one")["Read only channel"], &*row(&status, "two")["Read only channel"]),
        ("False", "True")
    );
    create(&acme, &town, "three").await;
    contains(&run("uninvite three").await, &["`three` is not invited", "These are", one.as_str(), two.as_str()]);
    contains(&run("uninvite two").await, &["still shared with **one**"]);
    assert!(is_shared(&acme, &town).await);
    contains(&run("unshare").await, &["no longer shared", "**one**"]);
    assert!(!is_shared(&acme, &town).await);
}

#[tokio::test]
async fn a_server_that_would_delete_its_copy_is_invited_once_in_a_lifetime() {
    let (_, acme, town) = server().await;
    create(&acme, &town, "old").await;
    let id = id_of(&acme, "old").await;
    let set = async |team: &str| {
        let mut tx = acme.app.db.begin(acme.app.clock.now()).await.unwrap();
        let mut remote = remotes::lock(&mut tx, &id).await.unwrap().unwrap();
        remote.profile = PeerProfile::Mattermost5;
        remote.remote_team_id = team.to_owned();
        remotes::update(&mut tx, &remote).await.unwrap();
        tx.commit().await.unwrap();
    };
    let run = async |line: &str| acme.command(&town, &format!("/share-channel {line}")).await;
    set("").await;
    contains(&run(&format!("invite {id}")).await, &["**old**", "named no team"]);
    set(&"t".repeat(26)).await;
    contains(&run(&format!("invite {id}")).await, &["now shared"]);
    contains(&run(&format!("invite {id} --readonly --convert")).await, &["would delete its copy", "Duplicate"]);
    assert!(is_shared(&acme, &town).await, "the share it has is not ended for it");
    run("unshare").await;
    contains(&run(&format!("invite {id}")).await, &["would delete its copy"]);
    assert!(!is_shared(&acme, &town).await);
}

/// E-145, SC-061.
#[tokio::test]
async fn direct_messages_need_no_sharing() {
    let (_, acme, town) = server().await;
    create(&acme, &town, "one").await;
    let id = id_of(&acme, "one").await;
    let other = acme.person("other", "system_user").await;
    let direct = direct_channel(&acme, [&acme.admin.actor, &other.actor]).await;
    for line in [format!("invite {id}"), format!("uninvite {id}"), "unshare".to_owned(), "status".to_owned()] {
        contains(&acme.command(&direct, &format!("/share-channel {line}")).await, &["Direct and group messages"]);
    }
    let status = acme.command(&direct, "/share-channel status").await;
    contains(&status, &["nothing to share", "Only people of this server take part"]);
    // A connection can be made anywhere; its team is then the oldest open one.
    let made = acme.command(&direct, "/secure-connection create --name a --password secret").await;
    contains(&made, &["in the team **Team acme**"]);
}

async fn direct_channel(acme: &Organisation, people: [&SessionUser; 2]) -> Channel {
    let now = acme.app.clock.now();
    let town = channels::get_by_name(&acme.app, &acme.admin.actor, &acme.team, "town", false).await.unwrap();
    let channel = Channel {
        id: acme.app.ids.id(rialto_model::ChannelId::from_random),
        team_id: None,
        kind: ChannelKind::Direct,
        name: format!("{}__{}", people[0].user_id, people[1].user_id),
        display_name: String::new(),
        ..town.clone()
    };
    let mut tx = acme.app.db.begin(now).await.unwrap();
    channel_rows::insert(&mut tx, &channel).await.unwrap();
    let member = channel_members::get(&acme.app, &acme.admin.actor, &town.id, &acme.admin.id).await.unwrap();
    for person in people {
        let member = rialto_model::ChannelMember {
            channel_id: channel.id,
            user_id: person.user_id,
            scheme_admin: false,
            ..member.clone()
        };
        rialto_store::channel_members::insert(&mut tx, &member).await.unwrap();
    }
    tx.commit().await.unwrap();
    channel
}

#[tokio::test]
async fn old_spellings_work_and_say_so() {
    let (_, acme, town) = server().await;
    let run = async |line: &str| acme.command(&town, line).await;
    contains(
        &run("/remote invite --name old --password secret").await,
        &["Invitation created", "`/secure-connection create`"],
    );
    contains(
        &run("/share share_channel --name x").await,
        &["now shared", "Nobody is invited", "not used", "`/share-channel share`"],
    );
    contains(&run("/share-channel share").await, &["shared already"]);
    let id = id_of(&acme, "old").await;
    contains(&run(&format!("/share invite_remote --remoteId {id}")).await, &["queued", "`/share-channel invite`"]);
    contains(&run(&format!("/share uninvite_remote --remoteId {id}")).await, &["no longer shared with **old**"]);
    run(&format!("/share invite_remote --remoteId {id}")).await;
    contains(&run("/share unshare_channel --are_you_sure N").await, &["Nothing was done"]);
    assert!(is_shared(&acme, &town).await);
    contains(&run("/share unshare_channel --are_you_sure Y").await, &["no longer shared"]);
    contains(&run("/share status").await, &["shared with nobody", "`/share-channel status`"]);
    contains(&run("/share invite_remove x").await, &["does not know"]);
}

#[tokio::test]
async fn what_a_peer_refused_for_good_is_counted() {
    let (_, acme, town) = server().await;
    create(&acme, &town, "one").await;
    let id = id_of(&acme, "one").await;
    acme.command(&town, &format!("/share-channel invite {id}")).await;
    let post = acme.app.ids.id(rialto_model::PostId::from_random);
    outbox::set_aside(&acme.app, &id, &town.id, outbox::Item::Post(post), "too large").await.unwrap();
    let detail = acme.command(&town, &format!("/secure-connection status --connectionID {id}")).await;
    assert_eq!((&*row(&detail, "Set aside")["Value"], &*row(&detail, "Waiting")["Value"]), ("1", "0"));
}
