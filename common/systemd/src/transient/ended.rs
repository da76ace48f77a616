//! The end of a transient service, in systemd's terms.

/// What systemd says of a unit that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// `success`, `exit-code`, `signal`, `timeout`, `oom-kill`, …; `lost` when systemd no longer knows the unit.
    pub result: String,
    /// `CLD_…` of the main process: 1 = it exited.
    pub code: i32,
    /// Its exit code, or its signal.
    pub status: i32,
    /// True once its command was executed.
    pub was_active: bool,
}

impl Ended {
    /// The end of a unit that systemd no longer knows.
    pub fn lost() -> Self {
        Self { result: "lost".into(), code: 0, status: 0, was_active: true }
    }
}
