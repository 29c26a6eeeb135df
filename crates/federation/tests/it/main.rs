//! Servers that share channels, in one process: what people on one side do, people on the other see.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a wrong expectation must stop the test where it is"
)]

mod archived;
mod backfill;
mod clocks;
mod codes;
mod coming_and_going;
mod conversation;
mod delivery_states;
mod direct;
mod discovery;
mod emoji;
mod ends;
mod faults;
mod files;
mod handshake;
#[expect(dead_code, reason = "the simulation uses the rest")]
#[path = "../harness/mod.rs"]
mod harness;
mod health;
mod held;
mod items;
mod limits;
mod long_cut;
mod many_peers;
mod member_requests;
mod moving;
mod notices;
mod outages;
mod people;
mod policies;
mod quotas;
mod read_only;
mod reconnected;
mod relay;
mod restored;
mod rotation;
mod site_cleared;
mod texts;
mod three_organisations;
mod transfers;
mod trust_edges;
mod turns;
mod typing;
