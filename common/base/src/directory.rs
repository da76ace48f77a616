//! The directories of the host that several programs share.

/// The reports of the convergers.
pub const REPORTS: &str = "/run/converge";
/// The results of the builds, a folder for each.
pub const RUNS: &str = "/var/lib/recipe-ci/runs";
/// The files that comment-bridge publishes. In memory: they are written often and are of no use after a reboot.
pub const BRIDGE: &str = "/run/comment-bridge";
