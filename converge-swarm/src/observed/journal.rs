//! Leaked addresses: stacks that are removed at the same time leak them. Only Docker's journal shows that.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

/// Docker's log message when a service gets no address.
const FAILURE: &str = "could not find an available IP while allocating VIP";
/// The period that counts: a restart of Docker frees leaked addresses, so old messages must not count for ever.
const SINCE: &str = "--since=-1h";
/// The deadline of the journal, which only serves a warning.
const DEADLINE: Duration = Duration::from_secs(2);

/// Returns the number of services without an address within the last hour; `None` without a journal.
pub async fn allocation_failures() -> Option<u64> {
    if !Path::new("/run/systemd/system").exists() {
        return None;
    }
    let mut journal = Command::new("journalctl");
    journal.args(["--unit=docker.service", "--boot", SINCE, "--quiet", "--no-pager", "--output=cat"]);
    journal.args(["--lines=1000", "--grep", FAILURE]);
    journal.stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let output = timeout(DEADLINE, journal.output()).await.ok()?.ok()?;
    // It ends with 1 when it finds nothing.
    let lines = output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count();
    u64::try_from(lines).ok()
}
