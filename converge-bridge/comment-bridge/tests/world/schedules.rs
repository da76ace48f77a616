//! Ten thousand schedules: comments, pushes, crashes, faults and clocks in any order, and the laws that hold all the same.
//!
//! `SEED=n` runs one of them again and prints what happened; `SCHEDULES=n` says how many.

mod bounds;
mod draw;
mod event;
mod laws;
mod run;
mod shrink;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread;

use event::Schedule;
use laws::Tally;

/// The result of a schedule, also after a panic.
fn outcome(schedule: &Schedule) -> Tally {
    catch_unwind(AssertUnwindSafe(|| run::run(schedule))).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        Tally { wrong: vec![format!("panicked: {}", text.unwrap_or_default())], ..Tally::default() }
    })
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn no_command_is_lost_or_built_twice() {
    if let Some(seed) = number("SEED") {
        let schedule = draw::schedule(seed);
        let tally = outcome(&schedule);
        assert!(tally.is_clean(), "{schedule}{tally:#?}");
        println!("{schedule}is fine");
        return;
    }
    let schedules = number("SCHEDULES").unwrap_or(10_000);
    let first = number("FIRST").unwrap_or(0);
    let next = AtomicU64::new(first);
    let [lost, doubled, unasked, wrong] = [(); 4].map(|()| AtomicUsize::new(0));
    let (failed, enough) = (Mutex::new(Vec::new()), AtomicBool::new(false));
    let threads = thread::available_parallelism().map_or(2, usize::from);
    std::panic::set_hook(Box::new(|_| {}));
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while !enough.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + schedules {
                        return;
                    }
                    let tally = outcome(&draw::schedule(seed));
                    lost.fetch_add(tally.lost.len(), Ordering::Relaxed);
                    doubled.fetch_add(tally.doubled.len(), Ordering::Relaxed);
                    unasked.fetch_add(tally.unasked.len(), Ordering::Relaxed);
                    wrong.fetch_add(tally.wrong.len(), Ordering::Relaxed);
                    if !tally.is_clean() {
                        let mut failed = failed.lock().unwrap();
                        failed.push(seed);
                        enough.store(failed.len() >= 20, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    let told: Vec<String> = failed.iter().take(2).map(|seed| shrink::shrink(&draw::schedule(*seed))).collect();
    drop(std::panic::take_hook());
    let wrong = wrong.into_inner();
    let [lost, doubled, unasked] = [lost, doubled, unasked].map(AtomicUsize::into_inner);
    println!(
        "{schedules} schedules, {lost} lost, {doubled} doubled, {unasked} built of a commit that was not there when asked"
    );
    assert!(failed.is_empty(), "{wrong} other wrongs; failed: {failed:?}\n{}", told.join("\n"));
}
