//! Calls the programs of integrations: by HTTP, not for long, and nowhere the administrator has not allowed. Source:
//! client-api 7.2 to 7.4.

mod told;

use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use reqwest::{RequestBuilder, Response, StatusCode};
use rialto_api::v4::answered;
use rialto_app::SettingsCell;
use rialto_app::programs::{Answer, Answering, CallError, Effect, Given, Heard, Message, Pressed, Programs};
use rialto_model::{OutgoingWebhook, SlashCommand};
use rialto_wire::v4::programs as wire;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::{Url, form_urlencoded};

use crate::outside;

/// Bytes of an answer that are read.
const MAX_ANSWER: usize = 1 << 20;
/// The media type of JSON.
const JSON: &str = "application/json";

/// The network.
pub struct Network {
    client: reqwest::Client,
    settings: SettingsCell,
}

/// What a program said.
struct Said {
    is_json: bool,
    body: Vec<u8>,
}

impl Network {
    /// Makes the client. The process must have installed a cryptographic provider for TLS before.
    ///
    /// # Errors
    /// A text, if TLS cannot be set up.
    pub fn new(settings: SettingsCell) -> Result<Self, String> {
        let client = outside::client(&settings, concat!("Rialto/", env!("CARGO_PKG_VERSION"), " (integrations)"))?;
        Ok(Self { client, settings })
    }

    fn url(&self, text: &str) -> Result<Url, CallError> {
        let url = Url::parse(text).ok().filter(|url| outside::may_call(&self.settings, url));
        url.ok_or_else(|| CallError::Unreachable("its address may not be called from here".to_owned()))
    }

    async fn call(&self, request: RequestBuilder) -> Result<Said, CallError> {
        let most = Duration::from_millis(u64::try_from(self.settings.get().programs.timeout_ms).unwrap_or_default());
        let whole = async {
            let answer = request.header(ACCEPT, JSON).send().await.map_err(|error| unreachable(&error))?;
            if answer.status() != StatusCode::OK {
                return Err(CallError::Status(answer.status().as_u16()));
            }
            read(answer).await
        };
        let slow = |_| CallError::Unreachable("it took too long".to_owned());
        tokio::time::timeout(most, whole).await.map_err(slow)?
    }

    async fn post<T: DeserializeOwned + Default>(
        &self,
        url: &str,
        body: &impl serde::Serialize,
    ) -> Result<T, CallError> {
        let said = self.call(self.client.post(self.url(url)?).json(body)).await?;
        if said.body.trim_ascii().is_empty() {
            return Ok(T::default());
        }
        serde_json::from_slice(&said.body).map_err(|_| CallError::Unreadable)
    }
}

fn form(request: RequestBuilder, pairs: &[(&'static str, String)]) -> RequestBuilder {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(body)
}

/// Without the address, which may hold a secret of whoever set the program up.
fn unreachable(error: &reqwest::Error) -> CallError {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    let text = if error.is_timeout() { "it took too long".to_owned() } else { cause.to_string() };
    CallError::Unreachable(text)
}

async fn read(mut answer: Response) -> Result<Said, CallError> {
    let media = answer.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_json = media.to_ascii_lowercase().starts_with(JSON);
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| unreachable(&error))? {
        if body.len() + chunk.len() > MAX_ANSWER {
            return Err(CallError::Unreadable);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Said { is_json, body })
}

/// A program's answer: JSON, or a text that is shown as it is.
fn answer(said: &Said) -> Result<Answer, CallError> {
    if said.is_json {
        let body: wire::Answer = serde_json::from_slice(&said.body).map_err(|_| CallError::Unreadable)?;
        return Ok(answered(body));
    }
    let text = String::from_utf8_lossy(&said.body).into_owned();
    Ok(Answer { message: Message { text, ..Message::default() }, ..Answer::default() })
}

impl Programs for Network {
    fn hear<'a>(&'a self, hook: &'a OutgoingWebhook, url: &'a str, heard: &'a Heard) -> Answering<'a, Option<Answer>> {
        Box::pin(async move {
            let request = self.client.post(self.url(url)?);
            let request = match hook.content_type.starts_with(JSON) {
                true => request.json(&told::heard(hook, heard)),
                false => form(request, &told::heard_as_form(hook, heard)),
            };
            let said = self.call(request).await?;
            // A program that has nothing to say often says so in words that are no answer.
            Ok(answer(&said).ok().filter(|_| said.is_json))
        })
    }

    fn command<'a>(&'a self, command: &'a SlashCommand, given: &'a Given) -> Answering<'a, Answer> {
        Box::pin(async move {
            let mut url = self.url(&command.url)?;
            let told = told::given(command, given);
            let request = if command.by_get {
                url.query_pairs_mut().extend_pairs(&told);
                self.client.get(url)
            } else {
                form(self.client.post(url), &told)
            };
            answer(&self.call(request.header(AUTHORIZATION, format!("Token {}", command.token))).await?)
        })
    }

    fn press<'a>(&'a self, url: &'a str, pressed: &'a Pressed) -> Answering<'a, Effect> {
        Box::pin(async move {
            let effect: wire::Effect = self.post(url, &told::pressed(pressed)).await?;
            Ok(Effect {
                update: effect.update.map(|update| (update.message, update.props)),
                ephemeral_text: effect.ephemeral_text,
                raw: effect.skip_slack_parsing,
            })
        })
    }

    fn dialog<'a>(&'a self, url: &'a str, told: &'a Value) -> Answering<'a, Value> {
        Box::pin(self.post(url, told))
    }
}
