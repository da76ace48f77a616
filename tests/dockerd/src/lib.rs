//! A private Docker daemon for one test, a recording proxy in front of its socket, and images made from local files.
//!
//! ```no_run
//! let daemon = match dockerd::Daemon::start() {
//!     Ok(daemon) => daemon,
//!     Err(reason) => return println!("skipped: my_test: {reason}"),
//! };
//! daemon.swarm_init();
//! let proxy = dockerd::Proxy::start(daemon.socket()).unwrap();
//! let status = daemon.command_on(proxy.socket(), "docker").args(["network", "ls"]).status().unwrap();
//! assert!(status.success());
//! assert_eq!(proxy.mutating().len(), 0);
//! ```

// A daemon that fails is a failed test: its methods panic, as asserts do.
#![allow(clippy::missing_panics_doc)]

pub mod image;

mod call;
mod connection;
mod daemon;
mod fault;
mod http;
mod leftovers;
mod namespaces;
mod proxy;
mod unavailable;
mod victim;

pub use call::Call;
pub use daemon::{ADDRESS, Daemon};
pub use fault::{Fault, Garbage};
pub use proxy::Proxy;
pub use unavailable::Unavailable;
pub use victim::Victim;
