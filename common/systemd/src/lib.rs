//! systemd: states of units ([`mod@unit`]), their changes ([`mod@watch`]), transient services ([`transient`]),
//! notifications of this process ([`notify`]).

mod bus;
mod error;
pub mod notify;
pub mod transient;
pub mod unit;
pub mod watch;

pub use error::Error;
