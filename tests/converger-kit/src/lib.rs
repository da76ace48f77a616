//! The world, the runs and the expectations that the Docker suites of all convergers share.
//!
//! A suite implements [`Piece`] for a type around a [`World`], and calls the runs of [`faults`] and [`kills`].
#![allow(clippy::unwrap_used, clippy::missing_panics_doc, reason = "test support: a failure ends the test")]

pub mod configuration;
pub mod drift;
pub mod faults;
pub mod http_proxy;
pub mod kills;
pub mod service;

mod piece;
mod run;
mod world;

pub use piece::{Piece, ShortLimits};
pub use run::{Run, Writes};
pub use world::{Running, World, skip};
