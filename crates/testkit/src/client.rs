//! A signed-in person as an API v4 client sees the server: requests, answers, and the few calls every test needs.

use std::collections::BTreeMap;

use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use crate::socket::Socket;
use crate::wait::{SHORT, wait_for};

/// Every test account has this password.
pub const PASSWORD: &str = "Passw0rd!-long";

/// An HTTP client without cookies and redirects, so that a test sees exactly what was answered.
pub fn http_client() -> reqwest::Client {
    // Fails only if a provider is already there, which is just as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(std::time::Duration::from_secs(60))
        .no_proxy()
        .build()
        .unwrap()
}

/// One answer of a server.
#[derive(Debug, Clone)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// All headers.
    pub headers: HeaderMap,
    /// The body as JSON, or null if it is none.
    pub body: Value,
    /// The body as it came.
    pub bytes: Vec<u8>,
    request: String,
}

impl Answer {
    /// Reads a response to its end.
    pub async fn read(request: String, response: reqwest::Response) -> Result<Self, reqwest::Error> {
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let bytes = response.bytes().await?.to_vec();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Ok(Self { status, headers, body, bytes, request })
    }

    /// The body, if the status is below 300.
    ///
    /// # Panics
    /// With the whole answer otherwise.
    #[track_caller]
    pub fn ok(self) -> Value {
        assert!(self.status < 300, "{self}");
        self.body
    }

    /// Checks the status and the error's id, and returns its message.
    ///
    /// # Panics
    /// With the whole answer if either differs.
    #[track_caller]
    pub fn refused(&self, status: u16, id: &str) -> String {
        assert_eq!((self.status, self.error_id()), (status, id), "{self}");
        for member in ["message", "request_id"] {
            assert!(self.body[member].as_str().is_some_and(|text| !text.is_empty()), "no {member}: {self}");
        }
        assert_eq!(self.body["status_code"], status, "{self}");
        self.body["message"].as_str().unwrap().to_owned()
    }

    /// The `id` of an error object, or nothing.
    pub fn error_id(&self) -> &str {
        self.body["id"].as_str().unwrap_or_default()
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// A header as text, or nothing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = self.text();
        write!(f, "{} -> {} {}", self.request, self.status, text.chars().take(600).collect::<String>())
    }
}

/// A person who is signed in on one server.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    /// Site URL of the server.
    pub url: String,
    /// The session's token.
    pub token: String,
    /// The person's id.
    pub id: String,
    /// The person's name on this server.
    pub username: String,
    /// The password, for signing in again.
    pub password: String,
}

impl Client {
    /// Creates the account (as `by`, or without a session) and signs in.
    pub async fn create(url: &str, username: &str, by: Option<&Client>) -> Self {
        let body = json!({"username": username, "email": format!("{username}@example.com"), "password": PASSWORD});
        let http = http_client();
        let mut request = http.post(format!("{url}/api/v4/users")).json(&body);
        if let Some(by) = by {
            request = request.bearer_auth(&by.token);
        }
        let answer = Answer::read(format!("POST /users {username}"), request.send().await.unwrap()).await.unwrap();
        assert_eq!(answer.status, 201, "{answer}");
        Self::sign_in(url, username, PASSWORD).await
    }

    /// Signs in with name and password.
    pub async fn sign_in(url: &str, username: &str, password: &str) -> Self {
        let mut client = Self {
            http: http_client(),
            url: url.to_owned(),
            token: String::new(),
            id: String::new(),
            username: username.to_owned(),
            password: password.to_owned(),
        };
        client.renew().await;
        client
    }

    /// Signs in again, after a restart for example.
    pub async fn renew(&mut self) {
        let body = json!({"login_id": self.username, "password": self.password});
        let answer = self.try_call(Method::POST, "/users/login", Some(&body)).await.unwrap();
        assert_eq!(answer.status, 200, "{answer}");
        self.token = answer.header("token").to_owned();
        assert_eq!(self.token.len(), 26, "the session token of {answer}");
        self.id = answer.body["id"].as_str().unwrap().to_owned();
    }

    /// Sends a request; `path` begins after `/api/v4`.
    ///
    /// # Errors
    /// If no complete answer comes, as while the server is down.
    pub async fn try_call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Answer, reqwest::Error> {
        let mut request = self.request(method.clone(), path);
        if let Some(body) = body {
            request = request.json(body);
        }
        Answer::read(format!("{method} {path} as {}", self.username), request.send().await?).await
    }

    /// A request of this session to be completed by the caller; `path` begins after `/api/v4`.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}/api/v4{path}", self.url));
        if self.token.is_empty() { request } else { request.bearer_auth(&self.token) }
    }

    /// Sends a request and expects an answer of any status.
    pub async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let what = format!("{method} {path}");
        self.try_call(method, path, body).await.unwrap_or_else(|error| panic!("{what}: {error}"))
    }

    /// `GET`, any status.
    pub async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, None).await
    }

    /// `POST`, any status.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.call(Method::POST, path, Some(&body)).await
    }

    /// `PUT`, any status.
    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.call(Method::PUT, path, Some(&body)).await
    }

    /// `DELETE`, any status.
    pub async fn delete(&self, path: &str) -> Answer {
        self.call(Method::DELETE, path, None).await
    }

    /// Runs a slash command in `channel` and returns the text of the ephemeral answer (ruling 67).
    pub async fn command(&self, channel: &str, line: &str) -> String {
        let answer = self.post("/commands/execute", json!({"channel_id": channel, "command": line})).await;
        assert_eq!(answer.status, 200, "{line}: {answer}");
        assert_eq!(answer.body["response_type"], "ephemeral", "{line}: {answer}");
        answer.body["text"].as_str().unwrap().to_owned()
    }

    /// Writes a post and returns it.
    pub async fn write(&self, channel: &str, message: &str) -> Value {
        self.post("/posts", json!({"channel_id": channel, "message": message})).await.ok()
    }

    /// Writes a reply in the thread of `root` and returns it.
    pub async fn reply(&self, channel: &str, root: &str, message: &str) -> Value {
        self.post("/posts", json!({"channel_id": channel, "message": message, "root_id": root})).await.ok()
    }

    /// Uploads a file to a channel, as a browser's form does.
    pub async fn upload(&self, channel: &str, name: &str, bytes: Vec<u8>) -> Answer {
        let part = reqwest::multipart::Part::bytes(bytes).file_name(name.to_owned());
        let form = reqwest::multipart::Form::new().text("channel_id", channel.to_owned());
        let form = form.part("files", part).text("client_ids", "mine");
        let sent = self.request(Method::POST, "/files").multipart(form).send().await.unwrap();
        Answer::read("POST /files".to_owned(), sent).await.unwrap()
    }

    /// Sends somebody's picture in the part `part`, as a browser's form does.
    pub async fn send_picture(&self, user: &str, part: &str, bytes: Vec<u8>) -> Answer {
        let content = reqwest::multipart::Part::bytes(bytes).file_name("me.png");
        let form = reqwest::multipart::Form::new().part(part.to_owned(), content);
        let path = format!("/users/{user}/image");
        let sent = self.request(Method::POST, &path).multipart(form).send().await.unwrap();
        Answer::read(format!("POST {path}"), sent).await.unwrap()
    }

    /// Gives a picture a name, as a browser's form does; `emoji` is the JSON of its part.
    pub async fn send_emoji(&self, emoji: &Value, bytes: Vec<u8>) -> Answer {
        let picture = reqwest::multipart::Part::bytes(bytes).file_name("picture");
        let form = reqwest::multipart::Form::new().part("image", picture).text("emoji", emoji.to_string());
        let sent = self.request(Method::POST, "/emoji").multipart(form).send().await.unwrap();
        Answer::read("POST /emoji".to_owned(), sent).await.unwrap()
    }

    /// Changes the text of a post.
    pub async fn edit(&self, post: &str, message: &str) -> Value {
        self.put(&format!("/posts/{post}/patch"), json!({"message": message})).await.ok()
    }

    /// Deletes a post.
    pub async fn remove(&self, post: &str) -> Value {
        self.delete(&format!("/posts/{post}")).await.ok()
    }

    /// Adds the own reaction.
    pub async fn react(&self, post: &str, emoji: &str) -> Value {
        self.post("/reactions", json!({"user_id": self.id, "post_id": post, "emoji_name": emoji})).await.ok()
    }

    /// Takes the own reaction back.
    pub async fn unreact(&self, post: &str, emoji: &str) -> Value {
        self.delete(&format!("/users/{}/posts/{post}/reactions/{emoji}", self.id)).await.ok()
    }

    /// Every post a client can page to, by id.
    ///
    /// # Panics
    /// If a page other than the last is not full, or a post is on two pages while nothing is being written.
    pub async fn posts(&self, channel: &str) -> BTreeMap<String, Value> {
        let mut all = BTreeMap::new();
        for page in 0.. {
            let list = self.get(&format!("/channels/{channel}/posts?page={page}&per_page=200")).await.ok();
            let order = list["order"].as_array().unwrap_or_else(|| panic!("order is no list: {list}"));
            for id in order {
                let id = id.as_str().unwrap();
                all.insert(id.to_owned(), list["posts"][id].clone());
            }
            if order.len() < 200 {
                break;
            }
        }
        all
    }

    /// The posts people wrote: neither system posts nor deleted ones.
    pub async fn messages(&self, channel: &str) -> BTreeMap<String, Value> {
        let mut all = self.posts(channel).await;
        all.retain(|_, post| {
            !post["type"].as_str().unwrap_or_default().starts_with("system_") && post["delete_at"] == 0
        });
        all
    }

    /// The post with exactly this text, if the channel has one that is not deleted.
    pub async fn find(&self, channel: &str, message: &str) -> Option<Value> {
        self.posts(channel).await.into_values().find(|post| post["message"] == message && post["delete_at"] == 0)
    }

    /// Waits until the channel has a post with exactly this text, and returns it.
    pub async fn see(&self, channel: &str, message: &str) -> Value {
        let what = format!("{} to see {message:?} on {}", self.username, self.url);
        wait_for(&what, SHORT, async || self.find(channel, message).await).await
    }

    /// Waits until the channel has no post with this text.
    pub async fn see_gone(&self, channel: &str, message: &str) {
        let what = format!("{message:?} to be gone on {}", self.url);
        wait_for(&what, SHORT, async || self.find(channel, message).await.is_none().then_some(())).await;
    }

    /// The reactions on a post, each as (user id, emoji name).
    pub async fn reactions(&self, post: &str) -> Vec<(String, String)> {
        let list = self.get(&format!("/posts/{post}/reactions")).await.ok();
        let mut all: Vec<_> = list
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default()
            .iter()
            .map(|one| (text(&one["user_id"]), text(&one["emoji_name"])))
            .collect();
        all.sort();
        all
    }

    /// Waits until the reactions on a post are exactly these, each as (user id, emoji name).
    pub async fn see_reactions(&self, post: &str, expected: &[(&str, &str)]) {
        let mut expected: Vec<_> =
            expected.iter().map(|(user, emoji)| ((*user).to_owned(), (*emoji).to_owned())).collect();
        expected.sort();
        let what = format!("the reactions on {post} at {} to be {expected:?}", self.url);
        wait_for(&what, SHORT, async || (self.reactions(post).await == expected).then_some(())).await;
    }

    /// A channel as this person sees it, or nothing if they may not.
    pub async fn channel(&self, channel: &str) -> Option<Value> {
        let answer = self.get(&format!("/channels/{channel}")).await;
        (answer.status == 200).then_some(answer.body)
    }

    /// The user names of a channel's members.
    pub async fn members(&self, channel: &str) -> Vec<String> {
        let list = self.get(&format!("/users?in_channel={channel}&page=0&per_page=200")).await.ok();
        list.as_array().unwrap().iter().map(|user| text(&user["username"])).collect()
    }

    /// Opens a websocket signed in by the challenge.
    pub async fn socket(&self) -> Socket {
        Socket::connect(&self.url, &self.token).await
    }
}

/// A JSON text as an owned one; anything else is empty.
pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
