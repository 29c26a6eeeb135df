//! The end of the handshake: what the acceptor tells the inviter, and the answer. Source: wire 3.6, ruling 8.3.

use serde_json::value::RawValue;

use super::MalformedPayload;
use super::extension::ConfirmAdvert;
use crate::invitation::Invitation;
use crate::lenient::{self, or_absent, or_default};

/// The payload of a confirmation: the same object as in a code, now describing the acceptor.
pub type Confirm = Invitation;

/// Reads the payload of a confirmation; [`Invitation::check`] comes next.
///
/// # Errors
/// [`MalformedPayload`] unless it is an object of that shape.
pub fn decode(payload: &RawValue) -> Result<Confirm, MalformedPayload> {
    lenient::object(payload.get()).map_err(|_| MalformedPayload)
}

/// The inviter's answer.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct ConfirmAnswer {
    /// `OK`, exactly.
    #[serde(default, deserialize_with = "or_default")]
    pub status: String,
    /// Between Rialtos: the token the acceptor presents from now on, and what the inviter can do.
    #[serde(default, deserialize_with = "or_absent", skip_serializing_if = "Option::is_none")]
    pub rialto: Option<ConfirmAdvert>,
}

impl ConfirmAnswer {
    /// OK.
    pub fn ok(rialto: Option<ConfirmAdvert>) -> ConfirmAnswer {
        ConfirmAnswer { status: "OK".to_owned(), rialto }
    }

    /// Reads the answer to a confirmation.
    ///
    /// # Errors
    /// [`MalformedPayload`] unless it is an object whose `status` is `OK`.
    pub fn decode(body: &[u8]) -> Result<ConfirmAnswer, MalformedPayload> {
        let answer: ConfirmAnswer = lenient::object(&lenient::text(body)).map_err(|_| MalformedPayload)?;
        if answer.status == "OK" { Ok(answer) } else { Err(MalformedPayload) }
    }

    /// The body to send.
    pub fn to_json(&self) -> String {
        lenient::to_text(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_ok_with_and_without_extension() {
        assert_eq!(ConfirmAnswer::ok(None).to_json(), r#"{"status":"OK"}"#);
        let answer = ConfirmAnswer::decode(
            br#"{"status":"OK","rialto":{"protocol":1,"min_protocol":1,"token":"9p7ysy65k3ncjbi7msd4wc53ar"}}"#,
        )
        .unwrap();
        assert_eq!(answer.rialto.unwrap().token, "9p7ysy65k3ncjbi7msd4wc53ar");
        assert_eq!(ConfirmAnswer::decode(br#"{"status":"OK","rialto":7}"#).unwrap().rialto, None);
        assert_eq!(ConfirmAnswer::decode(br#"{"status":"FAIL"}"#), Err(MalformedPayload));
    }
}
