//! Paths and names in the container: converge-bridge mounts there what the program reads there.

/// The directory of the ledger.
pub const LEDGER: &str = "/ledger";
/// The file of the ledger, in its directory.
pub const LEDGER_FILE: &str = "ledger.sqlite";
/// The directory with `<build number>/results.json`.
pub const RUNS: &str = "/runs";
/// The directory of the files for the dashboard and Prometheus.
pub const PUBLISHED: &str = "/published";
/// The port that the program listens on.
pub const PORT: u16 = 8080;
/// The environment variable with the path of the certificate authorities.
pub const AUTHORITIES_VARIABLE: &str = "SSL_CERT_FILE";
