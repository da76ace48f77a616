//! `MESSAGE_ID`s: `journalctl MESSAGE_ID=…` finds every line of a kind. docs/operate.md lists them.

/// A change was made.
pub const CHANGE_DONE: &str = "5d0a3c6e8f0f4b0c9a6b1c8e0f7d2a11";
/// A change failed.
pub const CHANGE_FAILED: &str = "5d0a3c6e8f0f4b0c9a6b1c8e0f7d2a12";
/// Something differs and is left alone.
pub const DRIFT: &str = "5d0a3c6e8f0f4b0c9a6b1c8e0f7d2a13";
/// Only an operator can go on.
pub const BLOCKED: &str = "5d0a3c6e8f0f4b0c9a6b1c8e0f7d2a14";
/// Something to look at soon.
pub const WARNING: &str = "5d0a3c6e8f0f4b0c9a6b1c8e0f7d2a15";
/// A run ended.
pub const OUTCOME: &str = "5d0a3c6e8f0f4b0c9a6b1c8e0f7d2a16";
