//! An organisation: a fresh server with its first administrator and one team, and how two of them come to share.

use serde_json::json;

use crate::client::{Client, text};
use crate::server::{Database, TestServer};
use crate::wait::{SHORT, wait_for};

/// Password of the invitation codes that tests make.
pub const CODE_PASSWORD: &str = "correct horse battery staple";

/// A running server, its administrator and its team.
#[derive(Debug)]
pub struct Organisation {
    /// The process.
    pub server: TestServer,
    /// The first account, a system administrator.
    pub admin: Client,
    /// The id of the team, which has the organisation's name.
    pub team: String,
    /// The id of the team's town square.
    pub town: String,
}

impl Organisation {
    /// Starts a server called `name` and sets it up.
    pub async fn start(name: &str, database: Database) -> Self {
        Self::found(TestServer::new(name, database).await).await
    }

    /// Starts a prepared server and sets it up: first account, team.
    pub async fn found(mut server: TestServer) -> Self {
        server.start().await;
        let name = server.name().to_owned();
        let admin = Client::create(&server.url(), "admin", None).await;
        let team = admin.post("/teams", json!({"name": name, "display_name": name, "type": "O"})).await.ok();
        let team = text(&team["id"]);
        let town = admin.get(&format!("/teams/{team}/channels/name/town-square")).await.ok();
        Self { server, admin, team, town: text(&town["id"]) }
    }

    /// The organisation's name.
    pub fn name(&self) -> &str {
        self.server.name()
    }

    /// A new person in the team.
    pub async fn member(&self, username: &str) -> Client {
        let person = Client::create(&self.server.url(), username, Some(&self.admin)).await;
        let body = json!({"team_id": self.team, "user_id": person.id});
        self.admin.post(&format!("/teams/{}/members", self.team), body).await.ok();
        person
    }

    /// A new person in the team and in `channel`.
    pub async fn member_of(&self, channel: &str, username: &str) -> Client {
        let person = self.member(username).await;
        self.join(channel, &person).await;
        person
    }

    /// Adds a person to a channel; the administrator goes first if the channel came from elsewhere.
    pub async fn join(&self, channel: &str, person: &Client) {
        let path = format!("/channels/{channel}/members");
        let _ = self.admin.post(&path, json!({"user_id": self.admin.id})).await;
        self.admin.post(&path, json!({"user_id": person.id})).await.ok();
    }

    /// A new channel of the administrator's; `kind` is `O` or `P`.
    pub async fn channel(&self, name: &str, kind: &str) -> String {
        let body = json!({"team_id": self.team, "name": name, "display_name": name, "type": kind});
        text(&self.admin.post("/channels", body).await.ok()["id"])
    }

    /// Runs a slash command as the administrator in the town square.
    pub async fn command(&self, line: &str) -> String {
        self.admin.command(&self.town, line).await
    }

    /// Makes an invitation code for a connection called `name`, by slash command.
    pub async fn invite(&self, name: &str) -> String {
        let line = format!(
            "/secure-connection create --name {name} --displayname \"{name} org\" --password \"{CODE_PASSWORD}\""
        );
        code_in(&self.command(&line).await)
    }

    /// Accepts an invitation code by slash command and returns the answer's text.
    pub async fn accept(&self, name: &str, code: &str) -> String {
        self.command(&format!(
            "/secure-connection accept --name {name} --displayname \"{name} org\" --password \"{CODE_PASSWORD}\" --invite {code}"
        ))
        .await
    }

    /// The connections as the API lists them.
    pub async fn connections(&self) -> Vec<serde_json::Value> {
        self.admin.get("/remotecluster?page=0&per_page=60").await.ok().as_array().unwrap().clone()
    }

    /// The connection called `name`.
    ///
    /// # Panics
    /// If there is none.
    pub async fn connection(&self, name: &str) -> serde_json::Value {
        let all = self.connections().await;
        all.iter().find(|one| one["name"] == name).unwrap_or_else(|| panic!("no connection {name} in {all:?}")).clone()
    }

    /// Waits until our own ping of the connection called `name` has succeeded.
    pub async fn wait_online(&self, name: &str) {
        let what = format!("the first successful ping from {} to {name}", self.name());
        wait_for(&what, SHORT, async || {
            let connection = self.connections().await.into_iter().find(|one| one["name"] == name)?;
            (connection["last_ping_at"].as_i64()? > 0).then_some(())
        })
        .await;
    }

    /// Invites a connection to a channel and returns the answer's text.
    pub async fn share(&self, channel: &str, remote_id: &str, flags: &str) -> String {
        self.admin.command(channel, &format!("/share-channel invite --connectionID {remote_id} {flags}")).await
    }

    /// Waits until the administrator can see a channel that comes from elsewhere, and joins it.
    pub async fn wait_channel(&self, channel: &str) {
        let what = format!("channel {channel} to appear on {}", self.name());
        wait_for(&what, SHORT, async || self.admin.channel(channel).await.map(drop)).await;
        let _ = self.admin.post(&format!("/channels/{channel}/members"), json!({"user_id": self.admin.id})).await;
    }
}

/// The invitation code in the answer of `/secure-connection create`: the longest unbroken base64url run (ruling 68).
///
/// # Panics
/// If the text holds none.
pub fn code_in(answer: &str) -> String {
    let is_code = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '=');
    let longest = answer.split(|c| !is_code(c)).max_by_key(|run| run.len()).unwrap_or_default();
    assert!(longest.len() >= 80, "no invitation code in: {answer}");
    longest.to_owned()
}

/// Connects `inviter` and `acceptor` by slash commands and returns the connection's id once both have pinged.
pub async fn connect(inviter: &Organisation, acceptor: &Organisation) -> String {
    let code = inviter.invite(acceptor.name()).await;
    let answer = acceptor.accept(inviter.name(), &code).await;
    let known = acceptor.connections().await;
    assert!(known.iter().any(|one| one["name"] == inviter.name()), "not accepted: {answer}");
    inviter.wait_online(acceptor.name()).await;
    acceptor.wait_online(inviter.name()).await;
    text(&inviter.connection(acceptor.name()).await["remote_id"])
}

/// Shares a channel of `home` with `guest` and waits until it is there.
pub async fn share(home: &Organisation, channel: &str, remote_id: &str, guest: &Organisation) {
    home.share(channel, remote_id, "").await;
    guest.wait_channel(channel).await;
}
