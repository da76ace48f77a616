//! A ledger with the data of many years.

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use comment_bridge::testing::{BuildRecord, Command, Found, Ledger, Order, Outcome, Progress, State};
use http::names::Pull;
use jiff::Timestamp;
use rusqlite::Connection;

/// Number of pull requests.
const PULLS: i64 = 20_000;

/// Writes `triggers` old, reported triggers. Their comments have negative ids, which no new comment has.
pub fn filled(path: &Path, triggers: i64) -> Result<(), Box<dyn Error>> {
    let then = Timestamp::from_second(1_600_000_000)?;
    let repository: http::names::Repository = "recipes/of-long-ago".parse()?;
    let found = |n: i64| Found {
        comment: n - triggers,
        pull: Pull { repository: repository.clone(), number: n % PULLS + 1 },
        author: "mara".into(),
        command: Command::Test { quick: false },
        created: then,
        delivered_head: None,
    };
    let ledger = Ledger::open(path, Duration::ZERO)?;
    let all: Vec<Found> = (0..triggers).map(found).collect();
    ledger.insert_found(&all, None, then)?;
    drop(ledger);
    let reported = State::Reported {
        order: Order::new("0123456789012345678901234567890123456789".into(), false),
        build: BuildRecord { number: 123_456, progress: Progress::Over, started: Some(then), finished: Some(then) },
        outcome: Outcome::Passed,
    };
    // One by one through the ledger, each with a sync, would take minutes.
    let connection = Connection::open(path)?;
    let values = (reported.kind().name(), serde_json::to_string(&reported)?);
    connection.execute("UPDATE triggers SET kind = ?1, open = 0, state = ?2", values)?;
    Ok(())
}
