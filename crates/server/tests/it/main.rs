//! Integration tests: real servers as processes, driven through HTTP, websockets and the server-to-server wire.
//!
//! One binary for all of them. Tests that are not about one database run on both.

#[cfg(test)]
mod audits;
#[cfg(test)]
mod channel_ends;
#[cfg(test)]
mod chat;
#[cfg(test)]
mod configuration;
mod connection_policy;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod dialogue;
#[cfg(test)]
mod emoji;
#[cfg(test)]
mod files;
#[cfg(test)]
mod history;
#[cfg(test)]
mod hub;
#[cfg(test)]
mod ledger;
#[cfg(test)]
mod migration;
#[cfg(test)]
mod moderation;
#[cfg(test)]
mod nodes;
#[cfg(test)]
mod outage;
#[cfg(test)]
mod parity;
#[cfg(test)]
mod peer_116;
#[cfg(test)]
mod people;
#[cfg(test)]
mod programs;
#[cfg(test)]
mod receiver;
#[cfg(test)]
mod recorded;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod restored;
#[cfg(test)]
mod security;
#[cfg(test)]
mod site_url;
#[cfg(test)]
mod trust;
#[cfg(test)]
mod webapp_boot;
