//! What clients speak: API v4, slash commands, the websocket hub.

pub mod hub;
