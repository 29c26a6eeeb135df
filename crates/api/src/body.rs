//! JSON bodies, in and out. Source: client-api 1.1 and 1.6.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use rialto_wire::characters;
use serde::Serialize;
use serde::de::{DeserializeOwned, Deserializer, Visitor};

use crate::{Api, ApiError};

/// Bytes of a JSON body (client-api 1.6).
pub const MAX_BODY: usize = 300_512;

/// A JSON body, in or out. Out, the type is exactly `application/json`: clients compare the whole value.
#[derive(Debug, Clone, Copy)]
pub struct ApiJson<T>(pub T);

impl<T: Serialize> IntoResponse for ApiJson<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(body) => ([(CONTENT_TYPE, HeaderValue::from_static("application/json"))], body).into_response(),
            Err(error) => ApiError::internal(error.to_string()).into_response(),
        }
    }
}

impl<T: DeserializeOwned> FromRequest<Api> for ApiJson<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &Api) -> Result<Self, ApiError> {
        parse(&read(request).await?).map(ApiJson)
    }
}

/// A JSON body that may be missing.
#[derive(Debug, Clone, Copy)]
pub struct MaybeJson<T>(pub Option<T>);

impl<T: DeserializeOwned> FromRequest<Api> for MaybeJson<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &Api) -> Result<Self, ApiError> {
        let body = read(request).await?;
        if body.trim_ascii().is_empty() {
            Ok(MaybeJson(None))
        } else {
            parse(&body).map(|value| MaybeJson(Some(value)))
        }
    }
}

pub(crate) async fn read(request: Request) -> Result<Bytes, ApiError> {
    axum::body::to_bytes(request.into_body(), MAX_BODY).await.map_err(|error| {
        let source = std::error::Error::source(&error);
        let is_limit = source.is_some_and(|source| source.to_string().contains("length limit"));
        if is_limit { ApiError::too_large() } else { ApiError::body_param("body") }
    })
}

pub(crate) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    let body = characters::storable(body);
    let mut json = serde_json::Deserializer::from_slice(&body);
    let value = T::deserialize(Strict(&mut json)).and_then(|value| json.end().map(|()| value));
    value.map_err(|_| ApiError::body_param("value"))
}

/// Where a struct is expected it takes an object only; by itself serde also takes a list, member by member.
struct Strict<'a, 'de>(&'a mut serde_json::Deserializer<serde_json::de::SliceRead<'de>>);

impl<'de> Deserializer<'de> for Strict<'_, 'de> {
    type Error = serde_json::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        self.0.deserialize_any(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        self.0.deserialize_map(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        self.0.deserialize_option(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        self.0.deserialize_newtype_struct(name, visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        self.0.deserialize_enum(name, variants, visitor)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Default, serde::Deserialize)]
    #[serde(default)]
    struct Name {
        name: String,
    }

    #[test]
    fn a_struct_is_an_object_and_nothing_follows_it() {
        assert_eq!(parse::<Name>(br#" {"name":"a","more":1} "#).unwrap(), Name { name: "a".into() });
        assert_eq!(parse::<Vec<String>>(br#"["a"]"#).unwrap(), ["a"]);
        assert_eq!(parse::<Option<Name>>(b"null").unwrap(), None);
        assert_eq!(parse::<serde_json::Value>(b"[1]").unwrap(), serde_json::json!([1]));
        assert_eq!(parse::<i64>(b"3").unwrap(), 3);
        let whole = parse::<Name>(br#"{"name":"a\u0000b\ud800c"}"#).unwrap();
        assert_eq!(whole.name, "a\u{fffd}b\u{fffd}c", "E-075: what no database keeps alike comes in as something else");
        for text in ["[]", r#"["a"]"#, "null", r#"{"name":"a"}x"#, r#"{"name":1}"#, ""] {
            assert!(parse::<Name>(text.as_bytes()).is_err(), "{text}");
        }
    }
}
