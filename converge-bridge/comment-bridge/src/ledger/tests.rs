//! What the ledger promises.

mod any;
mod basics;
mod crash;
mod disk;
mod model;
mod opening;
mod power;
mod versions;

use std::path::Path;
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use rusqlite::Connection;

use super::{Found, Ledger};
use crate::trigger::{BuildRecord, Command, Order, Outcome, Progress, State, Trigger};
use http::names::Pull;

/// Long, since a child another test forks holds the lock too until it executes its program.
const PATIENCE: Duration = Duration::from_secs(10);

fn ledger() -> Ledger {
    Ledger::of(Connection::open_in_memory().unwrap()).unwrap()
}

fn pull(number: i64) -> Pull {
    Pull { repository: "recipes/gitea".parse().unwrap(), number }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn found(comment: i64, number: i64) -> Found {
    Found {
        comment,
        pull: pull(number),
        author: "ada".into(),
        command: Command::Test { quick: false },
        created: at(comment),
        delivered_head: None,
    }
}

fn seen(comment: i64, number: i64) -> Trigger {
    let Found { comment, pull, author, command, created, .. } = found(comment, number);
    Trigger { comment, pull, author, command, created, state: State::found(None), changed: at(0), problem: None }
}

/// The way of a trigger that goes well, `Seen` first.
fn way(comment: i64) -> [State; 4] {
    let order = Order::new(format!("{comment:040x}"), false);
    let progress = Progress::Queued { builds_ahead: 2 };
    let build = BuildRecord { number: comment + 100, progress, started: None, finished: None };
    [
        State::found(None),
        State::Authorised { order: order.clone(), authorised_at: at(comment), requested_at: None },
        State::Building { order: order.clone(), build: build.clone() },
        State::Ended { order, build, outcome: Outcome::Passed },
    ]
}

/// The `n`th of an endless row of writes: each trigger all its way, then the next.
fn write(ledger: &Ledger, n: i64) -> Result<(), super::Error> {
    let (comment, stage) = (n / 4, usize::try_from(n % 4).unwrap());
    if stage == 0 {
        return ledger.insert_found(&[found(comment, comment % 7)], None, at(0)).map(|_| ());
    }
    let trigger = Trigger { state: way(comment)[stage - 1].clone(), ..seen(comment, comment % 7) };
    ledger.advance(&trigger, way(comment)[stage].clone(), at(n)).map(|_| ())
}

/// How many of these writes it holds; nothing else is in it then.
fn written(ledger: &Ledger) -> i64 {
    sound(ledger);
    let Some(newest) = ledger.newest(1).unwrap().pop() else { return 0 };
    for comment in 0..=newest.comment {
        let trigger = ledger.trigger(comment).unwrap().unwrap();
        let stage = if comment < newest.comment { 3 } else { stage(&newest) };
        assert_eq!(trigger.state, way(comment)[stage]);
    }
    newest.comment * 4 + i64::try_from(stage(&newest)).unwrap() + 1
}

fn stage(trigger: &Trigger) -> usize {
    way(trigger.comment).iter().position(|state| *state == trigger.state).unwrap()
}

/// Nothing contradicts anything in it.
fn sound(ledger: &Ledger) {
    let connection = ledger.connection();
    let text = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap();
    assert_eq!(text("PRAGMA integrity_check"), "ok");
    let none = |sql: &str| assert!(!connection.prepare(sql).unwrap().exists([]).unwrap(), "{sql}");
    none("PRAGMA foreign_key_check");
    none("SELECT 1 FROM counts WHERE count <> (SELECT count(*) FROM triggers WHERE triggers.kind = counts.kind)");
    none("SELECT 1 FROM triggers WHERE kind NOT IN (SELECT kind FROM counts)");
    none("SELECT 1 FROM triggers WHERE kind <> state ->> 'is'");
}

/// Runs `test` in a mount namespace of its own; prints a line if that is not permitted.
fn with_own_mounts(name: &str, test: impl FnOnce(&Path) + Send) {
    let folder = tempfile::tempdir().unwrap();
    let apart = || {
        let nothing = None::<&str>;
        unshare(CloneFlags::CLONE_NEWNS)?;
        mount(nothing, "/", nothing, MsFlags::MS_PRIVATE | MsFlags::MS_REC, nothing)
    };
    // The mounts go with the thread.
    thread::scope(|scope| {
        scope.spawn(|| match apart() {
            Ok(()) => test(folder.path()),
            Err(why) => println!("skipped: {name}: no mounts of its own: {why}"),
        });
    });
}
