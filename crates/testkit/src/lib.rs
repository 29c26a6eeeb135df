//! For tests only: real servers on either database, an API client, scripted peers, recorded traffic.
//!
//! Everything here is black box: a server is a process with a port, and what it did is seen through HTTP, a websocket,
//! a peer's ears or its database file. Nothing is mocked. A failed expectation panics and says what was seen.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "test support: a wrong expectation must stop the test where it is, with the place in the message"
)]

pub mod client;
pub mod digest;
pub mod far_line;
pub mod ids;
pub mod invitation;
pub mod organisation;
pub mod peer;
pub mod postgres;
pub mod replay;
pub mod server;
pub mod socket;
pub mod table;
pub mod wait;

pub use client::{Answer, Client};
pub use far_line::FarLine;
pub use organisation::{Organisation, connect, share};
pub use peer::{Peer, Profile};
pub use reqwest::Method;
pub use server::{Database, TestServer, both};
pub use socket::Socket;
pub use wait::{LONG, SHORT, wait_for};
