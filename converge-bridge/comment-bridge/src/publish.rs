//! Publishes the triggers and the metrics as files, for the dashboard and Prometheus.
//!
//! The service's network has untrusted recipes on it, so nothing of this is served there. Each file is replaced as a whole.

mod triggers;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use base::error::chain;
use tokio::task::spawn_blocking;
use tokio::time::Instant;

use super::metrics::Gauges;
use super::{Bridge, ledger};

/// The file of the triggers.
pub const TRIGGERS: &str = "triggers.json";
/// The file of the metrics, in Prometheus' text format; a node exporter's textfile collector reads it.
pub const METRICS: &str = "metrics.prom";

/// The interval at which the metrics are written, and the triggers if they have changed.
const LOOK: Duration = Duration::from_secs(1);
/// The greatest age of the triggers' file.
const OLDEST: Duration = Duration::from_secs(15);
/// Every user of the host may read the files.
const MODE: u32 = 0o644;
/// The subject of problems in the health report.
const PUBLISH: &str = "publish";

/// Error of a file.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("the triggers cannot be read")]
    Ledger(#[from] ledger::Error),
    #[error("cannot write {}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("the write of {} has panicked", path.display())]
    Panic { path: PathBuf },
}

/// The state that was published.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    revision: u64,
    problems: BTreeMap<String, String>,
    notes: BTreeMap<String, String>,
}

impl Seen {
    fn of(bridge: &Bridge) -> Self {
        let (problems, notes) = (bridge.health.problems(), bridge.health.notes());
        Self { revision: bridge.ledger.revision(), problems, notes }
    }
}

/// Works until the shutdown.
pub async fn run(bridge: &Arc<Bridge>, directory: &Path) {
    let mut published: Option<(Seen, Instant)> = None;
    loop {
        let seen = Seen::of(bridge);
        let is_same = published.as_ref().is_some_and(|(before, at)| *before == seen && at.elapsed() < OLDEST);
        match bridge.interruptible(publish(bridge, directory, !is_same)).await {
            Ok(Ok(())) => bridge.health.resolve(PUBLISH),
            Ok(Err(error)) => bridge.health.raise(PUBLISH, &chain(&error)),
            Err(_) => return,
        }
        if !is_same {
            published = Some((seen, Instant::now()));
        }
        if !bridge.wait(None, LOOK).await {
            return;
        }
    }
}

async fn publish(bridge: &Bridge, directory: &Path, with_triggers: bool) -> Result<(), Error> {
    if with_triggers {
        write(directory.join(TRIGGERS), triggers::text(bridge)?).await?;
    }
    let triggers = Some(bridge.ledger.counts()?);
    let (problems, notes) = (bridge.health.problems().len(), bridge.health.notes().len());
    write(directory.join(METRICS), bridge.metrics.text(&Gauges { triggers, problems, notes })).await
}

/// Replaces a file. A slow disk holds up no other task.
async fn write(path: PathBuf, text: String) -> Result<(), Error> {
    let target = path.clone();
    let written = spawn_blocking(move || base::file::replace(&target, text.as_bytes(), MODE)).await;
    match written {
        Ok(written) => written.map_err(|source| Error::Write { path, source }),
        Err(_) => Err(Error::Panic { path }),
    }
}

#[cfg(test)]
mod tests;
