//! What administrators do with connections and shares is written down, whatever way they do it.

use rialto_app::{channels, direct_channels};
use rialto_model::Channel;

use crate::command_refusals::{contains, id_of};
use crate::loopback::{Net, Organisation, code_in};

const PASSWORD: &str = "kT7#pq!xW2$mZ9";

/// Every line of the audit log: actor, action, result, connection, channel; and whether it has a time.
async fn lines(server: &Organisation) -> Vec<String> {
    let mut view = server.app.db.read(server.app.clock.now()).await.unwrap();
    let sql = "SELECT actor || ' ' || action || ' ' || result || ' ' || COALESCE(remote_id, '') || ' ' || \
               COALESCE(channel_id, '') || CASE WHEN at > 0 THEN '' ELSE ' never' END FROM audit ORDER BY id";
    view.fetch_all::<String>(sql, &[]).await.unwrap()
}

/// Gives a command as the administrator and returns the lines of theirs that came of it.
async fn written(server: &Organisation, channel: &Channel, line: &str) -> Vec<String> {
    let before = lines(server).await.len();
    server.app.clock.advance(1_000);
    server.command(channel, line).await;
    let own = |line: &String| line.starts_with(server.admin.id.as_str());
    lines(server).await.split_off(before).into_iter().filter(own).collect()
}

/// SC-106: each command that does something leaves one line, with who, what, result, connection and channel; one that only
/// looks leaves none, and one that cannot be carried out leaves a line that says so.
#[tokio::test]
async fn every_command_that_does_something_is_written_down() {
    let net = Net::default();
    let (a, b) = (Organisation::start(&net, "acme", 1).await, Organisation::start(&net, "globex", 2).await);
    let (town, there, ops) = (a.channel("town").await, b.channel("town").await, a.channel("ops").await);
    let before = lines(&a).await.len();
    let made = a.command(&town, &format!("/secure-connection create --name globex --password {PASSWORD}")).await;
    let id = id_of(&a, "globex").await;
    let admin = a.admin.id;
    let of_create = lines(&a).await.split_off(before);
    assert_eq!(of_create, [format!("{admin} create_connection ok {id} ")]);
    let accept = format!("/secure-connection accept --name acme --password {PASSWORD} --invite {}", code_in(&made));
    assert_eq!(written(&b, &there, &accept).await, [format!("{} accept_connection ok {id} ", b.admin.id)]);
    let invite = format!("/share-channel invite --connectionID {id}");
    for (line, action) in [
        (invite.clone(), "invite_to_channel"),
        (format!("/share-channel invite --connectionID {id} --readonly --convert"), "change_share_mode"),
        (format!("/share-channel uninvite --connectionID {id}"), "uninvite_from_channel"),
        (invite, "invite_to_channel"),
        ("/share-channel unshare".to_owned(), "unshare_channel"),
    ] {
        assert_eq!(written(&a, &ops, &line).await, [format!("{admin} {action} ok {id} {}", ops.id)], "{line}");
    }
    for line in ["/share-channel status", "/secure-connection status"] {
        assert_eq!(written(&a, &ops, line).await, [""; 0], "{line}");
    }
    let nothing = written(&a, &ops, "/share-channel unshare").await;
    assert_eq!(nothing, [format!("{admin} unshare_channel fail  {}", ops.id)], "there is nothing left to end");
    let share = written(&a, &ops, "/share-channel share").await;
    assert_eq!(share, [format!("{admin} mark_shared ok  {}", ops.id)]);
    let remove = written(&a, &town, &format!("/secure-connection remove --connectionID {id}")).await;
    assert_eq!(remove, [format!("{admin} remove_connection ok {id} ")]);
    assert!(!lines(&a).await.iter().any(|line| line.contains(PASSWORD)));
}

/// E-167, SC-032: commands work wherever there is a box to type in, and are answered there.
#[tokio::test]
async fn a_command_is_answered_where_it_is_typed() {
    let net = Net::default();
    let acme = Organisation::start(&net, "acme", 1).await;
    let town = acme.channel("town").await;
    acme.command(&town, &format!("/secure-connection create --name globex --password {PASSWORD}")).await;
    let old = acme.channel("old").await;
    channels::archive(&acme.app, &acme.admin.actor, &old.id).await.unwrap();
    let other = acme.person("other", "system_user").await;
    let direct = direct_channels::open(&acme.app, &acme.admin.actor, &acme.admin.id, &other.id).await.unwrap();
    for channel in [&town, &old, &direct] {
        // The place of the answer is looked at by the way.
        contains(&acme.command(channel, "/secure-connection status").await, &["globex"]);
    }
}
