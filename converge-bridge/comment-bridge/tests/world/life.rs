//! The bridge's lives, and the disk that outlives them.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base::clock::Clock;
use comment_bridge::secrets::Tokens;
use comment_bridge::settings::Settings;
use comment_bridge::testing::{Bridge, Ledger, LedgerError, run_tasks};
use http::Connect;
use rusqlite::backup::Backup;
use rusqlite::{Connection, OpenFlags};
use tokio::task::JoinHandle;

use crate::commits::{CommitFault, CommitFaults};
use doubles::ClockOf;
use doubles::{Caller, DRONE_TOKEN, GITEA_TOKEN, Shared, Wire, lock};

/// A disk in memory, with the ledger on it.
pub struct Disk {
    name: String,
    kept: Connection,
}

impl Disk {
    pub fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = format!("file:ledger-{}?mode=memory&cache=shared", NEXT.fetch_add(1, Ordering::Relaxed));
        Self { kept: open(&name), name }
    }

    /// The ledger as it is now.
    pub fn copy(&self) -> Connection {
        let mut copy = Connection::open_in_memory().unwrap();
        Backup::new(&self.kept, &mut copy).unwrap().step(-1).unwrap();
        copy
    }

    /// Puts a copy in the ledger's place. The bridge must not run.
    pub fn restore(&mut self, copy: &Connection) {
        Backup::new(copy, &mut self.kept).unwrap().step(-1).unwrap();
    }
}

fn open(name: &str) -> Connection {
    Connection::open_with_flags(name, OpenFlags::default() | OpenFlags::SQLITE_OPEN_URI).unwrap()
}

/// How long the bridge may take to end: a call that changes something is waited for.
const PATIENCE: Duration = Duration::from_secs(11);

/// One life of the bridge.
pub struct Life {
    pub bridge: Arc<Bridge>,
    pub caller: Arc<Caller>,
    task: JoinHandle<()>,
}

impl Life {
    /// Starts it. Fails when the ledger cannot be opened, as a full disk may have it.
    pub fn begin(
        shared: &Shared,
        faults: &Arc<Mutex<CommitFaults>>,
        disk: &Disk,
        settings: &Settings,
        runs: &Path,
    ) -> Result<Self, LedgerError> {
        let caller = Arc::new(Caller::default());
        let mut connection = open(&disk.name);
        let (faults, life) = (faults.clone(), caller.clone());
        let hook = move || {
            if life.is_dead() {
                return true;
            }
            match faults.lock().unwrap().next() {
                None => false,
                Some(CommitFault::Full) => true,
                Some(CommitFault::DiesBefore) => {
                    life.kill();
                    true
                }
                // Later answers of this life reach no caller.
                Some(CommitFault::DiesAfter) => {
                    life.kill();
                    false
                }
            }
        };
        connection.commit_hook(Some(hook)).unwrap();
        let ledger = Ledger::of(connection)?;
        let world = shared.clone();
        let clock = Clock::from_fn(move || lock(&world).clocks.now(ClockOf::Caller));
        let wire = Wire { network: shared.clone(), caller: caller.clone() };
        let connect =
            Connect { transport: Some(Arc::new(wire)), ..Connect::within(Duration::from_secs(settings.call_seconds)) };
        let tokens = Tokens { gitea: GITEA_TOKEN.into(), drone: DRONE_TOKEN.into() };
        let bridge = Bridge::new(settings.clone(), ledger, &tokens, runs.into(), clock, &connect).unwrap();
        let works = bridge.clone();
        let task = tokio::task::spawn_local(async move { Box::pin(run_tasks(&works)).await });
        Ok(Self { bridge, caller, task })
    }

    /// Ends it at once, wherever it is.
    pub async fn end(self) {
        self.caller.kill();
        self.task.abort();
        if let Err(error) = self.task.await
            && error.is_panic()
        {
            std::panic::resume_unwind(error.into_panic());
        }
    }

    /// Tells it to end, and waits until it has.
    pub async fn stop(mut self) {
        self.bridge.stop();
        let ended = tokio::time::timeout(PATIENCE, &mut self.task).await;
        match ended {
            Ok(Err(error)) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Ok(_) => {}
            // One that died on the way stands still.
            Err(_) if self.caller.is_dead() => self.end().await,
            Err(tokio::time::error::Elapsed { .. }) => panic!("it does not end within {PATIENCE:?}"),
        }
    }

    /// True if a task ended by itself, which is a failure.
    pub fn has_fallen(&self) -> bool {
        self.task.is_finished()
    }
}
