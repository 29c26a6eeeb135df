//! A hostile peer with a valid token against a hub, case by case: `docs/attack-suite.md` is written from what these tests
//! saw. Each attack has to leave five things right: the answer, every row, every websocket, the honest partner, and one
//! line of the audit log without content.

mod audit;
mod authentication;
mod case;
mod content;
mod files;
mod invitations;
mod matrix;
mod people;
mod rig;
