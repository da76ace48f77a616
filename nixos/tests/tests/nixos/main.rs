//! The modules evaluate, their units verify, and the packages' source compiles.

// A test that cannot go on fails where it stands.
#![allow(clippy::unwrap_used)]

mod command;
mod evaluate;
mod settings;
mod source;
mod units;
mod wrong;
