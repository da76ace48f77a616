//! Polls Drone for stages while a slot is free, and accepts them in their order.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use base::backoff::Retries;
use base::error::{chain, one_line};
use tokio::sync::{Notify, mpsc};
use tokio::task::{JoinHandle, spawn_local};
use tokio::time::{Instant, sleep, timeout};

use super::rpc::wire::{Details, Filter, Stage};
use super::rpc::{self, BACKOFF};
use super::stage::Folder;
use super::{Runner, orphans};

/// The deadline to accept an offered stage.
const ACCEPT: Duration = Duration::from_secs(20);

/// The shortest interval of polls, for a server that answers at once without a stage.
const INTERVAL: Duration = Duration::from_millis(200);

/// The stages that occupy a slot.
#[derive(Debug, Default)]
pub struct Slots {
    taken: RefCell<BTreeSet<i64>>,
    /// Stages that [`settle`] ends. They occupy no slot, and are not accepted again meanwhile.
    unsettled: RefCell<BTreeSet<i64>>,
    released: Notify,
}

impl Slots {
    /// Waits for a free slot.
    async fn free(&self, capacity: usize) {
        while self.taken.borrow().len() >= capacity {
            self.released.notified().await;
        }
    }

    fn knows(&self, stage: i64) -> bool {
        self.taken.borrow().contains(&stage) || self.unsettled.borrow().contains(&stage)
    }

    /// Frees the slot of an ended stage.
    pub fn release(&self, stage: i64) {
        self.taken.borrow_mut().remove(&stage);
        self.released.notify_one();
    }
}

/// A stage that Drone has given to this runner.
#[derive(Debug)]
pub struct Accepted {
    /// The stage, as Drone answered.
    pub stage: Stage,
    /// Its folder, with its state in it.
    pub folder: Folder,
    /// Reads the stage since before its acceptance.
    pub details: JoinHandle<Result<Details, rpc::Error>>,
}

/// Polls for one stage after the other, so that their order is kept.
pub async fn poll(runner: Rc<Runner>, slots: Rc<Slots>, accepted: mpsc::UnboundedSender<Accepted>) {
    let filter = Filter::default();
    let mut retries = Retries::new(BACKOFF);
    loop {
        slots.free(runner.settings.capacity).await;
        let polled = Instant::now();
        let offer = runner.client.next_stage(&filter).await;
        let error = offer.as_ref().err().map(|error| one_line(error));
        if runner.status.set_connection(error.clone()) {
            if let Some(error) = error {
                tracing::warn!("{error}");
            } else {
                tracing::info!("asking {} for builds", runner.settings.server);
            }
        }
        match offer {
            Ok(Some(offered)) => {
                retries.succeeded();
                if slots.knows(offered.id) || !accept(&runner, &slots, &accepted, offered).await {
                    sleep(INTERVAL).await;
                }
            }
            Ok(None) => {
                retries.succeeded();
                if polled.elapsed() < INTERVAL {
                    sleep(INTERVAL).await;
                }
            }
            Err(_) => sleep(retries.failed(None)).await,
        }
    }
}

/// Accepts an offered stage. Returns false if the stage is not ours, or not known to be ours.
async fn accept(
    runner: &Rc<Runner>,
    slots: &Rc<Slots>,
    accepted: &mpsc::UnboundedSender<Accepted>,
    offered: Stage,
) -> bool {
    let id = offered.id;
    let folder = Folder::of(&runner.settings.steps.directory, id);
    if let Err(error) = folder.create(&offered) {
        tracing::error!(STAGE = id, "the stage was not accepted, its folder cannot be created: {error}");
        sleep(Duration::from_secs(5)).await;
        return false;
    }
    // While Drone writes the acceptance to its disk, it already reads the pipeline file from Gitea.
    let reader = runner.clone();
    let details = spawn_local(async move { reader.client.details(id).await });
    let answer = timeout(ACCEPT, runner.client.accept(id)).await;
    if !matches!(answer, Ok(Ok(_))) {
        details.abort();
    }
    match answer {
        Ok(Ok(mut stage)) => {
            // Some servers answer with the version only.
            if stage.id == 0 {
                stage = Stage { version: stage.version, machine: runner.client.machine().to_owned(), ..offered };
            }
            // With the machine in it, the next runner knows that the stage is its own.
            if let Err(error) = folder.save(&stage) {
                tracing::warn!(STAGE = id, "the state of a stage was not saved: {error}");
            }
            slots.taken.borrow_mut().insert(id);
            drop(accepted.send(Accepted { stage, folder, details }));
            true
        }
        Ok(Err(rpc::Error::Conflict)) => {
            drop(folder.remove());
            false
        }
        // If only the answer was lost, the stage is ours, and no other runner gets it.
        failed => {
            let why = failed
                .map_or("no answer in time".into(), |answer| answer.err().map_or(String::new(), |error| chain(&error)));
            tracing::warn!(STAGE = id, "the stage was not accepted: {why}");
            drop(settle(runner, slots, id, folder));
            false
        }
    }
}

/// Ends the stage of a folder that this runner does not run, if it is this machine's, in a task of its own.
pub fn settle(runner: &Rc<Runner>, slots: &Rc<Slots>, stage: i64, folder: Folder) -> JoinHandle<()> {
    slots.unsettled.borrow_mut().insert(stage);
    let (runner, slots) = (runner.clone(), slots.clone());
    spawn_local(async move {
        orphans::report(&runner.client, &runner.status, stage, folder).await;
        slots.unsettled.borrow_mut().remove(&stage);
    })
}
