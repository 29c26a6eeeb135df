//! A peer's side of a connection: inviting, accepting, confirming, pinging (wire 1.4, 3.5, 3.6, 4.1).

use serde_json::{Value, json};

use super::{Peer, Profile, Shared};
use crate::client::{Answer, text};
use crate::ids::{fresh, now_ms};
use crate::invitation::{Derivation, open, seal};

/// One connection as the peer keeps it.
#[derive(Debug, Clone, Default)]
pub struct Link {
    /// The connection's id, the same on both sides.
    pub remote_id: String,
    /// What our server must present to the peer.
    pub token: String,
    /// What the peer presents to our server.
    pub remote_token: String,
    /// Our server's site URL, empty until known.
    pub site_url: String,
    /// The team on our server, if it told one.
    pub remote_team: String,
    /// True once the handshake is complete.
    pub confirmed: bool,
}

/// Why a peer could not accept a code.
#[derive(Debug)]
pub enum Refused {
    /// The code does not open, which this version reports as a wrong password.
    Unreadable,
    /// Our server did not confirm.
    Confirm(Answer),
}

impl Peer {
    /// Makes an invitation code of the peer's version.
    pub fn invite(&self, password: &str) -> String {
        let (remote_id, token) = (fresh(), fresh());
        self.invite_as(&remote_id, &token, password)
    }

    /// Makes an invitation code with a given connection id and token.
    pub fn invite_as(&self, remote_id: &str, token: &str, password: &str) -> String {
        let link = Link { remote_id: remote_id.to_owned(), token: token.to_owned(), ..Link::default() };
        self.shared.state().links.push(link);
        match self.profile() {
            Profile::Mattermost537 => {
                let content = json!({"remote_id": remote_id, "remote_team_id": self.team(), "site_url": self.url(),
                    "token": token});
                seal(&content, password, Derivation::Scrypt)
            }
            Profile::Mattermost116 => {
                let content = json!({"remote_id": remote_id, "remote_team_id": "", "site_url": self.url(),
                    "token": token, "version": 3});
                seal(&content, password, Derivation::Pbkdf2)
            }
        }
    }

    /// Accepts a code of our server and pings it, as the peer's version does; returns the connection's id.
    ///
    /// # Errors
    /// If the code does not open or our server refuses; then the peer keeps nothing, as the real ones.
    pub async fn accept(&self, code: &str, password: &str) -> Result<String, Refused> {
        let profile = self.profile();
        let derivations: &[Derivation] = match profile {
            Profile::Mattermost537 => &[Derivation::Scrypt],
            Profile::Mattermost116 => &[Derivation::Pbkdf2, Derivation::Scrypt],
        };
        let content = open(code, password, derivations).ok_or(Refused::Unreadable)?;
        let (remote_id, code_token) = (text(&content["remote_id"]), text(&content["token"]));
        let rotates = profile == Profile::Mattermost116 && content["version"].as_i64().unwrap_or(0) >= 2;
        let link = Link {
            remote_id: remote_id.clone(),
            token: fresh(),
            remote_token: if rotates { fresh() } else { code_token.clone() },
            site_url: text(&content["site_url"]),
            remote_team: text(&content["remote_team_id"]),
            confirmed: true,
        };
        // Stored before it is confirmed: the inviter may ping before its answer arrives (wire 3.6).
        self.shared.state().links.push(link.clone());
        let mut payload = json!({"remote_id": remote_id, "remote_team_id": "", "site_url": self.url(),
            "token": link.token});
        match profile {
            Profile::Mattermost537 => payload["remote_team_id"] = json!(self.team()),
            Profile::Mattermost116 => {
                payload["refreshed_token"] = json!(link.remote_token);
                payload["version"] = json!(3);
            }
        }
        let body = frame(&remote_id, "invitation", payload);
        let answer = self.send_as(&link, &code_token, "/confirm_invite", &body).await;
        if answer.status != 200 || answer.body["status"] != "OK" {
            self.forget(&remote_id);
            return Err(Refused::Confirm(answer));
        }
        if rotates {
            // The first ping of an 11.6 acceptor still carries the code's token (wire 4.1).
            let stale = self.send_as(&link, &code_token, "/ping", &ping_frame(&remote_id)).await;
            assert_eq!(stale.status, 401, "a ping with the code's token after rotation: {stale}");
        }
        self.ping(&remote_id).await.ok();
        Ok(remote_id)
    }

    /// Takes over a connection that was made outside of [`Peer::accept`] and [`Peer::invite`].
    pub fn adopt(&self, link: Link) {
        self.shared.state().links.push(link);
    }

    /// Drops the peer's record of a connection without saying so, as removal there does (wire 4.5).
    pub fn forget(&self, remote_id: &str) {
        let mut state = self.shared.state();
        state.links.retain(|link| link.remote_id != remote_id);
        if self.profile() == Profile::Mattermost116 {
            for channel in state.world.channels.values_mut() {
                channel.links.remove(remote_id);
            }
        }
    }

    /// The peer's record of a connection.
    ///
    /// # Panics
    /// If there is none.
    pub fn link(&self, remote_id: &str) -> Link {
        self.shared.link(remote_id).unwrap_or_else(|| panic!("the peer has no connection {remote_id}"))
    }

    /// The only connection it has.
    ///
    /// # Panics
    /// If there is another number of them.
    pub fn only_link(&self) -> Link {
        let links = self.shared.state().links.clone();
        assert_eq!(links.len(), 1, "connections of the peer: {links:?}");
        links[0].clone()
    }

    /// Pings our server.
    pub async fn ping(&self, remote_id: &str) -> Answer {
        self.send(remote_id, "/ping", &ping_frame(remote_id)).await
    }

    /// Sends a message frame and returns the answer.
    pub async fn frame(&self, remote_id: &str, topic: &str, payload: Value) -> Answer {
        self.send(remote_id, "/msg", &frame(remote_id, topic, payload)).await
    }

    /// Sends a sync message with these members for a channel; the id of the message is made here.
    pub async fn sync(&self, remote_id: &str, channel: &str, mut content: Value) -> Answer {
        content["id"] = json!(fresh());
        content["channel_id"] = json!(channel);
        self.frame(remote_id, "sharedchannel_sync", content).await
    }

    /// Sends any JSON body to one of the federation routes with the connection's credentials.
    pub async fn send(&self, remote_id: &str, path: &str, body: &Value) -> Answer {
        let link = self.link(remote_id);
        self.send_as(&link, &link.remote_token, path, body).await
    }

    /// Sends somebody's picture as real servers do: a form whose part `image` is a file (wire 3.9).
    pub async fn send_picture(&self, remote_id: &str, user: &str, bytes: Vec<u8>) -> Answer {
        let link = self.link(remote_id);
        let path = format!("/{user}/image");
        let content = reqwest::multipart::Part::bytes(bytes).file_name("profile.png");
        let request = self
            .shared
            .http
            .post(format!("{}/api/v4/remotecluster{path}", link.site_url))
            .header("X-RemoteCluster-Id", &link.remote_id)
            .header("X-RemoteCluster-Token", &link.remote_token)
            .multipart(reqwest::multipart::Form::new().part("image", content));
        let sent = request.send().await.unwrap_or_else(|error| panic!("{path}: {error}"));
        Answer::read(format!("POST {path}"), sent).await.unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    async fn send_as(&self, link: &Link, token: &str, path: &str, body: &Value) -> Answer {
        let headers = [
            ("Content-Type", "application/json"),
            ("X-RemoteCluster-Id", &link.remote_id),
            ("X-RemoteCluster-Token", token),
        ];
        self.raw(&link.site_url, path, &headers, body.to_string().into_bytes()).await
    }
}

impl Shared {
    pub(super) fn link(&self, remote_id: &str) -> Option<Link> {
        self.state().links.iter().find(|link| link.remote_id == remote_id).cloned()
    }

    /// What the inviter does with a confirmation (wire 3.6): the status, and the body if there is one.
    pub(super) fn confirm(&self, header_id: &str, payload: &Value) -> u16 {
        let mut state = self.state();
        // 5.37 takes the row that header and frame name, 11.6 the one named inside the payload.
        let named = match self.profile {
            Profile::Mattermost537 => header_id.to_owned(),
            Profile::Mattermost116 => text(&payload["remote_id"]),
        };
        let Some(link) = state.links.iter_mut().find(|link| link.remote_id == named) else { return 500 };
        let refreshed = text(&payload["refreshed_token"]);
        if self.profile == Profile::Mattermost116 {
            if link.confirmed || refreshed == link.token {
                return 500;
            }
            let rotates = payload["version"].as_i64().unwrap_or(0) >= 2 && !refreshed.is_empty();
            // Without a usable fresh token it makes one that nobody is told (wire 1.4).
            link.token = if rotates { refreshed } else { fresh() };
        }
        link.site_url = text(&payload["site_url"]);
        link.remote_token = text(&payload["token"]);
        link.remote_team = text(&payload["remote_team_id"]);
        link.confirmed = true;
        200
    }

    /// Pings our server over a connection without caring for the answer, as an 11.6 inviter does at once.
    pub(super) async fn ping_at_once(&self, remote_id: String) {
        let Some(link) = self.link(&remote_id) else { return };
        let request = self
            .http
            .post(format!("{}/api/v4/remotecluster/ping", link.site_url))
            .header("X-RemoteCluster-Id", &link.remote_id)
            .header("X-RemoteCluster-Token", &link.remote_token)
            .json(&ping_frame(&remote_id));
        let _ = request.send().await;
    }
}

/// A frame with a fresh message id (wire 3.4).
pub(super) fn frame(remote_id: &str, topic: &str, payload: Value) -> Value {
    json!({"remote_id": remote_id,
        "msg": {"id": fresh(), "topic": topic, "create_at": now_ms(), "payload": payload}})
}

fn ping_frame(remote_id: &str) -> Value {
    frame(remote_id, "ping", json!({"sent_at": now_ms(), "recv_at": 0}))
}
