//! systemd: states of units ([`mod@unit`]), transient services ([`transient`]), notifications of this process ([`notify`]).

mod bus;
mod error;
pub mod notify;
pub mod transient;
pub mod unit;

pub use error::Error;
