//! What clients speak: API v4, slash commands, websocket hub.

pub mod commands;
pub mod hub;
