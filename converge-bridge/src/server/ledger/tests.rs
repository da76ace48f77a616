//! What the ledger promises.

mod basics;

use jiff::Timestamp;
use rusqlite::Connection;

use super::{Found, Ledger};
use crate::server::names::Pull;
use crate::server::trigger::{Command, State, Trigger};

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
    }
}

fn seen(comment: i64, number: i64) -> Trigger {
    let Found { comment, pull, author, command, created } = found(comment, number);
    Trigger {
        comment,
        pull,
        author,
        command,
        created,
        state: State::Seen { head: None },
        changed: at(0),
        trouble: None,
    }
}
