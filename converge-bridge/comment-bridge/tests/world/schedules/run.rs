//! One schedule, from its beginning until it is quiet.

use std::collections::BTreeMap;
use std::time::Duration;

use http::names::Pull;
use rusqlite::Connection;
use tokio::time::{Instant, sleep_until};

use super::bounds;
use super::event::{Event, Schedule};
use super::laws::{self, Tally};
use crate::story::{World, id, in_time};
use doubles::ClockOf;

/// The course of a schedule, as far as the laws need it.
pub struct Told {
    pub pulls: Vec<Pull>,
    /// The comments, with their fates.
    pub comments: BTreeMap<i64, Asked>,
    /// True if an older ledger was restored.
    pub restored: bool,
    pub closed: Vec<Pull>,
}

/// A comment that was made.
pub struct Asked {
    pub pull: Pull,
    pub by: &'static str,
    pub body: &'static str,
    /// The head of the pull request at that moment.
    pub head: String,
    /// True if it was edited or deleted later.
    pub touched: bool,
}

/// Runs a schedule; says what came of it.
pub fn run(schedule: &Schedule) -> Tally {
    in_time(schedule.seed, async |world| {
        people(world);
        let told = happen(world, schedule).await;
        world.until_quiet().await;
        world.check();
        let tally = laws::judge(world, &told);
        world.dies().await;
        tally
    })
}

fn people(world: &World) {
    for name in ["alice", "bob", "carol"] {
        world.member(name);
    }
    world.stranger("sam");
    let mut network = world.network();
    network.drone.lasts = bounds::LASTS;
    (network.drone.fails, network.drone.breaks, network.drone.loses) = (30, 8, 2);
    network.drone.timeout = Duration::from_secs(bounds::TIMEOUT);
    (network.there, network.back) = ((1, 400), (1, 400));
    world.quiet.set(Duration::from_secs(bounds::QUIET));
}

/// Lets the bridge read for the first time, which decides what is old, and much time pass.
async fn begin(world: &World) {
    world.starts();
    world.until("it has read", |world| world.bridge().ledger.cursor("org:recipes").is_ok_and(|it| it.is_some())).await;
    for clock in [ClockOf::Gitea, ClockOf::Drone, ClockOf::Caller] {
        world.step(clock, bounds::BEFORE);
    }
    let first = world.bridge().ledger.cursor("org:recipes").unwrap();
    world.until("it has read on", |world| world.bridge().ledger.cursor("org:recipes").unwrap() != first).await;
}

async fn happen(world: &World, schedule: &Schedule) -> Told {
    let pulls: Vec<Pull> = (0..bounds::PULLS).map(|_| world.pull("recipes/hello")).collect();
    let mut told = Told { pulls, comments: BTreeMap::new(), closed: Vec::new(), restored: false };
    begin(world).await;
    let mut ids: BTreeMap<u8, i64> = BTreeMap::new();
    let mut copy: Option<Connection> = None;
    let mut ends: Vec<(Instant, Event)> = Vec::new();
    let began = Instant::now();
    for timed in &schedule.events {
        let at = began + Duration::from_millis(timed.at);
        // Who died meanwhile is started again within a second.
        while Instant::now() + Duration::from_secs(1) < at {
            end_finished_builds(world, &mut ends);
            world.second().await;
        }
        sleep_until(at).await;
        end_finished_builds(world, &mut ends);
        world.network().settle();
        match timed.event {
            Event::Comments { key, pull, by, body } => {
                let pull = told.pulls[pull].clone();
                let id = world.stranger(by).comments(&pull, body);
                ids.insert(key, id);
                let head = head(world, &pull);
                told.comments.insert(id, Asked { pull, by, body, head, touched: false });
            }
            Event::Edits { key } => touch(world, &ids, key, &mut told, |world, id| {
                if world.network().gitea.comments.contains_key(&id) {
                    world.stranger("alice").edits(id, "!testme");
                }
            }),
            Event::Deletes { key } => touch(world, &ids, key, &mut told, |world, id| {
                world.network().gitea.comments.remove(&id);
            }),
            Event::Hook { key } => {
                if let Some(id) = ids.get(&key) {
                    world.hook(*id, "created").await;
                }
            }
            Event::Pushes { pull } => world.move_head(&told.pulls[pull]),
            Event::NotesPush { pull } => world.note_push(&told.pulls[pull]),
            Event::Closes { pull } => {
                world.close(&told.pulls[pull]);
                told.closed.push(told.pulls[pull].clone());
            }
            Event::Dies => {
                world.dies().await;
                drop(world.try_start());
            }
            Event::Stops => {
                world.stops().await;
                drop(world.try_start());
            }
            Event::Copies => copy = Some(world.disk().copy()),
            Event::Restores => {
                if let Some(copy) = &copy {
                    world.dies().await;
                    // A manual restore takes longer than a call in flight to Gitea.
                    while world.network().has_late_at_gitea() {
                        world.second().await;
                    }
                    world.disk().restore(copy);
                    told.restored = true;
                    drop(world.try_start());
                }
            }
            Event::Fault(rule) => world.network().faults.push(rule),
            Event::CommitFault { after, times, fault } => {
                world.commit_faults.lock().unwrap().rules.push((after, times, fault));
            }
            Event::Down { what, seconds } => {
                world.is_down(what);
                ends.push((at + Duration::from_secs(seconds), timed.event));
            }
            Event::Full { seconds } => {
                world.disk_is_full(true);
                ends.push((at + Duration::from_secs(seconds), timed.event));
            }
            Event::Steps { clock, seconds } => {
                world.step(clock, seconds);
            }
        }
    }
    while !ends.is_empty() {
        world.second().await;
        end_finished_builds(world, &mut ends);
    }
    calm(world).await;
    told
}

/// Nothing goes wrong any more.
async fn calm(world: &World) {
    // Faults have met with what they could.
    world.pass(bounds::OVER).await;
    world.network().faults.clear();
    world.commit_faults.lock().unwrap().rules.clear();
    // A fault may have met a call a moment ago, whose build must not appear among builds that end soon.
    while world.network().has_late() {
        world.second().await;
    }
    let mut network = world.network();
    let now = network.clocks.passed();
    network.drone.hurry(now);
    drop(network);
}

fn end_finished_builds(world: &World, ends: &mut Vec<(Instant, Event)>) {
    ends.retain(|(at, event)| {
        let over = *at <= Instant::now();
        match event {
            Event::Down { .. } if over => world.is_up_again(),
            Event::Full { .. } if over => world.disk_is_full(false),
            _ => {}
        }
        !over
    });
}

fn head(world: &World, pull: &Pull) -> String {
    world.network().gitea.pulls[&id(pull)].head.clone()
}

fn touch(world: &World, ids: &BTreeMap<u8, i64>, key: u8, told: &mut Told, change: impl FnOnce(&World, i64)) {
    if let Some(id) = ids.get(&key) {
        change(world, *id);
        told.comments.get_mut(id).unwrap().touched = true;
    }
}
