//! What people see, story by story.

mod allowing;
mod asking;
mod building;
mod cancelling;
mod clocks;
mod finding;
mod heads;
mod ledger;
mod saying;
mod server;
mod telling;
