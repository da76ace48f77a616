//! Paths and names in the container: converge-dashboard mounts there what the program reads there.

/// The directory with `<run>/results.json` and the artefacts.
pub const RUNS: &str = "/runs";
/// The directory of the convergers' reports and of `host.json`.
pub const REPORTS: &str = "/reports";
/// The directory with the bridge's `triggers.json` and `metrics.prom`.
pub const BRIDGE: &str = "/bridge";
/// The one writable directory, for the index.
pub const INDEX: &str = "/index";
/// The port that the program listens on.
pub const PORT: u16 = 8080;
