//! Drone's offers: asked for while there is a free slot, and taken, in their order.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use base::error::{Explain, chain};
use tokio::sync::{Notify, mpsc};
use tokio::task::spawn_local;
use tokio::time::{Instant, sleep, timeout};

use super::rpc::wire::{Filter, Stage};
use super::rpc::{self, Patience};
use super::stage::Folder;
use super::{Runner, orphans};

/// How long an offer is worth taking.
const OFFER: Duration = Duration::from_secs(20);

/// A server that has nothing and says so at once is asked again after this.
const PACE: Duration = Duration::from_millis(200);

/// Which stages are being run, and room for more.
#[derive(Debug, Default)]
pub struct Slots {
    taken: RefCell<BTreeSet<i64>>,
    freed: Notify,
}

impl Slots {
    /// Waits for a free one.
    async fn free(&self, capacity: usize) {
        while self.taken.borrow().len() >= capacity {
            self.freed.notified().await;
        }
    }

    /// A stage is over.
    pub fn give_back(&self, stage: i64) {
        self.taken.borrow_mut().remove(&stage);
        self.freed.notify_one();
    }
}

/// Asks for stages, one after the other, so that their order is kept.
pub async fn ask(runner: Rc<Runner>, slots: Rc<Slots>, offers: mpsc::UnboundedSender<(Stage, Folder)>) {
    let filter = Filter::default();
    let mut patience = Patience::endless();
    loop {
        slots.free(runner.settings.capacity).await;
        let asked = Instant::now();
        let offer = runner.client.next(&filter).await;
        let trouble = offer.as_ref().err().map(|error| match error.hint() {
            Some(hint) => format!("{}; {hint}", chain(error)),
            None => chain(error),
        });
        if runner.board.trouble(trouble.clone()) {
            if let Some(trouble) = trouble {
                tracing::warn!("{trouble}");
            } else {
                tracing::info!("asking {} for builds", runner.settings.server);
            }
        }
        match offer {
            Ok(Some(offered)) => {
                patience = Patience::endless();
                let is_known = slots.taken.borrow().contains(&offered.id);
                if is_known || !take(&runner, &slots, &offers, offered).await {
                    sleep(PACE).await;
                }
            }
            Ok(None) => {
                patience = Patience::endless();
                if asked.elapsed() < PACE {
                    sleep(PACE).await;
                }
            }
            Err(_) => sleep(patience.pause()).await,
        }
    }
}

/// Takes an offered stage; false when it is somebody else's.
async fn take(
    runner: &Rc<Runner>,
    slots: &Slots,
    offers: &mpsc::UnboundedSender<(Stage, Folder)>,
    offered: Stage,
) -> bool {
    let id = offered.id;
    let folder = Folder::of(&runner.settings.steps.directory, id);
    if let Err(error) = folder.claim(&offered) {
        tracing::error!(STAGE = id, "the stage was not taken, its folder cannot be made: {error}");
        sleep(Duration::from_secs(5)).await;
        return false;
    }
    let accepted = timeout(OFFER, runner.client.accept(id)).await;
    match accepted {
        Ok(Ok(mut taken)) => {
            // Some servers answer with nothing but the version.
            if taken.id == 0 {
                taken = Stage { version: taken.version, ..offered };
            }
            slots.taken.borrow_mut().insert(id);
            drop(offers.send((taken, folder)));
            true
        }
        Ok(Err(rpc::Error::Conflict)) => {
            drop(folder.remove());
            false
        }
        // It may be ours, and the answer was lost: then nobody else takes it.
        failed => {
            let why = failed
                .map_or("no answer in time".into(), |answer| answer.err().map_or(String::new(), |error| chain(&error)));
            tracing::warn!(STAGE = id, "the stage was not taken: {why}");
            spawn_local(orphans::report(runner.clone(), id, folder));
            false
        }
    }
}
