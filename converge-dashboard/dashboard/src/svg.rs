//! Pictures made on the server. Each says in words what it shows, and no meaning is carried by colour alone.

mod badge;
mod strip;

pub use badge::{Badge, Colour};
pub use strip::{Cell, strip};
