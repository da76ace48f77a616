//! Polls Drone for stages while a slot is free, and accepts them in their order.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use base::backoff::Retries;
use base::error::{chain, one_line};
use tokio::sync::{Notify, mpsc};
use tokio::task::spawn_local;
use tokio::time::{Instant, sleep, timeout};

use super::rpc::wire::{Filter, Stage};
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
    released: Notify,
}

impl Slots {
    /// Waits for a free slot.
    async fn free(&self, capacity: usize) {
        while self.taken.borrow().len() >= capacity {
            self.released.notified().await;
        }
    }

    /// Frees the slot of an ended stage.
    pub fn release(&self, stage: i64) {
        self.taken.borrow_mut().remove(&stage);
        self.released.notify_one();
    }
}

/// Polls for one stage after the other, so that their order is kept.
pub async fn poll(runner: Rc<Runner>, slots: Rc<Slots>, accepted: mpsc::UnboundedSender<(Stage, Folder)>) {
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
                let is_known = slots.taken.borrow().contains(&offered.id);
                if is_known || !accept(&runner, &slots, &accepted, offered).await {
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
    slots: &Slots,
    accepted: &mpsc::UnboundedSender<(Stage, Folder)>,
    offered: Stage,
) -> bool {
    let id = offered.id;
    let folder = Folder::of(&runner.settings.steps.directory, id);
    if let Err(error) = folder.create(&offered) {
        tracing::error!(STAGE = id, "the stage was not accepted, its folder cannot be created: {error}");
        sleep(Duration::from_secs(5)).await;
        return false;
    }
    match timeout(ACCEPT, runner.client.accept(id)).await {
        Ok(Ok(mut stage)) => {
            // Some servers answer with the version only.
            if stage.id == 0 {
                stage = Stage { version: stage.version, ..offered };
            }
            slots.taken.borrow_mut().insert(id);
            drop(accepted.send((stage, folder)));
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
            spawn_local(orphans::report(runner.clone(), id, folder));
            false
        }
    }
}
