//! JSON exactly as others see it: client API v4, websocket frames, federation messages, invitation codes.
//!
//! Pure: no I/O, no randomness, no clock; salts, nonces and times are parameters. The wire changes for other people's
//! reasons, the model for ours, so nothing here is stored and conversions go field by field (INV-5).

pub mod characters;
pub mod federation;
pub mod invitation;
mod lenient;
mod post_props;
pub mod site_url;
pub mod v4;
pub mod ws;

pub use invitation::Invitation;
pub use site_url::SiteUrl;
