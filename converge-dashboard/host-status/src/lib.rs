//! Keeps a file current with the states of the host's units, from systemd's signals.
//!
//! ```text
//! systemd ──signals──► follow ──► document ──rename──► host.json
//! ```
//!
//! [`settings`] names the units, [`mod@follow`] waits for their changes and reads them, [`document`] is the form of the file.
//! The program has one thread, polls nothing and listens on nothing.

pub mod document;
mod exit;
mod file;
pub mod follow;
pub mod program;
pub mod settings;

/// The unit in which the NixOS module runs this program.
pub const UNIT: &str = "host-status.service";

/// The user of the program.
pub const USER: &str = "host-status";

/// The runtime directory of the program. It is below that of the convergers, which belongs to root, so that a reader of
/// their reports has it too.
pub const RUNTIME_DIRECTORY: &str = "/run/converge/host";

/// The name of the file in [`RUNTIME_DIRECTORY`].
pub const FILE: &str = "host.json";
